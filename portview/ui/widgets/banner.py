"""A bar above the table: a sign, a sentence, a button for the next step, and a way to close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from portview.override import override
from portview.ui.style.contrast import is_high_contrast
from portview.ui.style.icons import icon, set_button_icon
from portview.ui.style.theme import blended
from portview.ui.style.tokens import ICON_SMALL, RADIUS_CONTROL, SPACE_M, SPACE_S, SPACE_XS
from portview.ui.widgets.elided_label import ElidedLabel
from portview.ui.widgets.key_button import KeyButton

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

_TINT, _EDGE = 0.12, 0.35


class Banner(QFrame):
    """Hidden until it says something, and made only then: a start is the faster for it.

    ``wanted`` is the button, ``closed`` the cross.
    """

    wanted = Signal()
    closed = Signal()

    def __init__(self, sign: str, name: str, parent: QWidget | None = None) -> None:
        """``sign`` names the icon, ``name`` is what screen readers call the bar."""
        super().__init__(parent)
        self._sign_name = sign
        self._is_composed = False
        self._close_name, self._close_tip = "", ""
        self.setAccessibleName(name)
        self.hide()

    @property
    def text(self) -> str:
        """Return what is said, empty while nothing is."""
        return self._label.text() if self._is_composed and not self.isHidden() else ""

    def set_closing(self, name: str, tip: str) -> None:
        """Name the button that closes the bar, for screen readers and as its tooltip."""
        self._close_name, self._close_tip = name, tip

    def say(self, text: str, button: str, tip: str = "", *, sign: str = "") -> None:
        """Show a sentence; without text for it there is no button. Another sign if named."""
        self._sign_name = sign or self._sign_name
        self._compose()
        self._label.setText(text)
        self.button.setText(button)
        self.button.setToolTip(tip)
        self.button.setVisible(bool(button))
        self._show_signs()
        self.show()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._is_composed:
            self._show_signs()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        accent = palette.color(QPalette.ColorRole.Highlight)
        base = palette.color(QPalette.ColorRole.Window)
        is_strong = is_high_contrast(palette)
        line = palette.color(QPalette.ColorRole.WindowText)
        painter.setPen(QPen(line if is_strong else blended(base, accent, _EDGE), 1))
        painter.setBrush(QColor(base) if is_strong else blended(base, accent, _TINT))
        place = self.rect().adjusted(SPACE_S, 0, -SPACE_S, -SPACE_XS).toRectF()
        painter.drawRoundedRect(
            place.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_CONTROL, RADIUS_CONTROL
        )

    def _compose(self) -> None:
        if self._is_composed:
            return
        self._is_composed = True
        self._sign = QLabel()
        self._label = ElidedLabel()
        self.button = KeyButton()
        self.button.clicked.connect(self.wanted)
        self.close_button = QToolButton()
        self.close_button.setAutoRaise(True)
        self.close_button.setToolTip(self._close_tip)
        self.close_button.setAccessibleName(self._close_name)
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_S + SPACE_M, SPACE_XS, SPACE_M, SPACE_S)
        row.setSpacing(SPACE_S)
        row.addWidget(self._sign)
        row.addWidget(self._label, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)

    def _show_signs(self) -> None:
        sign = icon(self._sign_name, self.palette())
        self._sign.setPixmap(sign.pixmap(ICON_SMALL, ICON_SMALL))
        self.button.setIcon(self._button_icon(sign))
        set_button_icon(self.close_button, "close", self.palette())

    def _button_icon(self, _sign: QIcon) -> QIcon:
        return QIcon()
