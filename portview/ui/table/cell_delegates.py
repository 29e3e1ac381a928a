"""How cells are drawn beyond what the style does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from portview.override import override
from portview.ui.table.fast_delegate import FastDelegate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtCore import QLocale, QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QAbstractItemView, QWidget

    from portview.ui.table.fast_delegate import PlainCellAt


def set_cell_delegates(
    view: QAbstractItemView, number_columns: Iterable[int], plain_cell: PlainCellAt | None = None
) -> None:
    """Let a view draw its cells as all tables do, with numbers in some of the columns.

    With ``plain_cell``, which says all of a cell at once, most cells are drawn without the style.
    """
    quick = FastDelegate(view, plain_cell) if plain_cell is not None else None
    cells, numbers = CellDelegate, NumberDelegate
    if view.style().name().lower() == "windows11":
        # Elsewhere the style draws selected cells well, and without a call for each cell.
        cells, numbers = _PairedCellDelegate, _PairedNumberDelegate
    view.setItemDelegate(cells(view, quick))
    delegate = numbers(view, quick)
    for number in number_columns:
        view.setItemDelegateForColumn(number, delegate)


class CellDelegate(QStyledItemDelegate):
    """Makes the lines of a tree as high as those of a table."""

    _TAIL = ""

    def __init__(self, view: QAbstractItemView, quick: FastDelegate | None = None) -> None:
        super().__init__(view)
        self._quick = quick

    @override
    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        quick = self._quick
        if quick is None or not quick.paint(painter, option, index, self, self._TAIL):
            super().paint(painter, option, index)

    @override
    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        hint = super().sizeHint(option, index)
        return QSize(hint.width(), max(hint.height(), option.fontMetrics.height() + 8))


class NumberDelegate(CellDelegate):
    """Keeps right-aligned numbers off the text of the next column."""

    _TAIL = "\u2002"

    @override
    def displayText(self, value: Any, locale: QLocale | QLocale.Language) -> str:
        return f"{value}{self._TAIL}"


class _PairedColours(QStyledItemDelegate):
    """Draws selected cells in the palette's own pair of colours.

    Qt 6.11's ``windows11`` style paints them in the accent colour and leaves their text dark.
    """

    @override
    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        if option.state & QStyle.StateFlag.State_Selected:
            palette = option.palette
            option.backgroundBrush = palette.brush(QPalette.ColorRole.Highlight)
            palette.setColor(
                QPalette.ColorRole.Text, palette.color(QPalette.ColorRole.HighlightedText)
            )
            option.palette = palette
            # A program's own icon stays as it is: Qt would tint it.
            if option.icon.availableSizes(QIcon.Mode.Selected):
                option.icon = _selected(option.icon, option.decorationSize, option.widget)
            option.state &= ~QStyle.StateFlag.State_Selected


def _selected(icon: QIcon, size: QSize, widget: QWidget | None) -> QIcon:
    """Return an icon as it looks on the colour of a selection."""
    ratio = widget.devicePixelRatioF() if widget is not None else 1.0
    return QIcon(icon.pixmap(size, ratio, QIcon.Mode.Selected))


class _PairedCellDelegate(_PairedColours, CellDelegate):
    pass


class _PairedNumberDelegate(_PairedColours, NumberDelegate):
    pass
