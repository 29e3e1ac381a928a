"""The open ports that a scan finds, sorted by any column as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from portview.domain.plain_text import inert
from portview.i18n import N_, _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.probing.probe_results import time_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portview.probes.scan import OpenPort

_DISPLAY = Qt.ItemDataRole.DisplayRole
_NOWHERE = QModelIndex()
TITLES = (N_("Port"), N_("Service"), N_("Owner"), N_("Latency"), N_("Banner"))
NUMBER_COLUMNS = frozenset({0, 3})


class ScanModel(QAbstractTableModel):
    """One row for each open port; ``owners`` names the programs, where the host is this one."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[OpenPort] = []
        self._owners: Mapping[int, str] = {}
        self._sorting = (0, Qt.SortOrder.AscendingOrder)

    @property
    def ports(self) -> list[int]:
        """Return the open ports in the order in which they are shown."""
        return [one.port for one in self._rows]

    def clear(self) -> None:
        """Forget the results of the scan before."""
        self.beginResetModel()
        self._rows = []
        self._owners = {}
        self.endResetModel()

    def add(self, found: Sequence[OpenPort]) -> None:
        """Take in some more, each at its place."""
        if not found:
            return
        last = len(self._rows) + len(found) - 1
        self.beginInsertRows(_NOWHERE, len(self._rows), last)
        self._rows.extend(found)
        self.endInsertRows()
        self.sort(*self._sorting)

    def set_owners(self, owners: Mapping[int, str]) -> None:
        """Name the programs behind the ports."""
        self._owners = owners
        if self._rows:
            self.dataChanged.emit(self.index(0, 2), self.index(len(self._rows) - 1, 2))

    def as_text(self) -> str:
        """Return all lines with tabs between the cells, as shown."""
        lines = ["\t".join(map(_, TITLES))]
        lines += [
            "\t".join(self._text(row, column) for column in range(len(TITLES)))
            for row in self._rows
        ]
        return "\n".join(lines) + "\n"

    @override
    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(TITLES)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == _DISPLAY:
            return _(TITLES[section])
        return None

    @override
    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = _DISPLAY) -> Any:
        if role == _DISPLAY:
            return self._text(self._rows[index.row()], index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(self._text(self._rows[index.row()], index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in NUMBER_COLUMNS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorting = (column, order)
        before = [row.port for row in self._rows]
        self.layoutAboutToBeChanged.emit()
        # By port first: the sort is stable, so that equal names stay in the order of ports.
        self._rows.sort(key=lambda row: row.port)
        self._rows.sort(key=self._key(column), reverse=order is Qt.SortOrder.DescendingOrder)
        places = {row.port: number for number, row in enumerate(self._rows)}
        held = self.persistentIndexList()
        moved = [self.index(places[before[one.row()]], one.column()) for one in held]
        self.changePersistentIndexList(held, moved)
        self.layoutChanged.emit()

    def _key(self, column: int) -> Callable[[OpenPort], Any]:
        keys: tuple[Callable[[OpenPort], Any], ...] = (
            lambda row: row.port,
            lambda row: row.service,
            lambda row: self._owners.get(row.port, "").casefold(),
            lambda row: row.latency_ms,
            lambda row: row.banner.casefold(),
        )
        return keys[column]

    def _text(self, row: OpenPort, column: int) -> str:
        if column == 0:
            return str(row.port)
        if column == 1:
            return row.service
        if column == 2:  # noqa: PLR2004 - the order of TITLES
            return inert(self._owners.get(row.port, ""))
        return time_text(row.latency_ms) if column == 3 else inert(row.banner)  # noqa: PLR2004
