"""The order of a table's rows, for those who keep some of its entries in lists of their own."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portview.domain.sockets.entry import SocketEntry


class TableOrder:
    """Sorts and finds shown entries by what the table sorted them by, as it stands now."""

    def __init__(self, *, is_descending: bool) -> None:
        """Store the direction; the values are in the entries."""
        self.is_descending = is_descending

    def key(self, entry: SocketEntry) -> tuple[bool, Any, bytes]:
        """Return what entries compare by, in this direction; the unknown stand last in both."""
        return ((entry.order is None) != self.is_descending, entry.order, entry.place)

    def sorted(self, entries: Iterable[SocketEntry]) -> list[SocketEntry]:
        """Return entries in the order of the table."""
        return sorted(entries, key=self.key, reverse=self.is_descending)

    def spot(self, entries: Sequence[SocketEntry], entry: SocketEntry) -> int:
        """Return where an entry stands, or would stand, among entries in the order of the table."""
        wanted, first, last = self.key(entry), 0, len(entries)
        while first < last:
            middle = (first + last) // 2
            here = self.key(entries[middle])
            if here > wanted if self.is_descending else here < wanted:
                first = middle + 1
            else:
                last = middle
        return first

    def number(self, entries: list[SocketEntry], entry: SocketEntry) -> int:
        """Return the number of an entry that is among them, also of one that the table let go."""
        at = self.spot(entries, entry)
        # What has left may have another value than it would have now.
        return at if at < len(entries) and entries[at] is entry else entries.index(entry)

    def stands_well(self, entries: Sequence[SocketEntry], number: int) -> bool:
        """Return whether an entry stands between its neighbours."""
        near = [self.key(entry) for entry in entries[max(number - 1, 0) : number + 2]]
        return near == sorted(near, reverse=self.is_descending)

    def insertions(
        self, entries: Sequence[SocketEntry], coming: Iterable[SocketEntry]
    ) -> Iterator[tuple[int, list[SocketEntry]]]:
        """Return runs of entries to insert and where, from the last one to the first."""
        spots = [(self.spot(entries, entry), entry) for entry in self.sorted(coming)]
        for at, run in groupby(reversed(spots), key=itemgetter(0)):
            yield at, [entry for _, entry in run][::-1]
