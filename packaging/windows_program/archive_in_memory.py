"""Runs first in each program and reads the executable, with the modules in it, into memory.

PyInstaller opens the executable anew for every module, two hundred times in a start, which takes
longer than reading, inflating and unmarshalling them (``ZlibArchiveReader.extract``, which does so
in order not to lock the file). Its few megabytes stay, for the modules that are loaded later.
"""

import sys
from io import BytesIO

import pyimod01_archive


class ArchiveInMemory:
    """Stands in for ``open`` in ``with open(executable, "rb")``. Any thread.

    What it needs is in it: the program that runs next gets the names of this script.
    """

    def __init__(self, path: str) -> None:
        """Read the file."""
        self._path = path
        self._reader = BytesIO
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded yet
            self._content = file.read()

    def __call__(self, path: str, mode: str) -> object:
        """Give a reader of the file for a ``with`` statement, or open another one."""
        if path == self._path:
            return self._reader(self._content)  # It shares the bytes.
        return open(path, mode)  # noqa: PTH123 - likewise


pyimod01_archive.open = ArchiveInMemory(sys.executable)
