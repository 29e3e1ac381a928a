"""A push button that shows the key which does the same, and stands out where it is the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QStyleOptionFocusRect,
    QStylePainter,
    QWidget,
)

from portview.override import override
from portview.ui.style.theme import accent_pair
from portview.ui.style.tokens import RADIUS_CONTROL, SPACE_S, SPACE_XS, TYPE_CAPTION

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent


class KeyButton(QPushButton):
    """Draws its text with a key cap behind it; ``set_primary`` gives it the accent colour."""

    def __init__(self, text: str = "", keys: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._keys = keys
        self._is_primary = False
        self.setAutoDefault(False)

    @property
    def is_primary(self) -> bool:
        """Return whether this is what Enter does."""
        return self._is_primary

    def set_keys(self, keys: str) -> None:
        """Show these keys, or none where empty."""
        if keys != self._keys:
            self._keys = keys
            self.updateGeometry()
            self.update()

    def set_primary(self, *, is_primary: bool) -> None:
        """Let the button stand out as the first choice, or not."""
        if is_primary != self._is_primary:
            self._is_primary = is_primary
            self._colour()

    @override
    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        cap = self._cap_width()
        return QSize(hint.width() + (cap + SPACE_S if cap else 0), hint.height())

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in {QEvent.Type.ApplicationPaletteChange, QEvent.Type.ThemeChange}:
            self._colour()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        if not self._keys and not self._is_primary:
            painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
            return
        if self._is_primary:
            self._draw_accent(painter)
        else:
            painter.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option)
        text_width = self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, self.text()).width()
        icon_width = 0
        cap_width = self._cap_width()
        whole = text_width + (SPACE_S + cap_width if cap_width else 0)
        if not self.icon().isNull():
            icon_width = self.iconSize().width() + SPACE_XS
            whole += icon_width
        x = (self.width() - whole) // 2
        if icon_width:
            size = self.iconSize()
            place = QRect(x, (self.height() - size.height()) // 2, size.width(), size.height())
            self.icon().paint(painter, place)
            x += icon_width
        self.style().drawItemText(
            painter,
            QRect(x, 0, text_width, self.height()),
            Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextShowMnemonic,
            self.palette(),
            self.isEnabled(),
            self.text(),
            QPalette.ColorRole.ButtonText,
        )
        if cap_width:
            self._draw_cap(painter, x + text_width + SPACE_S)
        if self.hasFocus():
            focus = QStyleOptionFocusRect()
            focus.initFrom(self)
            focus.rect = self.style().subElementRect(
                QStyle.SubElement.SE_PushButtonFocusRect, option, self
            )
            painter.drawPrimitive(QStyle.PrimitiveElement.PE_FrameFocusRect, focus)

    def _cap_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * TYPE_CAPTION)
        return font

    def _cap_width(self) -> int:
        if not self._keys:
            return 0
        return QFontMetrics(self._cap_font()).horizontalAdvance(self._keys) + 2 * SPACE_XS

    def _draw_cap(self, painter: QPainter, x: int) -> None:
        metrics = QFontMetrics(self._cap_font())
        height = metrics.height() + 2
        cap = QRect(x, (self.height() - height) // 2, self._cap_width(), height)
        colour = self.palette().color(
            QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled,
            QPalette.ColorRole.ButtonText,
        )
        faint = type(colour)(colour)
        faint.setAlphaF(0.55)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(faint, 1))
        painter.drawRoundedRect(cap.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 3, RADIUS_CONTROL)
        painter.setFont(self._cap_font())
        painter.setPen(colour)
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, self._keys)

    def _draw_accent(self, painter: QPainter) -> None:
        fill = self.palette().color(QPalette.ColorRole.Button)
        if self.isDown():
            fill = fill.darker(115)
        elif self.underMouse():
            fill = fill.lighter(108)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), RADIUS_CONTROL, RADIUS_CONTROL)
        painter.restore()

    def _colour(self) -> None:
        palette = QPalette()
        if self._is_primary:
            fill, text = accent_pair(palette)
            palette.setColor(QPalette.ColorRole.Button, fill)
            palette.setColor(QPalette.ColorRole.ButtonText, text)
        self.setPalette(palette)
