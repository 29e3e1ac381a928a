"""What edits did to the shown entries, added up for those who follow them at their own pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.models.edits import Edit, Insertion, Removal, Reorder, Update

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from portview.domain.sockets.entry import SocketEntry


class RowChanges:
    """Which entries left and came since the start, and whether the others stand in a new order.

    An entry that takes another one's place has come, and the other has left.
    """

    def __init__(self) -> None:
        """Start with nothing changed."""
        self._left: dict[int, SocketEntry] = {}
        self._came: dict[int, SocketEntry] = {}
        self.is_reordered = False

    @classmethod
    def between(cls, before: Iterable[SocketEntry], after: Iterable[SocketEntry]) -> RowChanges:
        """Compare two lists of which nothing else is known."""
        changes = cls()
        changes.is_reordered = True
        for entry in before:
            changes._leave(entry)
        for entry in after:
            changes._come(entry)
        return changes

    def __len__(self) -> int:
        """Return how many entries left and came."""
        return len(self._left) + len(self._came)

    def __bool__(self) -> bool:
        """Return whether anything changed."""
        return len(self) > 0 or self.is_reordered

    @property
    def left(self) -> Collection[SocketEntry]:
        """Return the entries that are not shown any more."""
        return self._left.values()

    @property
    def came(self) -> Collection[SocketEntry]:
        """Return the entries that were not shown before."""
        return self._came.values()

    def note(self, shown: Sequence[SocketEntry], edit: Edit) -> None:
        """Add an edit that is about to be done on ``shown``."""
        match edit:
            case Removal(first, last):
                for entry in shown[first : last + 1]:
                    self._leave(entry)
            case Insertion(_, entries):
                for entry in entries:
                    self._come(entry)
            case Update(first, entries):
                for old, new in zip(shown[first : first + len(entries)], entries, strict=True):
                    if old is not new:
                        self._leave(old)
                        self._come(new)
            case Reorder():
                self.is_reordered = True

    def _leave(self, entry: SocketEntry) -> None:
        if self._came.pop(id(entry), None) is None:
            self._left[id(entry)] = entry

    def _come(self, entry: SocketEntry) -> None:
        if self._left.pop(id(entry), None) is None:
            self._came[id(entry)] = entry
        else:
            # All rows were exchanged: those that stay may have got another order by it.
            self.is_reordered = True
