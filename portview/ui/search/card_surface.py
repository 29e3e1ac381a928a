"""What the port card looks like: a surface over the table, and facts with their signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel

from portview.override import override
from portview.ui.style.contrast import is_high_contrast
from portview.ui.style.tokens import ICON_SMALL, RADIUS_SURFACE, SHADOW, SPACE_S, SPACE_XS
from portview.ui.widgets.plain_label import PlainLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from portview.diagnosis.port_card_text import PortFact

_RING, _LINE = 10, 0.22
"""How strong the shadow's rings and the surface's edge are: of 255, and as a share."""


class CardSurface(QFrame):
    """Paints itself as a surface that lies over others: rounded, with a shadow."""

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        surface = self.rect().adjusted(SHADOW, SHADOW // 2, -SHADOW, -SHADOW)
        palette = self.palette()
        is_strong = is_high_contrast(palette)
        if not is_strong:
            painter.setPen(Qt.PenStyle.NoPen)
            for step in range(SHADOW, 0, -2):
                painter.setBrush(QColor(0, 0, 0, _RING))
                ring = surface.adjusted(-step, -step // 2, step, step)
                painter.drawRoundedRect(ring, RADIUS_SURFACE + step, RADIUS_SURFACE + step)
        line = palette.color(QPalette.ColorRole.Text)
        line.setAlphaF(1.0 if is_strong else _LINE)
        painter.setPen(QPen(line, 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(
            surface.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_SURFACE, RADIUS_SURFACE
        )


class FactGrid(QGridLayout):
    """Facts below each other, each behind the sign of how good or bad it is."""

    def __init__(self) -> None:
        super().__init__()
        self.setHorizontalSpacing(SPACE_S)
        self.setVerticalSpacing(SPACE_XS + 2)
        self.setColumnStretch(1, 1)
        self._labels: list[tuple[QLabel, PlainLabel]] = []
        self._facts: tuple[PortFact, ...] = ()
        self._drawn: dict[QLabel, object] = {}

    def show_facts(self, facts: tuple[PortFact, ...], owner: QWidget) -> None:
        """Show these facts in the colours of the widget that they lie on."""
        from portview.ui.style.severity_style import severity_icon  # noqa: PLC0415 - when wanted

        self._facts = facts
        while len(self._labels) < len(facts):
            sign, label = QLabel(), PlainLabel()
            row = len(self._labels)
            self.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
            self.addWidget(label, row, 1)
            self._labels.append((sign, label))
        for number, (sign, label) in enumerate(self._labels):
            is_shown = number < len(facts)
            sign.setVisible(is_shown)
            label.setVisible(is_shown)
            if not is_shown:
                continue
            fact = facts[number]
            if label.text() != fact.text:
                label.setText(fact.text)
            if self._drawn.get(sign) is not fact.severity:
                self._drawn[sign] = fact.severity
                sign.setPixmap(severity_icon(fact.severity, owner).pixmap(ICON_SMALL, ICON_SMALL))

    def colour(self, palette: QPalette, owner: QWidget) -> None:
        """Draw texts and signs again in the colours of a palette."""
        for _sign, label in self._labels:
            label.setPalette(palette)
        self._drawn.clear()
        self.show_facts(self._facts, owner)
