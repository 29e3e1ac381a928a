"""Entries in a total order, kept up at the cost of what changes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import compress, groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from portview.models.edits import Edit, Insertion, Move, Removal, Reorder, Update, runs
from portview.models.splicing import cut_out, put_between

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from portview.domain.sockets.entry import SocketEntry

MOST_MOVES = 32
"""Beyond this many moves at once, one reordering of all rows is cheaper for everyone."""

place_of = attrgetter("place")
"""Where an entry stands among those of one value; a function, for sorting by."""

_is_shown = attrgetter("is_shown")


class SortedRows:
    """The shown entries, ascending by value and then by place; numbered from the end if descending.

    ``values_of`` gives what entries sort by, None where that is unknown. Descending is ascending
    read backwards, so that one sorted list serves both and a row is found by bisection; only the
    unknown, which go last in both directions, stand at the end of the list or at its beginning.
    """

    def __init__(
        self, values_of: Callable[[Collection[SocketEntry]], list[Any]], *, is_descending: bool
    ) -> None:
        """Start empty."""
        self._values_of = values_of
        self.is_descending = is_descending
        self._entries: list[SocketEntry] = []
        # Beside the entries, because lists of one plain type are sorted and searched several
        # times faster than tuples with the place in them.
        self._values: list[Any] = []
        self._unknown = 0

    def __len__(self) -> int:
        """Return how many rows are shown."""
        return len(self._entries)

    def in_order(self) -> list[SocketEntry]:
        """Return all entries from the top."""
        return self._entries[::-1] if self.is_descending else self._entries[:]

    def number(self, entry: SocketEntry) -> int:
        """Return the number of a shown entry, 0 at the top."""
        return self._mirrored(self._at(entry))

    def take_out(self, entries: Iterable[SocketEntry]) -> list[Edit]:
        """Remove shown entries: runs from the bottom up."""
        leaving = list(runs(sorted(self._at(entry) for entry in entries)))
        edits: list[Edit] = []
        for first, last in leaving:
            for entry in self._entries[first : last + 1]:
                self._unknown -= entry.order is None
                entry.is_shown = False
            edits.append(Removal(*sorted((self._mirrored(first), self._mirrored(last)))))
        cut_out(self._entries, leaving)
        cut_out(self._values, leaving)
        return edits if self.is_descending else edits[::-1]

    def put_in(self, entries: Collection[SocketEntry]) -> list[Edit]:
        """Insert entries: runs from the top down."""
        if not entries:
            return []
        coming, values, unknown = self._sorted(sorted(entries, key=place_of))
        length = len(self._entries)
        placed = [
            (self._spot(value, entry.place), entry, value)
            for entry, value in zip(coming, values, strict=True)
        ]
        found: list[tuple[int, list[SocketEntry]]] = []
        values_found: list[tuple[int, list[Any]]] = []
        for at, group in groupby(placed, key=itemgetter(0)):
            here = list(group)
            found.append((at, [entry for _, entry, _ in here]))
            values_found.append((at, [value for _, _, value in here]))
        put_between(self._entries, found)
        put_between(self._values, values_found)
        self._unknown += unknown
        edits: list[Edit] = []
        inserted = 0
        for at, run in reversed(found) if self.is_descending else found:
            first = inserted + (length - at if self.is_descending else at)
            edits.append(Insertion(first, tuple(reversed(run) if self.is_descending else run)))
            inserted += len(run)
        return edits

    def exchange(self, entries: Sequence[SocketEntry]) -> list[Edit]:
        """Show these entries, given by their places, and no others: all rows go, and all come."""
        edits: list[Edit] = [Removal(0, len(self._entries) - 1)] if self._entries else []
        for entry in self._entries:
            entry.is_shown = False
        self._entries, self._values, self._unknown = self._sorted(entries)
        return [*edits, Insertion(0, tuple(self.in_order()))] if entries else edits

    def replace(self, pairs: Sequence[tuple[SocketEntry, SocketEntry]]) -> list[Edit]:
        """Put new entries in the place of shown ones of the same sockets; some may move."""
        new_entries = [new for _, new in pairs]
        staying: list[SocketEntry] = []
        moving: list[tuple[SocketEntry, SocketEntry, Any]] = []
        for (old, new), value in zip(pairs, self._values_of(new_entries), strict=True):
            if value == old.order:
                self._put_at(self._at(old), old, new)
                staying.append(new)
            else:
                moving.append((old, new, value))
        if len(moving) <= MOST_MOVES:
            edits = [edit for each in moving for edit in self._move(*each)]
            return [*edits, *self._updates(new_entries)]
        for old, new, _ in moving:
            self._put_at(self._at(old), old, new)
        # Reported where they stand, so that the reordering is one of the same entries.
        updates = self._updates(new_entries)
        by_place = sorted(self._entries, key=place_of)
        return [*updates, *self.sort(by_place, is_descending=self.is_descending)]

    def sort(self, entries: Collection[SocketEntry], *, is_descending: bool) -> list[Edit]:
        """Ask for all values again: one Reorder, or nothing where the rows stand well already.

        ``entries`` are by their places; they hold those that are shown, and may hold others.
        """
        before = self.in_order()
        self.is_descending = is_descending
        shown = list(compress(entries, map(_is_shown, entries)))
        self._entries, self._values, self._unknown = self._sorted(shown)
        return self._reordered(before)

    def turn(self, *, is_descending: bool) -> list[Edit]:
        """Read the same values in this direction: what ``sort`` does for values that stayed."""
        if is_descending == self.is_descending:
            return []
        before = self.in_order()
        cut = self._unknown if self.is_descending else len(self._entries) - self._unknown
        self._entries = self._entries[cut:] + self._entries[:cut]
        self._values = self._values[cut:] + self._values[:cut]
        self.is_descending = is_descending
        return self._reordered(before)

    def _reordered(self, before: list[SocketEntry]) -> list[Edit]:
        after = self.in_order()
        return [] if after == before else [Reorder(tuple(after))]

    def _sorted(self, by_place: Sequence[SocketEntry]) -> tuple[list[SocketEntry], list[Any], int]:
        """Return entries and their values in this order, and how many values are unknown."""
        values = self._values_of(by_place)
        for entry, value in zip(by_place, values, strict=True):
            entry.order = value
            entry.is_shown = True
        numbers = range(len(values))
        if None not in values:
            in_order = sorted(numbers, key=values.__getitem__)
            unknown = 0
        else:
            known = [number for number in numbers if values[number] is not None]
            without = [number for number in numbers if values[number] is None]
            known.sort(key=values.__getitem__)
            in_order = without + known if self.is_descending else known + without
            unknown = len(without)
        entries = list(map(by_place.__getitem__, in_order))
        return entries, list(map(values.__getitem__, in_order)), unknown

    def _put_at(self, at: int, old: SocketEntry, new: SocketEntry) -> None:
        new.order = old.order
        new.is_shown, old.is_shown = True, False
        self._entries[at] = new

    def _move(self, old: SocketEntry, new: SocketEntry, value: Any) -> list[Edit]:
        at = self._at(old)
        del self._entries[at], self._values[at]
        self._unknown -= old.order is None
        old.is_shown = False
        new.order = value
        new.is_shown = True
        to = self._spot(value, new.place)
        self._entries.insert(to, new)
        self._values.insert(to, value)
        # Counted when it is there, because its place is looked for among those that are.
        self._unknown += value is None
        return [] if to == at else [Move(self._mirrored(at), self._mirrored(to))]

    def _updates(self, entries: Iterable[SocketEntry]) -> list[Edit]:
        numbers = sorted(self.number(entry) for entry in entries)
        return [Update(first, tuple(self._between(first, last))) for first, last in runs(numbers)]

    def _between(self, first: int, last: int) -> list[SocketEntry]:
        """Return the entries of two row numbers and between them, from the top."""
        if not self.is_descending:
            return self._entries[first : last + 1]
        return self._entries[self._mirrored(last) : self._mirrored(first) + 1][::-1]

    def _spot(self, value: Any, place: bytes) -> int:
        """Return where an entry with this value and place stands or would stand."""
        length, unknown = len(self._entries), self._unknown
        if value is None:
            first, last = (0, unknown) if self.is_descending else (length - unknown, length)
        else:
            first, last = (unknown, length) if self.is_descending else (0, length - unknown)
            first = bisect_left(self._values, value, first, last)
            last = bisect_right(self._values, value, first, last)
        return bisect_left(self._entries, place, first, last, key=place_of)

    def _at(self, entry: SocketEntry) -> int:
        at = self._spot(entry.order, entry.place)
        # Two spellings of one address would be two sockets with one place.
        while self._entries[at] is not entry:
            at += 1
        return at

    def _mirrored(self, at: int) -> int:
        return len(self._entries) - 1 - at if self.is_descending else at
