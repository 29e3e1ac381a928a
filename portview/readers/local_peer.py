"""Who is at the other end of a local socket, and a folder for sockets that only this user has."""

from __future__ import annotations

import os
import socket
import stat
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portview.i18n import _
from portview.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHERS = 0o077
_UCRED = struct.Struct("3i")
"""pid, uid and gid (unix(7), SO_PEERCRED)."""
_XUCRED = struct.Struct("Ii")
"""Version and uid, the first members of struct xucred (macOS, sys/ucred.h)."""
_SOL_LOCAL, _LOCAL_PEERCRED = 0, 1
_LONGEST_XUCRED = 128


def is_own_peer(descriptor: int) -> bool:
    """Return whether the other end of a local socket is of this very user.

    On Windows, of a pipe's client: whether this user, or an administrator, made the pipe. What the
    system does not say counts as no.
    """
    try:
        if sys.platform == "win32":
            from portview.readers.windows.pipe_owner import is_own_pipe  # noqa: PLC0415

            return is_own_pipe(descriptor)
        return _peer_uid(descriptor) == os.geteuid()
    except OSError:
        return False


def socket_folders(settings: Path, *, creating: bool) -> Iterator[tuple[Path, int]]:
    """Open the folders in which this user's sockets may be, the best one first. Not on Windows.

    That is a folder in the runtime directory, else one in the settings' folder. Each is this user's
    and closed to others, or left out; where ``creating``, it is made if it is missing. Gives each
    folder with a descriptor, which the caller closes.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    candidates = [settings / "run"]
    if os.path.isabs(runtime):  # noqa: PTH117 - as it stands, before it becomes a path
        candidates.insert(0, Path(runtime, "portview"))
    for folder in candidates:
        try:
            if folder.parent != settings:
                _check(folder.parent, *_status(folder.parent))
            if creating:
                make_folder(folder)
            descriptor = _open_folder(folder)
        except OSError:
            continue
        yield folder, descriptor


def _open_folder(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        _check(folder, status.st_uid, status.st_mode)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _status(folder: Path) -> tuple[int, int]:
    status = folder.lstat()
    return status.st_uid, status.st_mode


def _check(folder: Path, uid: int, mode: int) -> None:
    if not stat.S_ISDIR(mode) or uid != os.geteuid() or mode & _OTHERS:
        raise PermissionError(
            _("{folder} is not a folder of this user alone").format(folder=folder)
        )


def _peer_uid(descriptor: int) -> int:
    with socket.socket(fileno=os.dup(descriptor)) as peer:
        if sys.platform == "linux":
            raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
            return int(_UCRED.unpack(raw)[1])
        raw = peer.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _LONGEST_XUCRED)
        return int(_XUCRED.unpack_from(raw)[1])
