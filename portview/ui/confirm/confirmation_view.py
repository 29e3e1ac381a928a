"""A proposal to look at: one card for each holder, service or neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from portview.actions.confirmation.cards import CardKind
from portview.i18n import N_, _, join_list, ngettext
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.icons import device_pixmap
from portview.ui.style.theme import muted_text
from portview.ui.style.tokens import SPACE_S
from portview.ui.widgets.plain_label import PlainLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.confirmation.cards import Card
    from portview.actions.confirmation.confirmation import Confirmation

_ICON_SIZE = 24
_LEAST_GROUP = 3
"""Fewer processes of one command are shown one by one."""

_ICONS = {
    CardKind.STOPS: "process",
    CardKind.PAUSES: "pause",
    CardKind.SERVICE: "system",
    CardKind.REFUSED: "warning",
    CardKind.STAYS: "info",
    CardKind.RULE: "firewall",
    CardKind.SETTING: "system",
}
_KIND_LABELS = {
    CardKind.STOPS: N_("Will be stopped"),
    CardKind.PAUSES: N_("Suspended"),
    CardKind.SERVICE: N_("Service"),
    CardKind.REFUSED: N_("Left alone"),
    CardKind.STAYS: N_("Keeps running"),
    CardKind.RULE: N_("Will be revoked"),
    CardKind.SETTING: N_("Will be changed"),
}


def plain_label(text: str, *, is_bold: bool = False, scale: float = 1.0) -> PlainLabel:
    """Return a label of wrapped plain text that can be selected and copied."""
    label = PlainLabel(text)
    font = QFont(label.font())
    font.setBold(is_bold)
    font.setPointSizeF(font.pointSizeF() * scale)
    label.setFont(font)
    return label


class CardView(QFrame):
    """One card: an icon and a word for what happens to it, its name, and what tells it apart."""

    def __init__(self, card: Card, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self._icon_name = _ICONS[card.kind]
        self._picture = picture = QLabel()
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        picture.setAccessibleName(_(_KIND_LABELS[card.kind]))
        self._quiet = [plain_label(line) for line in card.details]
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addWidget(plain_label(card.title, is_bold=True))
        for label in self._quiet:
            column.addWidget(label)
        if card.consequence:
            column.addSpacing(4)
            column.addWidget(plain_label(card.consequence))
        if card.advice:
            column.addWidget(plain_label(card.advice))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(12)
        layout.addWidget(picture)
        layout.addLayout(column, 1)
        self.setAccessibleName(
            _("{kind}: {title}").format(kind=_(_KIND_LABELS[card.kind]), title=card.title)
        )
        self.setAccessibleDescription(" ".join((*card.details, card.consequence, card.advice)))
        self._colour()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_quiet"):
            self._colour()

    def _colour(self) -> None:
        self._picture.setPixmap(device_pixmap(self._icon_name, self, _ICON_SIZE))
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, muted_text(palette))
        for label in self._quiet:
            label.setPalette(palette)


class MoreCards(QWidget):
    """Further cards of the same program, behind a button that opens them.

    ``opened`` says that the height is another one now.
    """

    opened = Signal()

    def __init__(self, cards: Sequence[Card], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        count = len(cards)
        self._text = ngettext(
            "{count:,} more process of the same command",
            "{count:,} more processes of the same command",
            count,
        ).format(count=count)
        self.button = QToolButton()
        self.button.setText(self._text)
        self.button.setAutoRaise(True)
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setArrowType(Qt.ArrowType.RightArrow)
        self.button.setToolTip(plain_tooltip("\n".join(card.title for card in cards)))
        self.button.setAccessibleDescription(join_list(card.title for card in cards))
        self.button.toggled.connect(self._on_toggled)
        self._cards = cards
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE_S)
        self._column.addWidget(self.button)
        self._views: list[CardView] = []

    @Slot(bool)
    def _on_toggled(self, is_open: bool) -> None:  # noqa: FBT001 - a slot
        self.button.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        if not self._views:
            self._views = [CardView(card) for card in self._cards]
            for view in self._views:
                self._column.addWidget(view)
        for view in self._views:
            view.setVisible(is_open)
        self.opened.emit()


class ConfirmationView(QWidget):
    """All cards of a proposal; processes of one command are one card that opens."""

    opened = Signal()

    def __init__(self, confirmation: Confirmation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        for first, *others in grouped(confirmation.cards):
            layout.addWidget(CardView(first))
            if others:
                more = MoreCards(others)
                more.opened.connect(self.opened)
                layout.addWidget(more)
        layout.addStretch(1)

    def height_for(self, width: int) -> int:
        """Return how high everything is at a width, in pixels."""
        layout = self.layout()
        return layout.totalHeightForWidth(width) if layout else self.sizeHint().height()


def grouped(cards: Sequence[Card]) -> list[list[Card]]:
    """Return the cards in their order, with at least three that are stopped alike in one group.

    Alike means: the same command at the same place, and the same consequence. Fewer stay apart.
    """
    groups: dict[object, list[Card]] = {}
    for number, card in enumerate(cards):
        is_like_others = card.kind is CardKind.STOPS and card.group
        like = (card.group, card.consequence, card.advice) if is_like_others else number
        groups.setdefault(like, []).append(card)
    return [
        part
        for group in groups.values()
        for part in ([group] if len(group) >= _LEAST_GROUP else [[card] for card in group])
    ]
