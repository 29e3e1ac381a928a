"""The tab that shows who held the chosen port, and when."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QVBoxLayout

from portview.domain.errors import PortViewError
from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.i18n import _, ngettext
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.details.details_page import DetailsPage
from portview.ui.history.history_export import HistoryExport
from portview.ui.history.port_history import BYTES, PortHistory
from portview.ui.history.time_bar import TimeBar
from portview.ui.history.time_window import TimeWindow
from portview.watch.history.questions import HistoryAnswer, HistoryQuestion, ask_history
from portview.watch.history.retention import forget
from portview.watch.history.schema import HISTORY
from portview.watch.store.database import open_store, store_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from portview.engine.task_runner import TaskRunner
    from portview.models.history_lanes import Lanes
    from portview.ui.details.details_page import Subject
    from portview.watch.history.peers import Peer

_AGAIN_S = 2.0
_MOST_IN_TIP = 15


class HistoryPage(DetailsPage):
    """Lanes of owners over time; asked again every two seconds while it is in front."""

    notified = Signal(str)

    def __init__(self, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._question: tuple[int, str] | None = None
        self._asked_s = 0.0
        self._query = LatestQuery(
            ask_or_nothing,
            runner,
            Pool.PROBES,
            on_answered=self._on_answered,
            on_failed=self._on_failed,
        )
        self._runner = runner
        self.window_of_time = TimeWindow(parent=self)
        self.window_of_time.changed.connect(self._on_time_changed)
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setWordWrap(True)
        self._where = _("Kept in {path}: listening sockets and their owners.").format(
            path=store_path()
        )
        self.heading.setToolTip(plain_tooltip(self._where))
        self.time_bar = TimeBar(self.window_of_time)
        self.time_bar.refused.connect(self.heading.setText)
        self.shown = PortHistory(self.window_of_time)
        self.export = HistoryExport(runner, lambda: self.shown.answer, self.shown.picture, self)
        self.export.notified.connect(self.heading.setText)
        self.forget_button = QPushButton(_("Forget…"))
        self.forget_button.setToolTip(_("Delete what is known of this port."))
        self.forget_button.clicked.connect(self._on_forget_clicked)
        self._compose()

    def _compose(self) -> None:
        tools = QHBoxLayout()
        tools.setSpacing(6)
        for widget in (
            self.shown.choice, self.time_bar, self.export.button, self.forget_button,
        ):  # fmt: skip
            tools.addWidget(widget)
        tools.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(tools)
        layout.addWidget(self.heading)
        layout.addWidget(self.shown, 1)

    @override
    def show_subject(self, subject: Subject) -> None:
        key = subject.entry.row.key
        question = (key.local.port, key.protocol.value)
        now_s = time.monotonic()
        if question != self._question:
            self._question = question
            if not self.window_of_time.follows_now:
                self.window_of_time.show_last(self.window_of_time.length_ms)
            self._notify(self.shown.show_answer(HistoryAnswer()))
        elif now_s - self._asked_s < _AGAIN_S:
            return
        self._ask()

    def _ask(self) -> None:
        if self._question is None or self._query.is_asking:
            return
        self._asked_s = time.monotonic()
        port, protocol = self._question
        from_ms, to_ms = self.window_of_time.bounds()
        wants_counts = self.shown.wants_counts
        self._query.ask(HistoryQuestion(port, None, from_ms, to_ms, protocol, wants_counts))

    def _on_answered(self, question: HistoryQuestion, answer: HistoryAnswer) -> None:
        if self._question != (question.port, question.protocol):
            self._ask()
            return
        self._notify(self.shown.show_answer(answer))

    def _on_failed(self, error: Exception) -> None:
        reason = error.message if isinstance(error, PortViewError) else str(error)
        self.heading.setText(_("The history can't be read: {reason}").format(reason=reason))

    def _notify(self, lanes: Lanes) -> None:
        words = lanes.summary
        peers = [one for one in self.shown.answer.peers if one.is_incoming]
        if peers:
            count = len({one.address for one in peers})
            text = ngettext(
                "{count} other machine connected.", "{count} other machines connected.", count
            )
            words += " " + text.format(count=count)
        self.heading.setToolTip(plain_tooltip(_peers_tip(peers) or self._where))
        if self.shown.choice.currentIndex() == BYTES and not _has_bytes(self.shown.answer):
            words = _("No bytes were counted in this time.") + " " + words
        self.heading.setText(words)

    @Slot()
    def _on_time_changed(self) -> None:
        self._notify(self.shown.draw())
        self._ask()

    @Slot()
    def _on_forget_clicked(self) -> None:
        if self._question is None:
            return
        port, _protocol = self._question
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(_("Delete the history of port {port}?").format(port=port))
        box.setInformativeText(
            _("TCP and UDP, of all time. This can't be undone. What listens now is recorded on.")
        )
        forget_it = box.addButton(_("Forget"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        forget_it.clicked.connect(lambda: self._forget(port))
        box.open()

    def _forget(self, port: int) -> None:
        self._runner.run(
            lambda _work: _delete(port),
            pool=Pool.PROBES,
            on_done=lambda _gone: self._ask(),
            on_failed=self._on_failed,
        )


def ask_or_nothing(question: HistoryQuestion) -> HistoryAnswer:
    """Ask the store; where there is none yet, nothing was seen. Raises as ``ask_history`` does."""
    try:
        return ask_history(question)
    except PortViewError as error:
        if error.code == "no_store":
            return HistoryAnswer()
        raise


def _peers_tip(peers: Sequence[Peer]) -> str:
    """Return the machines that connected last, one a line."""
    return "\n".join(
        _("{address}, last {moment}").format(
            address=inert(one.address, 60), moment=local_moment(one.to_ms)
        )
        for one in peers[:_MOST_IN_TIP]
    )


def _has_bytes(answer: HistoryAnswer) -> bool:
    return any(point.received is not None for point in answer.counts)


def _delete(port: int) -> int:
    with closing(open_store(store_path(), [HISTORY])) as connection:
        return forget(connection, port=port)
