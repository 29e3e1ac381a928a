"""Who holds which socket and which terminal open, from one walk through /proc/PID/fd."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

_SOCKET = "socket:["
_PTY_MASTERS = frozenset({"/dev/ptmx", "/dev/pts/ptmx"})
_PTY = "/dev/pts/"
_TTY_INDEX = "tty-index:"
_PTY_MAJORS = range(136, 144)
"""UNIX98 pseudo-terminals (Documentation/admin-guide/devices.txt of Linux)."""
_STAT_SESSION, _STAT_TERMINAL = 3, 4
"""Fields 6 and 7 of proc_pid_stat(5), counted behind the command's closing bracket."""


@dataclass(slots=True)
class OpenFiles:
    """What was found, by the PIDs of those who hold it.

    ``masters`` are pseudo-terminals by their number, held at the end where a terminal program sits;
    ``terminals`` are those that a process holds at the other end, as its programs do. The files of
    ``unreadable`` processes may not be looked at.
    """

    sockets: dict[int, set[int]] = field(default_factory=dict)
    masters: dict[int, set[int]] = field(default_factory=dict)
    terminals: dict[int, set[int]] = field(default_factory=dict)
    unreadable: set[int] = field(default_factory=set)

    def sockets_of(self, pid: int) -> set[int]:
        """Return the inodes of the sockets that a process holds."""
        return {inode for inode, pids in self.sockets.items() if pid in pids}


def read_open_files() -> OpenFiles:
    """Look at the open files of every process. Any thread.

    Costs one small system call for each open file of the machine.
    """
    found = OpenFiles()
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are all that is wanted
        if name.isdecimal():
            _look_at(int(name), found)
    return found


def _look_at(pid: int, found: OpenFiles) -> None:
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except PermissionError:
        found.unreadable.add(pid)
        return
    except OSError:
        return  # It ended while the list was read.
    for name in names:
        try:
            target = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - thousands of them
        except PermissionError:
            found.unreadable.add(pid)
            return
        except OSError:
            continue
        if target.startswith(_SOCKET):
            found.sockets.setdefault(int(target[len(_SOCKET) : -1]), set()).add(pid)
        elif target in _PTY_MASTERS:
            index = _master_index(pid, name)
            if index is not None:
                found.masters.setdefault(index, set()).add(pid)
        elif target.startswith(_PTY) and target[len(_PTY) :].isdecimal():
            found.terminals.setdefault(pid, set()).add(int(target[len(_PTY) :]))


def _master_index(pid: int, descriptor: str) -> int | None:
    """Return the number of the pseudo-terminal behind an open /dev/ptmx (Linux 4.16)."""
    try:
        lines = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text("ascii", "replace").splitlines()
        return next(
            (int(line[len(_TTY_INDEX) :]) for line in lines if line.startswith(_TTY_INDEX)), None
        )
    except (OSError, ValueError):
        return None


def session_and_terminal(pid: int) -> tuple[int, int | None]:
    """Return the session of a process and the number of its pseudo-terminal, None for none.

    Raises OSError where the process has ended.
    """
    stat = Path(f"/proc/{pid}/stat").read_bytes()
    fields = stat[stat.rindex(b")") + 2 :].split()
    device = int(fields[_STAT_TERMINAL]) & 0xFFFFFFFF
    major, minor = device >> 8 & 0xFFF, (device & 0xFF) | (device >> 12 & 0xFFF00)
    if major not in _PTY_MAJORS:
        return int(fields[_STAT_SESSION]), None
    return int(fields[_STAT_SESSION]), (major - _PTY_MAJORS[0]) * 2**20 + minor
