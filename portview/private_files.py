"""Files of this user's that nobody else may have chosen: log, record and settings.

Another user, or a program with fewer rights, may have put a symbolic link, a FIFO or a file of its
own in the way, or may name a folder (HOME). Nothing is followed, nothing hangs, and an elevated
process writes only where administrators alone can put things.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from portview.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

_ONLY_MINE = 0o600
_ONLY_MY_FOLDER = 0o700


class UnsafeFileError(OSError):
    """A file or a folder is not what it should be; the text says which and why."""


def open_to_append(path: Path) -> int:
    """Open or create a regular file of this user's and return a descriptor that appends.

    The last part of the path is not followed, and nothing but a file with one name is opened. As
    root every folder on the way must be root's. Raises OSError.
    """
    if sys.platform == "win32":
        from portview.readers.windows.private_files import append_to_file  # noqa: PLC0415

        return append_to_file(path)
    check_folder(path.parent)
    return _open_own(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def read_whole(path: Path) -> bytes:
    """Read a regular file. Raises OSError; never hangs at a FIFO or a device.

    As root a link is not followed, and the file and the folders on the way must be root's.
    """
    if sys.platform == "win32":
        return path.read_bytes()
    if os.geteuid() == 0:
        check_folder(path.parent)
        descriptor = _open_own(path, os.O_RDONLY)
    else:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnsafeFileError(_("{path} is not a regular file").format(path=path))
        return file.read()


def make_folder(folder: Path) -> None:
    """Create a folder for this user alone, and its parents, where they are missing.

    As root nothing is created in a folder of another user. Raises OSError.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    check_folder(existing)
    folder.mkdir(mode=_ONLY_MY_FOLDER, parents=True, exist_ok=True)


def check_folder(folder: Path) -> None:
    """Raise UnsafeFileError where root would write into a folder that others can exchange."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return
    if (culprit := _not_roots(folder)) is not None:
        raise UnsafeFileError(
            _("{culprit} is not root's alone, and PortView runs as root").format(culprit=culprit)
        )


def is_roots(folder: Path) -> bool:
    """Return whether root alone decides what a path leads to, as far as it exists. Not Windows."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return _not_roots(folder) is None


def _not_roots(folder: Path) -> Path | None:
    """Return the first part of a path that another user owns or may exchange."""
    folder = folder.absolute()
    # Links on the way count themselves, and so does each folder that they lead to.
    for each in (*reversed(folder.parents), folder, *folder.resolve().parents, folder.resolve()):
        status = each.lstat()
        is_shared = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
        if status.st_uid != 0 or (is_shared and not stat.S_ISLNK(status.st_mode)):
            return each
    return None


def check_own_file(path: Path) -> None:
    """Raise UnsafeFileError where a file is not one that ``open_to_append`` would take. POSIX.

    The file is not opened. Raises OSError.
    """
    check_folder(path.parent)
    _check_own(path, path.lstat())


def _open_own(path: Path, flags: int) -> int:
    more = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags | more, _ONLY_MINE)
    try:
        _check_own(path, os.fstat(descriptor))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _check_own(path: Path, status: os.stat_result) -> None:
    if sys.platform == "win32":
        return
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeFileError(_("{path} is not a regular file").format(path=path))
    if status.st_uid != os.geteuid():
        raise UnsafeFileError(_("{path} belongs to another user").format(path=path))
    if status.st_nlink != 1:
        raise UnsafeFileError(_("{path} is a file that has another name as well").format(path=path))
