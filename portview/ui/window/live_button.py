"""The button that says whether the table is live, pauses it and sets how often it refreshes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from portview.i18n import _
from portview.override import override
from portview.ui.style.icons import set_button_icon

if TYPE_CHECKING:
    from collections.abc import Sequence


def interval_text(interval_ms: int) -> str:
    """Format an interval as people say it: ``0.5 s``, ``10 s``."""
    return _("{amount} s").format(amount=f"{interval_ms / 1000:g}")


class LiveButton(QToolButton):
    """Click to pause and resume; its menu holds the intervals."""

    pause_requested = Signal(bool)
    interval_requested = Signal(int)

    def __init__(self, intervals_ms: Sequence[int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_paused = False
        self._interval_ms = intervals_ms[0]
        self.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setAccessibleName(_("Live refresh"))
        self._menu = QMenu(self)
        self._group = QActionGroup(self)
        self._actions: dict[int, QAction] = {}
        for interval_ms in intervals_ms:
            action = QAction(
                _("Every {interval_text}").format(interval_text=interval_text(interval_ms)),
                self._group,
                checkable=True,
            )
            action.setData(interval_ms)
            self._menu.addAction(action)
            self._actions[interval_ms] = action
        self._group.triggered.connect(self._on_interval_chosen)
        self.setMenu(self._menu)
        self.clicked.connect(self._on_clicked)
        self._refresh()

    @property
    def interval_actions(self) -> list[QAction]:
        """Return the actions of the intervals, for the menu bar."""
        return list(self._actions.values())

    def show_state(self, *, is_paused: bool, interval_ms: int) -> None:
        """Show what the poller really does."""
        self._is_paused = is_paused
        self._interval_ms = interval_ms
        if interval_ms in self._actions:
            self._actions[interval_ms].setChecked(True)
        self._refresh()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()

    def _refresh(self) -> None:
        rate = interval_text(self._interval_ms)
        self.setText(_("Paused") if self._is_paused else _("Live {rate}").format(rate=rate))
        self.setToolTip(
            _("Paused: the table is paused. Click or press Space to resume.")
            if self._is_paused
            else _("The table is refreshed every {rate}. Click or press Space to pause.").format(
                rate=rate
            )
        )
        set_button_icon(self, "pause" if self._is_paused else "live")

    def _on_clicked(self) -> None:
        self.pause_requested.emit(not self._is_paused)

    def _on_interval_chosen(self, action: QAction) -> None:
        self.interval_requested.emit(action.data())
