"""Whether the numbers in /proc mean the same processes as the numbers that system calls take.

/proc belongs to one PID namespace, and system calls to that of the caller. Where the two differ
(``unshare --pid`` without a new /proc, a container that mounts the host's), a PID that was read
from /proc names a bystander to kill(2) and pidfd_open(2) (pid_namespaces(7)).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from portview.domain.facts import Fact, Known, Remedy, Unreadable
from portview.i18n import N_, _

_PID = re.compile(r"^Pid:\s*(-?\d+)\s*$", re.MULTILINE)

_FOREIGN = Unreadable(
    N_("/proc shows the processes of another PID namespace, with other numbers"), Remedy.NAMESPACE
)


def own_number(proc: str = "/proc") -> Fact[int]:
    """Return the PID of this process, provided that /proc says the same number."""
    try:
        said = str(Path(f"{proc}/self").readlink())
    except OSError:
        return _FOREIGN
    return Known(os.getpid()) if said == str(os.getpid()) else _FOREIGN


def number_of_pidfd(pidfd: int, proc: str = "/proc") -> Fact[int]:
    """Return the PID that /proc shows for the process behind a pidfd (pidfd_open(2)).

    0 stands for a process of another PID namespace, -1 for one that has ended and was waited for.
    """
    if isinstance(own := own_number(proc), Unreadable):
        return own
    path = Path(f"{proc}/self/fdinfo/{pidfd}")
    try:
        found = _PID.search(path.read_text("ascii", "replace"))
    except OSError as error:
        return Unreadable(f"{path}: {error.strerror}", Remedy.NAMESPACE)
    if found is None:
        return Unreadable(_("{path} is not a process").format(path=path), Remedy.NOTHING)
    return Known(int(found[1]))
