"""What a line of a process answers for each of Qt's roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

from portview.domain.plain_text import inert
from portview.domain.table.columns import COLUMNS
from portview.models.cell_roles import PlainCell, spoken_cell
from portview.models.tooltips import plain_tooltip

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.models.process_groups import Group
    from portview.models.socket_table_model import SocketTableModel

_IDS = [column.id for column in COLUMNS]


class GroupRoles:
    """Answers by group and column number. ``answers`` maps a role to its method."""

    def __init__(self, source: SocketTableModel) -> None:
        self._source = source
        self._bold = QFont()
        self._bold.setWeight(QFont.Weight.DemiBold)
        role = Qt.ItemDataRole
        self.answers: dict[int, Callable[[Group, int], Any]] = {
            int(role.DisplayRole): self._text,
            int(role.ToolTipRole): self._tooltip,
            int(role.FontRole): self._font,
            int(role.AccessibleTextRole): self._spoken,
            int(role.TextAlignmentRole): self._as_first(int(role.TextAlignmentRole)),
            int(role.DecorationRole): self._decoration,
        }

    def plain(self, group: Group, column: int) -> PlainCell | None:
        """Answer in one go what a view asks for by several roles; None for a special font."""
        if self._font(group, column) is not None:
            return None
        icon = self._decoration(group, column)
        return PlainCell(self._text(group, column), icon, None, None)

    def _text(self, group: Group, column: int) -> str:
        return inert(group.text(_IDS[column], self._source.context))

    def _tooltip(self, group: Group, column: int) -> str:
        return plain_tooltip(group.tooltip(_IDS[column], self._source.context))

    def _spoken(self, group: Group, column: int) -> str:
        return spoken_cell(COLUMNS[column].title, self._text(group, column))

    def _font(self, _group: Group, column: int) -> QFont | None:
        return self._bold if _IDS[column] == "process" else None

    def _decoration(self, group: Group, column: int) -> Any:
        if _IDS[column] == "firewall":
            return None  # its sockets may have different ones
        return self._source.cell(group.entries[0], column, int(Qt.ItemDataRole.DecorationRole))

    def _as_first(self, role: int) -> Callable[[Group, int], Any]:
        return lambda group, column: self._source.cell(group.entries[0], column, role)
