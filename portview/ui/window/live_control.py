"""Refreshing: how often the machine is read, pausing it, and what shows and changes both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from portview.i18n import _
from portview.preferences import INTERVALS_MS
from portview.ui.commands.window_actions import ActionSpec
from portview.ui.window.live_button import LiveButton

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.engine.poller import Poller
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions


class LiveControl(QObject):
    """Keeps the button, the actions and the poller in step. UI thread only."""

    def __init__(self, poller: Poller, acts: WindowActions, window: QWidget) -> None:
        super().__init__(window)
        self._poller = poller
        self.button = LiveButton(INTERVALS_MS)
        acts.add("refresh", ActionSpec(_("&Refresh"), ("F5", "Ctrl+R")), poller.refresh)
        self._pause = acts.add(
            "pause",
            ActionSpec(_("&Pause"), tip=_("Space does the same in the table"), is_checkable=True),
            poller.set_paused,
        )
        poller.paused_changed.connect(self._show_state)
        poller.interval_changed.connect(self._show_state)
        self.button.pause_requested.connect(poller.set_paused)
        self.button.interval_requested.connect(poller.set_interval)

    def restore(self, settings: Settings) -> None:
        """Read the machine as often as was remembered."""
        self._poller.set_interval(settings.preferences.interval_ms)
        self._show_state()

    def remember(self, settings: Settings) -> None:
        """Keep the interval in the settings."""
        settings.update(interval_ms=self._poller.interval_ms)

    @Slot()
    def _show_state(self) -> None:
        is_paused = self._poller.is_paused
        self.button.show_state(is_paused=is_paused, interval_ms=self._poller.interval_ms)
        self._pause.setChecked(is_paused)
