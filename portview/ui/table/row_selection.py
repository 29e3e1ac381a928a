"""What a person points at: the rows that an action is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.table.columns import Column


class RowSelection(NamedTuple):
    """The selected entries from the top, and the cell that the keyboard is on.

    ``columns`` are those that are shown, from the left. ``current`` and ``column`` are None where
    no single socket is current.
    """

    entries: tuple[SocketEntry, ...] = ()
    current: SocketEntry | None = None
    column: Column | None = None
    columns: tuple[Column, ...] = ()

    @property
    def first(self) -> SocketEntry:
        """Return the topmost entry; only where there is one."""
        return self.entries[0]

    @property
    def only(self) -> SocketEntry | None:
        """Return the entry where there is exactly one."""
        return self.entries[0] if len(self.entries) == 1 else None

    @property
    def owners(self) -> set[ProcessKey | None]:
        """Return the processes behind the entries, None among them where one is not known."""
        return {entry.row.owner for entry in self.entries}
