"""A tab of the details pane, and what all of them are about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from portview.domain.sockets.connections import connections_of
from portview.domain.sockets.snapshot import Snapshot, rows_of_owner
from portview.models.liveness import Mark

if TYPE_CHECKING:
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketRow
    from portview.models.socket_table_model import SocketTableModel


@dataclass(slots=True)
class Subject:
    """The row that a person has chosen, as of the last tick.

    ``is_open`` is False once the socket has gone; the entry is then the last that was known.
    ``is_shown`` is False where the filter, the scope or the view hides it.
    """

    entry: SocketEntry
    is_open: bool
    snapshot: Snapshot
    is_shown: bool = True
    _owner_rows: tuple[SocketRow, ...] | None = field(default=None, compare=False)
    _connections: tuple[SocketRow, ...] | None = field(default=None, compare=False)

    @property
    def owner_rows(self) -> tuple[SocketRow, ...]:
        """Return all sockets of the owner, empty where none is known; searched for once."""
        if self._owner_rows is None:
            owner = self.entry.row.key.owner
            self._owner_rows = rows_of_owner(self.snapshot.rows, owner) if owner else ()
        return self._owner_rows

    @property
    def connections(self) -> tuple[SocketRow, ...]:
        """Return the connections of a server, or of a client to the same server; sought once."""
        if self._connections is None:
            row = self.entry.row
            self._connections = connections_of(row, self.snapshot.rows) if self.is_open else ()
        return self._connections


def subject_of(entry: SocketEntry, model: SocketTableModel, snapshot: Snapshot) -> Subject:
    """Return what is known now about the row of an entry, also after it has gone."""
    key = entry.row.key
    found = model.find_entry(key)
    is_open = found is not None and model.mark_of(key) is not Mark.CLOSED
    return Subject(found or entry, is_open, snapshot, model.row_number(key) is not None)


class DetailsPage(QWidget):
    """A tab, reported of its subject when that changes and with every tick, while the pane is open.

    ``note`` is called for all tabs, ``show_subject`` for the one in front. A tab that is to do
    nothing at other times needs no more than that.
    """

    def note(self, subject: Subject) -> None:
        """Keep what the tab will need later, at little cost."""

    def show_subject(self, subject: Subject) -> None:
        """Show what is known about the row. The subject can be the same row again."""
