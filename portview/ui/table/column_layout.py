"""Which columns a table shows, in which order and how wide: read from and written to settings."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHeaderView, QMenu

from portview.domain.table.columns import FIRST_ORDER
from portview.domain.table.scope_columns import TAKES_THE_REST
from portview.i18n import _
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.table.columns import Column

_SMALLEST_PX = 24
_SORT_ARROW_PX = 26
_TITLE_MARGIN_PX = 12
_LARGEST_PX = 4000
_MOST_SHARE, _REST_SHARE = 0.3, 0.36
"""Of the room: what one column's content may take, and what the one with most gets if it can."""


_PLACES = {identity: place for place, identity in enumerate(FIRST_ORDER)}


class ColumnLayout(QObject):
    """Arranges a header's sections by column id, so that a new version's columns do no harm."""

    changed = Signal()

    def __init__(
        self,
        header: QHeaderView,
        columns: Sequence[Column],
        content_width: Callable[[int], int] | None = None,
    ) -> None:
        """Store ``content_width``, which measures what the rows in sight show in a column."""
        super().__init__(header)
        self._header = header
        self._columns = tuple(columns)
        self._content_width = content_width
        self._first = tuple(
            column.id
            for column in sorted(self._columns, key=lambda column: _PLACES[column.id])
            if column.is_shown
        )
        self._numbers = {column.id: number for number, column in enumerate(self._columns)}
        self._has_first_widths = False
        self._is_arranging = False
        header.viewport().installEventFilter(self)
        header.customContextMenuRequested.connect(self._on_menu_requested)
        header.sectionMoved.connect(self._on_changed)
        header.sectionResized.connect(self._on_resized)

    def reset(self) -> None:
        """Return to the widths, the order and the choice that PortView starts with.

        The widths follow the content and the room that there is until somebody changes one.
        """
        others = sorted(self._numbers.keys() - set(self._first), key=_PLACES.__getitem__)
        self.restore(
            [
                {
                    "id": identity,
                    "visible": identity in self._first,
                    "width": self.first_width(identity),
                }
                for identity in (*self._first, *others)
            ]
        )
        self._has_first_widths = True
        self._fit_into_room()

    def set_first(self, ids: Sequence[str]) -> None:
        """Start with these columns, leftmost first, at the next ``reset``."""
        self._first = tuple(ids)

    @property
    def has_first_widths(self) -> bool:
        """Return whether nobody changed anything since the last ``reset``."""
        return self._has_first_widths

    def fit_first_widths(self) -> None:
        """Fit the widths to the rows that are there now, unless somebody chose their own."""
        if self._has_first_widths:
            self._fit_into_room()

    def state(self) -> list[dict[str, Any]]:
        """Return the arrangement, leftmost first, as JSON values."""
        arrangement = []
        for place in range(self._header.count()):
            number = self._header.logicalIndex(place)
            hidden = self._header.isSectionHidden(number)
            arrangement.append(
                {
                    "id": self._columns[number].id,
                    "visible": not hidden,
                    # A hidden section has no width; its last one is kept in the header itself.
                    "width": 0 if hidden else self._header.sectionSize(number),
                }
            )
        return arrangement

    def restore(self, arrangement: list[Any]) -> None:
        """Arrange the columns; entries that make no sense are passed over."""
        if not arrangement:
            return
        place = 0
        seen: set[str] = set()
        self._has_first_widths = False
        for entry in arrangement:
            identity = entry.get("id") if isinstance(entry, dict) else None
            if identity not in self._numbers or identity in seen:
                continue
            seen.add(identity)
            number = self._numbers[identity]
            self._header.moveSection(self._header.visualIndex(number), place)
            width = entry.get("width")
            if not isinstance(width, int) or not _SMALLEST_PX <= width <= _LARGEST_PX:
                width = self._default_width(self._columns[number])
            self._header.showSection(number)
            self._header.resizeSection(number, width)
            if entry.get("visible") is not True:
                self._header.hideSection(number)
            place += 1
        if all(self._header.isSectionHidden(number) for number in range(self._header.count())):
            self._header.showSection(0)

    def shown(self) -> tuple[Column, ...]:
        """Return the columns that are shown, leftmost first."""
        numbers = (self._header.logicalIndex(place) for place in range(self._header.count()))
        return tuple(
            self._columns[number] for number in numbers if not self._header.isSectionHidden(number)
        )

    def first_width(self, identity: str) -> int:
        """Return the width in pixels that a column starts with where there is room."""
        return self._default_width(self._columns[self._numbers[identity]])

    def set_visible(self, identity: str, *, is_visible: bool) -> None:
        """Show or hide one column; the last one that is shown stays."""
        number = self._numbers[identity]
        shown = self._header.count() - self._header.hiddenSectionCount()
        if not is_visible and shown == 1 and not self._header.isSectionHidden(number):
            return
        self._has_first_widths = False
        self._header.setSectionHidden(number, not is_visible)
        if is_visible and self._header.sectionSize(number) < _SMALLEST_PX:
            self._header.resizeSection(number, self._default_width(self._columns[number]))
        self.changed.emit()

    def move(self, identity: str, step: int) -> None:
        """Move a shown column by so many shown ones to the right; one at the edge stays."""
        shown = [column.id for column in self.shown()]
        if identity not in shown or not 0 <= shown.index(identity) + step < len(shown):
            return
        neighbour = shown[shown.index(identity) + step]
        places = [self._header.visualIndex(self._numbers[each]) for each in (identity, neighbour)]
        self._header.moveSection(*places)

    def fit_to_content(self) -> None:
        """Make every shown column as wide as its rows in sight need."""
        self._header.resizeSections(QHeaderView.ResizeMode.ResizeToContents)

    def fill_menu(self, menu: QMenu) -> None:
        """Offer all columns and the two resets in a menu."""
        for place in range(self._header.count()):
            number = self._header.logicalIndex(place)
            column = self._columns[number]
            action = menu.addAction(_(column.title))
            action.setToolTip(_(column.description))
            action.setCheckable(True)
            action.setChecked(not self._header.isSectionHidden(number))
            action.setData(column.id)
            action.toggled.connect(self._on_toggled)
        menu.addSeparator()
        menu.addAction(_("Resize to content"), self.fit_to_content)
        menu.addAction(_("Reset columns"), self.reset)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self._has_first_widths:
            self._fit_into_room()
        return super().eventFilter(watched, event)

    def _fit_into_room(self) -> None:
        """Give each column what its content needs, up to a share of the room, and use all of it.

        Where there is too little those that can be read shorter get narrower, as far as needed;
        what is left over goes to the column that has most to report.
        """
        shown = self.shown()
        numbers = [self._numbers[column.id] for column in shown]
        room = self._header.viewport().width()
        contents = {number: self._content_of(number) for number in numbers}
        has_rows = any(contents.values())
        widths = {
            number: self._wanted_width(number, room, contents[number], has_rows=has_rows)
            for number in numbers
        }
        missing = sum(widths.values()) - room
        if missing > 0:
            takers = [n for n in numbers if self._columns[n].id in TAKES_THE_REST]
            # What has most to report can be read shortened; a name or an address hardly.
            for some in (takers, numbers):
                self._shrink(widths, some, room)
        else:
            self._share_out(widths, room)
        self._is_arranging = True
        for number in numbers:
            self._header.resizeSection(number, widths[number])
        self._is_arranging = False

    def _shrink(self, widths: dict[int, int], numbers: Sequence[int], room: int) -> None:
        """Make some columns narrower, as far as needed and as each can be read."""
        missing = sum(widths.values()) - room
        least = {n: min(widths[n], self._least_width(self._columns[n])) for n in numbers}
        spare = {n: widths[n] - least[n] for n in numbers}
        share = min(max(missing, 0) / max(sum(spare.values()), 1), 1.0)
        for number in numbers:
            widths[number] -= ceil(spare[number] * share)

    def _share_out(self, widths: dict[int, int], room: int) -> None:
        """Give what is left to columns that get more to show later, then to the one with most."""

        def add(number: int, wanted: int) -> None:
            left = room - sum(widths.values())
            widths[number] += max(0, min(left, wanted - widths[number]))

        for number in widths:
            add(number, self._default_width(self._columns[number]))
        by_id = {self._columns[number].id: number for number in widths}
        taker = next((by_id[each] for each in TAKES_THE_REST if each in by_id), None)
        if taker is not None:
            add(taker, round(room * _REST_SHARE))
        for number in widths:
            widths[number] += (room - sum(widths.values())) // (2 * len(widths))

    def _content_of(self, number: int) -> int:
        return self._content_width(number) if self._content_width is not None else 0

    def _wanted_width(self, number: int, room: int, content: int, *, has_rows: bool) -> int:
        """Return what a column needs; one that is empty in all rows needs its title alone."""
        column = self._columns[number]
        if not content and not has_rows:
            return self._default_width(column)
        most = max(round(room * _MOST_SHARE), self._default_width(column))
        title = self._width(0, _(column.title), _SORT_ARROW_PX)
        return max(title, min(content, most))

    def _default_width(self, column: Column) -> int:
        return self._width(column.width_chars, _(column.title), _SORT_ARROW_PX)

    def _least_width(self, column: Column) -> int:
        if not column.least_chars:
            return self._default_width(column)
        # The title of the one column that is sorted by may be cut by the arrow.
        return self._width(column.least_chars, _(column.title), _TITLE_MARGIN_PX)

    def _width(self, chars: int, title: str, beside_title: int) -> int:
        metrics = QFontMetrics(self._header.font())
        least = metrics.horizontalAdvance(title) + beside_title
        return max(metrics.horizontalAdvance("0") * chars + 16, least)

    @Slot(int)
    def _on_resized(self, number: int) -> None:
        # The last one takes what is left, whatever anybody wants.
        is_last = self._columns[number] is self.shown()[-1]
        if not self._is_arranging and not is_last:
            self._has_first_widths = False
        self.changed.emit()

    @Slot()
    def _on_changed(self) -> None:
        if not self._is_arranging:
            self._has_first_widths = False
        self.changed.emit()

    @Slot(bool)
    def _on_toggled(self, is_visible: bool) -> None:  # noqa: FBT001 - a Qt signal's form
        sender = self.sender()
        self.set_visible(str(sender.property("data") or sender.data()), is_visible=is_visible)  # type: ignore[attr-defined] # a QAction

    @Slot(QPoint)
    def _on_menu_requested(self, position: QPoint) -> None:
        menu = QMenu(self._header)
        menu.setToolTipsVisible(True)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill_menu(menu)
        menu.popup(self._header.mapToGlobal(position))
