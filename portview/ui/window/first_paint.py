"""The moment from which on a start is over: what the window was opened for is on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from portview.engine.poller import Poller

_PAINTED_MS = 120
"""Longer than a model lets the last part of a change wait for being painted."""

_PATIENCE_MS = 3000
"""A machine that is so slow to read must not keep everything else waiting."""


class FirstPaint(QObject):
    """Reports once, by ``shown``, that the first reading is painted or has failed. UI thread.

    What a person does not wait for begins then: until then it would only delay the rows.
    """

    shown = Signal()

    def __init__(self, poller: Poller, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._poller = poller
        self.are_shown = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PATIENCE_MS)
        self._timer.timeout.connect(self._on_timeout)
        poller.snapshot_taken.connect(self._on_read)
        poller.read_failed.connect(self._on_read)
        self._timer.start()

    def stop(self) -> None:
        """Report nothing any more: the window is closed."""
        self._timer.stop()

    @Slot()
    def _on_read(self) -> None:
        if self._timer.interval() != _PAINTED_MS:
            self._poller.snapshot_taken.disconnect(self._on_read)
            self._poller.read_failed.disconnect(self._on_read)
            if self._timer.isActive():
                self._timer.setInterval(_PAINTED_MS)

    @Slot()
    def _on_timeout(self) -> None:
        self.are_shown = True
        self.shown.emit()
