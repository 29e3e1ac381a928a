"""Runs first in each program and keeps the archive with its modules open.

PyInstaller opens the executable anew for every module, two hundred times in a start, which takes
longer than reading, inflating and unmarshalling them. It does so in order not to lock the file
(``ZlibArchiveReader.extract``). This one handle is shared with whoever wants to rename or delete
the file, which is therefore no more locked, and its modules are found under a new name as well.
"""

import _thread
import os
import sys

if sys.platform == "win32":
    import _winapi
    import msvcrt

    import pyimod01_archive

    class OpenArchive:
        """Stands in for ``open`` in ``with open(executable, "rb")``. Any thread, one at a time.

        Its methods use no name of this script, which the program that runs next might change.
        """

        def __init__(self, path: str) -> None:
            """Open the file."""
            shared_with_all = 0x1 | 0x2 | 0x4  # FILE_SHARE_READ, _WRITE and _DELETE
            handle = _winapi.CreateFile(
                path, _winapi.GENERIC_READ, shared_with_all, 0, _winapi.OPEN_EXISTING, 0, 0
            )
            flags = os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT
            self._file = os.fdopen(msvcrt.open_osfhandle(handle, flags), "rb")
            self._path = path
            self._lock = _thread.allocate_lock()

        def __call__(self, path: str, mode: str) -> object:
            """Give the open file for a ``with`` statement, or open another one."""
            return self if path == self._path else open(path, mode)  # noqa: PTH123 - its stand-in

        def __enter__(self) -> object:
            """Give the file to this thread alone."""
            self._lock.acquire()
            return self._file

        def __exit__(self, *_: object) -> None:
            """Let others have it."""
            self._lock.release()

    pyimod01_archive.open = OpenArchive(sys.executable)
