"""What ties another process to the session that PortView is used in. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Fact, Known, Remedy, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping


class SessionTie(StrEnum):
    """Why the end of a process would take the screen, or the connection, from its user.

    DISPLAY: the display server that DISPLAY or WAYLAND_DISPLAY names. TERMINAL: it holds the other
    end of the terminal that PortView was typed in, or runs above what does. MULTIPLEXER: the same,
    for a server such as tmux or screen. SESSION_LEADER: it leads the session of that terminal, and
    its end hangs up on all of it (setsid(2)). SSH: it carries the connection of SSH_CONNECTION.
    REMOTE_DESKTOP: it carries a remote desktop that is connected now.
    """

    DISPLAY = "display"
    TERMINAL = "terminal"
    MULTIPLEXER = "multiplexer"
    SESSION_LEADER = "session_leader"
    SSH = "ssh"
    REMOTE_DESKTOP = "remote_desktop"


@dataclass(frozen=True, slots=True)
class SessionTies:
    """The processes that the session depends on, by their PID.

    ``unproved`` says what could not be found out; it matters to the processes in ``unreadable``,
    any of which may be the one that was sought.
    """

    found: Mapping[int, SessionTie] = field(default_factory=dict)
    unproved: tuple[str, ...] = ()
    unreadable: frozenset[int] = frozenset()

    def of(self, pid: int) -> Fact[SessionTie]:
        """Return what ties a process to the session."""
        tie = self.found.get(pid)
        if tie is not None:
            return Known(tie)
        if self.unproved and pid in self.unreadable:
            return Unreadable("; ".join(self.unproved), Remedy.ADMINISTRATOR)
        return Absent()
