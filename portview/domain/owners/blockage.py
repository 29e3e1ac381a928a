"""What keeps a process from acting on a signal, so that even its end has to wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BlockageKind(StrEnum):
    """Why signals wait.

    FROZEN: a control group's freezer holds it. UNINTERRUPTIBLE: it waits inside the kernel, most
    likely for a disk or a network drive (state D of proc_pid_stat(5)).
    """

    FROZEN = "frozen"
    UNINTERRUPTIBLE = "uninterruptible"


@dataclass(frozen=True, slots=True)
class Blockage:
    """What holds a process up. ``group`` is the frozen control group, ``thaw`` what releases it.

    ``even_kill_waits`` says that SIGKILL stays pending as well: it does in the freezer of cgroup
    v1, and not in that of v2. ``waits_in`` is the function of the kernel, where it can be read.
    """

    kind: BlockageKind
    group: str = ""
    thaw: str = ""
    even_kill_waits: bool = True
    waits_in: str = ""
