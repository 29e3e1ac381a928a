"""Options of another process's socket, asked of a duplicate of its descriptor (pidfd_getfd(2)).

The kernel gives a duplicate to whoever may trace the process: root, or the same user where the
system allows that. The duplicate is closed at once; nothing is changed.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from portview.domain.facts import Known, Remedy, Unreadable
from portview.i18n import _

_PIDFD_GETFD = 438
"""The same number on every architecture that Python runs PortView on (since Linux 5.6)."""


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """What a socket set for itself. ``device`` is what it is bound to, empty for none."""

    reuses_address: bool
    reuses_port: bool
    device: str = ""


def read_socket_options(pid: int, inode: int) -> Known[SocketOptions] | Unreadable:
    """Return the options of the socket with this inode in a process. Any thread; never raises."""
    if sys.platform != "linux":
        return Unreadable(_("this system does not show other programs' socket options"))
    try:
        number = _descriptor_of(pid, inode)
        if number is None:
            return Unreadable(_("the process no longer has the socket"), Remedy.RETRY)
        process = os.pidfd_open(pid)
        try:
            copy = _getfd(process, number)
        finally:
            os.close(process)
        with closing(socket.socket(fileno=copy)) as duplicate:
            device = duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
            return Known(
                SocketOptions(
                    bool(duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)),
                    bool(duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)),
                    device.rstrip(b"\0").decode("utf-8", "replace"),
                )
            )
    except PermissionError:
        return Unreadable(_("only an administrator can read this process"), Remedy.ADMINISTRATOR)
    except OSError as error:
        return Unreadable(
            _("the socket could not be read: {reason}").format(reason=error.strerror or error)
        )


def _descriptor_of(pid: int, inode: int) -> int | None:
    wanted = f"socket:[{inode}]"
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if str(entry.readlink()) == wanted:
                return int(entry.name)
        except FileNotFoundError:
            continue
    return None


def _getfd(process: int, number: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    copy: int = libc.syscall(_PIDFD_GETFD, process, number, 0)
    if copy < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return copy
