"""Marks the tray's icon with the worst state of what is watched: by a sign, not by colour alone."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter

_SIZES = (16, 24, 32, 48)
_BADGES = {"firing": ("!", QColor("#c42b1c")), "unknown": ("?", QColor("#6b6b6b"))}


def badged_icon(plain: QIcon, state: str) -> QIcon:
    """Return an icon with a sign for a state; as it is where all is well."""
    if state not in _BADGES:
        return plain
    sign, colour = _BADGES[state]
    result = QIcon()
    for size in _SIZES:
        picture = plain.pixmap(size, size)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        across = size * 0.62
        area = QRectF(size - across, size - across, across, across)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(area)
        font = QFont()
        font.setPixelSize(max(7, round(across * 0.85)))
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor("white"))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, sign)
        painter.end()
        result.addPixmap(picture)
    return result
