"""A proposal to look at: one card for each holder, service or neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from portview.actions.confirmation.cards import CardKind
from portview.i18n import N_, _, join_sentences, ngettext
from portview.override import override
from portview.ui.style.icons import device_pixmap
from portview.ui.style.theme import muted_text
from portview.ui.widgets.plain_label import PlainLabel

if TYPE_CHECKING:
    from portview.actions.confirmation.cards import Card
    from portview.actions.confirmation.confirmation import Confirmation

_ICON_SIZE = 24
_MOST_MEMBERS = 40
_ICONS = {
    CardKind.STOPS: "process",
    CardKind.PAUSES: "pause",
    CardKind.SERVICE: "system",
    CardKind.REFUSED: "warning",
    CardKind.STAYS: "info",
    CardKind.RULE: "firewall",
    CardKind.NEW_RULE: "firewall",
    CardKind.SETTING: "system",
}
_KIND_LABELS = {
    CardKind.STOPS: N_("Will be stopped"),
    CardKind.PAUSES: N_("Suspended"),
    CardKind.SERVICE: N_("Service"),
    CardKind.REFUSED: N_("Left alone"),
    CardKind.STAYS: N_("Keeps running"),
    CardKind.RULE: N_("Will be revoked"),
    CardKind.NEW_RULE: N_("Will be created"),
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
    """One card: an icon and a word for what happens to it, its name, and what distinguishes it.

    ``opener`` shows and hides the ``members``, where it has any; ``height_changed`` follows.
    """

    height_changed = Signal()

    def __init__(self, card: Card, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self._icon_name = _ICONS[card.kind]
        self._quiet: list[PlainLabel] = []
        self._picture = picture = QLabel()
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        picture.setAccessibleName(_(_KIND_LABELS[card.kind]))
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addWidget(plain_label(card.title, is_bold=True))
        for line in card.details:
            column.addWidget(self._muted(line))
        if card.members:
            self._add_members(column, card)
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
        self.setAccessibleDescription(
            join_sentences(*card.details, *card.members, card.consequence, card.advice)
        )
        self._colour()

    def _add_members(self, column: QVBoxLayout, card: Card) -> None:
        """Add a line that opens the names of the others."""
        count = len(card.members)
        words = ngettext(
            "{count:,} more process of the same program",
            "{count:,} more processes of the same program",
            count,
        )
        self.opener = QToolButton()
        self.opener.setText(words.format(count=count))
        self.opener.setCheckable(True)
        self.opener.setAutoRaise(True)
        self.opener.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.opener.setArrowType(Qt.ArrowType.RightArrow)
        self.members = self._muted("\n".join(card.members[:_MOST_MEMBERS]))
        if count > _MOST_MEMBERS:
            self.members.setText(
                _("{members}\nand {count:,} more").format(
                    members="\n".join(card.members[:_MOST_MEMBERS]), count=count - _MOST_MEMBERS
                )
            )
        self.members.setIndent(_ICON_SIZE)
        self.members.hide()
        self.opener.toggled.connect(self._on_opened)
        column.addWidget(self.opener)
        column.addWidget(self.members)

    @Slot(bool)
    def _on_opened(self, is_open: bool) -> None:  # noqa: FBT001 - Qt's signal
        arrow = Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow
        self.opener.setArrowType(arrow)
        self.members.setVisible(is_open)
        # Else the layouts above go by the height from before until the next turn.
        self.updateGeometry()
        self.height_changed.emit()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_quiet"):
            self._colour()

    def _muted(self, text: str) -> PlainLabel:
        label = plain_label(text)
        self._quiet.append(label)
        return label

    def _colour(self) -> None:
        self._picture.setPixmap(device_pixmap(self._icon_name, self, _ICON_SIZE))
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, muted_text(palette))
        for label in self._quiet:
            label.setPalette(palette)


class ConfirmationView(QWidget):
    """All cards of a proposal. ``height_changed`` says that they need another height."""

    height_changed = Signal()

    def __init__(self, confirmation: Confirmation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for card in confirmation.cards:
            shown = CardView(card)
            shown.height_changed.connect(self.height_changed)
            layout.addWidget(shown)
        layout.addStretch(1)

    def height_for(self, width: int) -> int:
        """Return how high everything is at a width, in pixels."""
        layout = self.layout()
        return layout.totalHeightForWidth(width) if layout else self.sizeHint().height()
