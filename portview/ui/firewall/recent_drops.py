"""What the firewall dropped lately for the port that a person looks at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from portview.domain.errors import PortViewError
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.firewall import FirewallStatus
    from portview.domain.sockets.socket_row import Protocol
    from portview.engine.task_runner import TaskRunner
    from portview.firewall.drop_log.packet import DroppedPacket

    ReadDrops = Callable[[FirewallStatus, int, Protocol], tuple[DroppedPacket, ...]]

REREAD_S = 5.0
"""How old what is shown may get while somebody looks."""

_MOST_SHOWN = 20


class _Question(NamedTuple):
    status: FirewallStatus
    port: int
    protocol: Protocol


class RecentDrops(QObject):
    """Reads a log off the UI thread while it is asked, for one port at a time.

    ``lines`` is what is known of the port that was asked about last, one packet or the reason why
    there is none a line; ``lines_changed`` follows.
    """

    lines_changed = Signal()

    def __init__(
        self,
        read: ReadDrops,
        runner: TaskRunner,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._asked: tuple[int, Protocol] | None = None
        self._next_s = 0.0
        self.lines: tuple[str, ...] = ()
        self._inquiry: LatestQuery[_Question, tuple[str, ...]] = LatestQuery(
            lambda question: _lines(read, question),
            runner,
            Pool.PROBES,
            on_answered=self._on_read,
        )

    def look(self, status: FirewallStatus, port: int, protocol: Protocol) -> None:
        """Read for a port, at most every few seconds. To be called with every tick."""
        now = self._clock()
        is_other = self._asked != (port, protocol)
        if not is_other and now < self._next_s:
            return
        self._next_s = now + REREAD_S
        if is_other:
            self.forget()
        self._asked = (port, protocol)
        self._inquiry.ask(_Question(status, port, protocol))

    def forget(self) -> None:
        """Want to know of no port."""
        self._asked = None
        self._notify(())

    def _on_read(self, question: _Question, lines: tuple[str, ...]) -> None:
        if self._asked == (question.port, question.protocol):
            self._notify(lines)

    def _notify(self, lines: tuple[str, ...]) -> None:
        if lines != self.lines:
            self.lines = lines
            self.lines_changed.emit()


def _lines(read: ReadDrops, question: _Question) -> tuple[str, ...]:
    try:
        packets = read(*question)
    except PortViewError as error:
        return tuple(filter(None, (error.message, error.hint)))
    if not packets:
        return (_("The log has no dropped packet for this port."),)
    lines = tuple(map(_packet_words, packets[:_MOST_SHOWN]))
    more = len(packets) - _MOST_SHOWN
    return (*lines, _("and {more:,} more").format(more=more)) if more > 0 else lines


def _packet_words(packet: DroppedPacket) -> str:
    words = (
        _("from {source} port {port} to {destination}")
        if packet.source_port
        else _("from {source} to {destination}")
    ).format(source=packet.source, port=packet.source_port, destination=packet.destination)
    return f"{packet.at}  {words}".strip()
