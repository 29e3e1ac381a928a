"""The list below the filter: what can be typed next, and how many sockets have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from portview.domain.plain_text import inert
from portview.i18n import ngettext
from portview.override import override
from portview.ui.style.theme import muted_text
from portview.ui.style.tokens import SPACE_L, SPACE_S, SPACE_XS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QPainter

    from portview.domain.query.completion import Suggestion

    Index = QModelIndex | QPersistentModelIndex

_BESIDE = Qt.ItemDataRole.UserRole + 1
_LONGEST, _LONGEST_BESIDE = 60, 50


class SuggestionModel(QAbstractListModel):
    """The suggestions: the text as it is taken, and what stands beside it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._suggestions: Sequence[Suggestion] = ()

    def show_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """Hold others from now on."""
        self.beginResetModel()
        self._suggestions = suggestions
        self.endResetModel()

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._suggestions)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        suggestion = self._suggestions[index.row()]
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole}:
            return suggestion.text
        if role in {_BESIDE, Qt.ItemDataRole.AccessibleDescriptionRole}:
            return _beside(suggestion)
        return None


class SuggestionList(QListView):
    """A list whose rows say at the right how many sockets a value has, or what a key is."""

    def use_delegate(self) -> None:
        """Draw both texts; a completer that takes the list puts a delegate of its own in."""
        self.setItemDelegate(_TwoTexts(self))


class _TwoTexts(QStyledItemDelegate):
    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        metrics = option.fontMetrics
        text, beside = inert(index.data(), _LONGEST), index.data(_BESIDE)
        width = metrics.horizontalAdvance(f"{text}{beside}") + SPACE_L + 2 * SPACE_S
        return QSize(width, metrics.height() + 2 * SPACE_XS)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = QStyleOptionViewItem(option)
        self.initStyleOption(row, index)
        row.text = ""
        widget = row.widget
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, row, painter, widget)
        is_chosen = bool(row.state & QStyle.StateFlag.State_Selected)
        roles = QPalette.ColorRole
        palette = row.palette
        strong = palette.color(roles.HighlightedText if is_chosen else roles.Text)
        place = row.rect.adjusted(SPACE_S, 0, -SPACE_S, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.save()
        painter.setPen(strong if is_chosen else muted_text(palette))
        beside = index.data(_BESIDE)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, beside)
        painter.setPen(strong)
        room = place.width() - row.fontMetrics.horizontalAdvance(beside) - SPACE_S
        text = row.fontMetrics.elidedText(
            inert(index.data(), _LONGEST), Qt.TextElideMode.ElideMiddle, room
        )
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | middle, text)
        painter.restore()


def _beside(suggestion: Suggestion) -> str:
    if suggestion.rows is None:
        return inert(suggestion.about, _LONGEST_BESIDE)
    return ngettext("{count:,} socket", "{count:,} sockets", suggestion.rows).format(
        count=suggestion.rows
    )
