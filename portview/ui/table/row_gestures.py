"""What hands do on a view of sockets: point, pause, open a menu; rows are held for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QKeyEvent

from portview.override import override

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QAbstractItemView

    from portview.models.socket_table_model import SocketTableModel

POINTING_MS = 4000
"""How long after the last movement or key a person is taken to be still reading there."""

_DIGITS = frozenset("0123456789")
_ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class RowGestures(QObject):
    """Watches a view of the sockets, and holds their model while a person reads or has a menu."""

    pause_requested = Signal()
    activated = Signal()
    menu_requested = Signal(object)
    port_typed = Signal(str)

    def __init__(self, view: QAbstractItemView, model: SocketTableModel) -> None:
        super().__init__(view)
        self._view = view
        self._sockets = model
        self._is_menu_open = False
        self._reading = QTimer(self)
        self._reading.setSingleShot(True)
        self._reading.setInterval(POINTING_MS)
        self._reading.timeout.connect(self._on_reading_over)
        view.setMouseTracking(True)
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)

    def open_menu(self, position: QPoint) -> None:
        """Report that a menu is wanted at a global position; rows are held until it closes."""
        self.note_menu_opened()
        try:
            self.menu_requested.emit(position)
        finally:
            self.note_menu_closed()

    @Slot()
    def note_menu_opened(self) -> None:
        """Hold the rows while a menu about them is open."""
        self._is_menu_open = True
        self._sockets.set_held(True)

    @Slot()
    def note_menu_closed(self) -> None:
        """Give the person a moment to see what became of the rows."""
        self._is_menu_open = False
        self._note_reading()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseMove | QEvent.Type.Wheel:
                self._note_reading()
            case QEvent.Type.Leave | QEvent.Type.Hide if watched is self._view:
                self._on_reading_over()
            case QEvent.Type.KeyPress if isinstance(event, QKeyEvent):
                return self._takes_key(event)
            case QEvent.Type.ContextMenu if isinstance(event, QContextMenuEvent):
                self.open_menu(self._menu_position(event))
                return True
        return super().eventFilter(watched, event)

    def _takes_key(self, event: QKeyEvent) -> bool:
        if not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            if event.key() == Qt.Key.Key_Space:
                self.pause_requested.emit()
                return True
            if event.key() in _ENTER:
                self.activated.emit()
                return True
            if event.text() in _DIGITS:
                self.port_typed.emit(event.text())
                return True
        self._note_reading()
        return False

    def _menu_position(self, event: QContextMenuEvent) -> QPoint:
        current = self._view.currentIndex()
        if event.reason() is not event.Reason.Keyboard or not current.isValid():
            return event.globalPos()
        return self._view.viewport().mapToGlobal(self._view.visualRect(current).bottomLeft())

    def _note_reading(self) -> None:
        self._sockets.set_held(True)
        self._reading.start()

    @Slot()
    def _on_reading_over(self) -> None:
        self._reading.stop()
        if not self._is_menu_open:
            self._sockets.set_held(False)
