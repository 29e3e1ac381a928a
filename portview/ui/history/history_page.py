"""The tab that shows who held the chosen port, and when."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
)

from portview.domain.errors import PortViewError
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.i18n import N_, _
from portview.models.history_lanes import Lanes, arrange
from portview.override import override
from portview.ui.details.details_page import DetailsPage
from portview.ui.history.lane_view import LaneView
from portview.watch.history.questions import HistoryAnswer, HistoryQuestion, ask_history
from portview.watch.history.retention import forget
from portview.watch.history.schema import HISTORY
from portview.watch.store.database import open_store, store_path

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.engine.task_runner import TaskRunner
    from portview.ui.details.details_page import Subject

_PERIODS = (
    (N_("Last hour"), 3_600_000),
    (N_("Last 24 hours"), 86_400_000),
    (N_("Last 7 days"), 7 * 86_400_000),
    (N_("Last 90 days"), 90 * 86_400_000),
)
_AGAIN_S = 2.0
_SHORTEST_MS = 10_000


class HistoryPage(DetailsPage):
    """Lanes of owners over time; asked anew every two seconds while it is in front."""

    def __init__(self, runner: TaskRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._question: tuple[int, str] | None = None
        self._asked_s = 0.0
        self._length_ms = _PERIODS[0][1]
        self._back_ms = 0
        self._answer = HistoryAnswer()
        self._query = LatestQuery(
            _ask, runner, Pool.PROBES, on_answered=self._on_answered, on_failed=self._on_failed
        )
        self.heading = QLabel()
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setWordWrap(True)
        self.heading.setToolTip(
            _("Kept in {path}: listening sockets and their owners, for 90 days.").format(
                path=store_path()
            )
        )
        self.period = QComboBox()
        self.period.setAccessibleName(_("Period"))
        self.period.setToolTip(_("How far back. Ctrl+wheel, + and \u2212 zoom; the arrows move."))
        for name, length_ms in _PERIODS:
            self.period.addItem(_(name), length_ms)
        self.period.activated.connect(self._on_period_chosen)
        self.forget_button = QPushButton(_("Forget\u2026"))
        self.forget_button.setToolTip(_("Delete what is known of this port."))
        self.forget_button.clicked.connect(self._on_forget_clicked)
        self._runner = runner
        self.view = LaneView()
        self.view.zoom_wanted.connect(self._on_zoom_wanted)
        self.view.pan_wanted.connect(self._on_pan_wanted)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the view in it takes the keys
        area.setWidget(self.view)
        top = QHBoxLayout()
        top.setContentsMargins(10, 6, 10, 2)
        top.addWidget(self.heading, 1)
        top.addWidget(self.period)
        top.addWidget(self.forget_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addWidget(area, 1)

    @override
    def show_subject(self, subject: Subject) -> None:
        key = subject.entry.row.key
        question = (key.local.port, key.protocol.value)
        now_s = time.monotonic()
        if question != self._question:
            self._question, self._answer, self._back_ms = question, HistoryAnswer(), 0
            self._show(Lanes(0, 1))
        elif now_s - self._asked_s < _AGAIN_S:
            return
        self._ask()

    def _ask(self) -> None:
        if self._question is None or self._query.is_asking:
            return
        self._asked_s = time.monotonic()
        port, protocol = self._question
        from_ms, to_ms = self._window()
        self._query.ask(HistoryQuestion(port, None, from_ms, to_ms, protocol))

    def _window(self) -> tuple[int, int]:
        to_ms = time.time_ns() // 1_000_000 - self._back_ms
        return to_ms - self._length_ms, to_ms

    def _on_answered(self, question: HistoryQuestion, answer: HistoryAnswer) -> None:
        if self._question != (question.port, question.protocol):
            self._ask()
            return
        self._answer = answer
        self._draw()

    def _on_failed(self, error: Exception) -> None:
        reason = error.message if isinstance(error, PortViewError) else str(error)
        self.heading.setText(_("The history can't be read: {reason}").format(reason=reason))

    def _draw(self) -> None:
        self._show(arrange(self._answer, *self._window()))

    def _show(self, lanes: Lanes) -> None:
        self.heading.setText(lanes.summary)
        self.view.show_lanes(lanes)

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

    @Slot(int)
    def _on_period_chosen(self, place: int) -> None:
        self._length_ms, self._back_ms = int(self.period.itemData(place)), 0
        self._draw()
        self._ask()

    @Slot(float, float)
    def _on_zoom_wanted(self, factor: float, around_ms: float) -> None:
        from_ms, to_ms = self._window()
        length = min(max(self._length_ms * factor, _SHORTEST_MS), _PERIODS[-1][1])
        share = (around_ms - from_ms) / self._length_ms
        new_to = around_ms + (1 - share) * length
        self._back_ms = max(0, round(self._back_ms + to_ms - new_to))
        self._length_ms = round(length)
        self._draw()
        self._ask()

    @Slot(float)
    def _on_pan_wanted(self, share: float) -> None:
        self._back_ms = max(0, self._back_ms - round(share * self._length_ms))
        self._draw()
        self._ask()


def _delete(port: int) -> int:
    with closing(open_store(store_path(), [HISTORY])) as connection:
        return forget(connection, port=port)


def _ask(question: HistoryQuestion) -> HistoryAnswer:
    try:
        return ask_history(question)
    except PortViewError as error:
        if error.code == "no_store":
            return HistoryAnswer()
        raise
