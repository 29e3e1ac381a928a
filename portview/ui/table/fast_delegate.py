"""Cells of plain text drawn as the style draws them, several times faster."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QPalette, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate

    from portview.models.cell_roles import PlainCell

    PlainCellAt = Callable[[QModelIndex | QPersistentModelIndex], PlainCell | None]

_State = QStyle.StateFlag
_ENABLED, _ACTIVE = _State.State_Enabled.value, _State.State_Active.value
_WATCHED = (
    _ENABLED
    | _State.State_Selected.value
    | _State.State_HasFocus.value
    | _State.State_MouseOver.value
    | _State.State_Editing.value
)
_STYLES = frozenset(
    {
        QEvent.Type.FontChange,
        QEvent.Type.StyleChange,
        QEvent.Type.PaletteChange,
        QEvent.Type.LayoutDirectionChange,
    }
)
_MOST_TEXTS = 2000


class _Places(NamedTuple):
    """Where a style puts text and icon, as distances from the cell's left, right and top."""

    text_left: int
    text_right: int
    icon: QRect


class FastDelegate(QObject):
    """Draws a view's cells that are neither chosen nor pointed at.

    Qt's own delegate asks a model seven times for a cell and lays its text out again each time it
    is painted. Here a model is asked once and texts stay laid out until the view's font, style
    or palette changes. What is drawn is the same, pixel for pixel; whatever might not be is left
    to the delegate. UI thread only.
    """

    def __init__(self, view: QAbstractItemView, plain_cell: PlainCellAt) -> None:
        super().__init__(view)
        self._view = view
        self._plain_cell = plain_cell
        self._forget()
        view.installEventFilter(self)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
        delegate: QStyledItemDelegate,
        tail: str = "",
    ) -> bool:
        """Draw a cell, with a ``tail`` after its text; False if the delegate has to draw it."""
        state = option.state.value
        if state & _WATCHED != _ENABLED or self._is_mirrored:
            return False
        cell = self._plain_cell(index)
        if cell is None:
            return False
        text, icon, background, foreground = cell
        rect = option.rect
        if background is not None:
            painter.fillRect(rect, background)
        if icon is not None:
            place = self._places_of(option, index, delegate, has_icon=True).icon
            icon.paint(painter, place.translated(rect.topLeft()))
        if not text:
            return True
        key = (text, rect.width(), icon is not None, tail)
        laid_out = self._texts.get(key)
        if laid_out is None:
            laid_out = self._lay_out(text + tail, option, index, delegate, has_icon=key[2])
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            self._texts[key] = laid_out
        layout, x, line_height = laid_out
        colour = self._active if state & _ACTIVE else self._inactive
        painter.setPen(colour if foreground is None else foreground.color())
        y = rect.y() + (rect.height() - line_height) // 2
        layout.draw(painter, QPointF(rect.x() + x, y))
        return True

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _STYLES:
            self._forget()
        return False

    def _forget(self) -> None:
        palette, group = self._view.palette(), QPalette.ColorGroup
        self._active = QColor(palette.color(group.Active, QPalette.ColorRole.Text))
        self._inactive = QColor(palette.color(group.Inactive, QPalette.ColorRole.Text))
        self._is_mirrored = self._view.layoutDirection() != Qt.LayoutDirection.LeftToRight
        self._texts: dict[tuple[str, int, bool, str], tuple[QTextLayout, int, int]] = {}
        self._places: dict[bool, _Places] = {}

    def _lay_out(
        self,
        text: str,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
        delegate: QStyledItemDelegate,
        *,
        has_icon: bool,
    ) -> tuple[QTextLayout, int, int]:
        """Lay a text out as QCommonStyle does (``viewItemDrawText``), cut where it is too long.

        Returns the layout, its distance from the left of the cell and the height of its line.
        """
        places = self._places_of(option, index, delegate, has_icon=has_icon)
        width = option.rect.width() - places.text_left - places.text_right
        wanted = QTextOption(index.data(Qt.ItemDataRole.TextAlignmentRole))
        wanted.setWrapMode(QTextOption.WrapMode.ManualWrap)
        layout = _one_line(text, option, wanted, width)
        if layout.lineAt(0).naturalTextWidth() > width:
            cut = option.fontMetrics.elidedText(text, option.textElideMode, width)
            layout = _one_line(cut, option, wanted, width)
        return layout, places.text_left, math.ceil(layout.lineAt(0).height())

    def _places_of(
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
        delegate: QStyledItemDelegate,
        *,
        has_icon: bool,
    ) -> _Places:
        if has_icon not in self._places:
            whole = QStyleOptionViewItem(option)
            delegate.initStyleOption(whole, index)
            style, element = self._view.style(), QStyle.SubElement
            text = style.subElementRect(element.SE_ItemViewItemText, whole, self._view)
            icon = style.subElementRect(element.SE_ItemViewItemDecoration, whole, self._view)
            margin = (
                style.pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, whole, self._view) + 1
            )
            rect = option.rect
            self._places[has_icon] = _Places(
                text.left() - rect.left() + margin,
                rect.right() - text.right() + margin,
                icon.translated(-rect.topLeft()),
            )
        return self._places[has_icon]


def _one_line(
    text: str, option: QStyleOptionViewItem, wanted: QTextOption, width: int
) -> QTextLayout:
    layout = QTextLayout(text, option.font)
    layout.setTextOption(wanted)
    layout.beginLayout()
    layout.createLine().setLineWidth(width)
    layout.endLayout()
    return layout
