"""Chooses which time is shown: a period, or a moment to jump to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QToolButton, QWidget

from portview.domain.errors import PortViewError
from portview.domain.user_input.moments import parse_past
from portview.i18n import N_, _, join_sentences
from portview.ui.history.time_window import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from portview.ui.history.time_window import TimeWindow

PERIODS = (
    (N_("Last hour"), HOUR_MS),
    (N_("Last 24 hours"), DAY_MS),
    (N_("Last 7 days"), 7 * DAY_MS),
    (N_("Last 90 days"), 90 * DAY_MS),
    (N_("Last year"), 365 * DAY_MS),
)
_ZOOM = 2.0
_JUMP_WIDTH = 18


class TimeBar(QWidget):
    """Changes a ``TimeWindow``. ``refused`` carries why a typed moment is none."""

    refused = Signal(str)

    def __init__(self, window: TimeWindow, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window = window
        self.period = QComboBox()
        self.period.setAccessibleName(_("Period"))
        self.period.setToolTip(
            _("How far back. Ctrl+wheel, + and − zoom; the arrows and dragging move.")  # noqa: RUF001 - a minus sign
        )
        for name, length_ms in PERIODS:
            self.period.addItem(_(name), length_ms)
        self.period.setPlaceholderText(_("Another time"))
        self.period.activated.connect(self._on_period_chosen)
        window.changed.connect(self._show_period)
        self.jump_field = QLineEdit()
        self.jump_field.setPlaceholderText(_("Go to 14:03"))
        self.jump_field.setAccessibleName(_("Go to a moment"))
        self.jump_field.setToolTip(
            _("A moment, such as 14:03, yesterday 14:03, 2026-01-31 08:00 or 3h. Enter goes there.")
        )
        self.jump_field.setClearButtonEnabled(True)
        width = self.jump_field.fontMetrics().averageCharWidth() * _JUMP_WIDTH
        self.jump_field.setFixedWidth(width)
        self.jump_field.returnPressed.connect(self._on_jump)
        self.zoom_out = self._button("−", _("Show a longer time"), _ZOOM)  # noqa: RUF001 - likewise
        self.zoom_in = self._button("+", _("Show a shorter time"), 1 / _ZOOM)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.period, self.zoom_out, self.zoom_in, self.jump_field):
            layout.addWidget(widget)
        self._show_period()

    def _button(self, sign: str, words: str, factor: float) -> QToolButton:
        button = QToolButton()
        button.setText(sign)
        button.setToolTip(words)
        button.setAccessibleName(words)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _checked=False: self._zoom(factor))
        return button

    def _zoom(self, factor: float) -> None:
        from_ms, to_ms = self._window.bounds()
        around = to_ms if self._window.follows_now else (from_ms + to_ms) / 2
        self._window.zoom(factor, around)

    @Slot(int)
    def _on_period_chosen(self, place: int) -> None:
        self._window.show_last(int(self.period.itemData(place)))

    @Slot()
    def _show_period(self) -> None:
        place = -1
        if self._window.follows_now:
            place = self.period.findData(self._window.length_ms)
        self.period.setCurrentIndex(place)

    @Slot()
    def _on_jump(self) -> None:
        try:
            moment_ms = parse_past(self.jump_field.text(), time.time_ns() // 1_000_000)
        except PortViewError as error:
            self.refused.emit(join_sentences(error.message, error.hint))
            return
        self._window.jump(moment_ms)
