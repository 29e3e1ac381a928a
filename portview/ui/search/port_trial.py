"""Binds the port that a person asks about, off the UI thread, because no table proves it free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from portview.domain.user_input.port_query import PortQuery
    from portview.engine.task_runner import TaskRunner
    from portview.probes.bind_report import BindReport

_AFTER_TYPING_MS = 300
"""How long nobody typed before a port is tried: 8 and 80 are not what is meant by 8080."""


class PortTrial(QObject):
    """Tries one port at a time; ``tried`` reports the question and its ``BindReport``."""

    tried = Signal(object, object)

    def __init__(self, runner: TaskRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._question: PortQuery | None = None
        self._query = LatestQuery(_try_port, runner, Pool.PROBES, on_answered=self.tried.emit)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_TYPING_MS)
        self._timer.timeout.connect(self._on_typed)

    def ask(self, question: PortQuery) -> None:
        """Try a port as soon as nobody has typed for a moment."""
        self._question = question
        self._timer.start()

    def cancel(self) -> None:
        """Try nothing more; another question was asked, or none."""
        self._timer.stop()

    @Slot()
    def _on_typed(self) -> None:
        if self._question is not None:
            self._query.ask(self._question)


def _try_port(question: PortQuery) -> BindReport:
    # Loaded with the first question: a window starts faster without it.
    from contextlib import closing  # noqa: PLC0415

    from portview.actions.port_destinations import PortDestinations  # noqa: PLC0415
    from portview.domain.sockets.socket_row import Protocol  # noqa: PLC0415
    from portview.probes.bind import probe_bind  # noqa: PLC0415
    from portview.readers.port_ranges import read_port_ranges  # noqa: PLC0415

    protocol = question.protocol or Protocol.TCP
    address = "127.0.0.1" if question.address == "localhost" else question.address
    with closing(PortDestinations()) as destinations:
        return probe_bind(
            question.port,
            protocol=protocol,
            address=address,
            ranges=read_port_ranges(protocol),
            destinations=destinations,
        )
