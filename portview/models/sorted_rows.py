"""Entries in a total order, kept up at the cost of what changes."""

from __future__ import annotations

from bisect import bisect_left
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from portview.models.edits import Edit, Insertion, Move, Removal, Reorder, Update, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portview.domain.entry import Entry

MOST_MOVES = 32
"""Beyond this many moves at once, one reordering of all rows is cheaper for everyone."""

_order = attrgetter("order")

Order = tuple[int, Any, bytes]
"""What a row sorts by: before, among or behind what is known; the value; the entry's place."""


class SortedRows:
    """The shown entries, ascending by ``Entry.order``; numbered from the end where descending.

    ``orders_of`` gives what entries sort by, unique for each socket. Descending is ascending
    read backwards, so that one sorted list serves both and a row is found by bisection.
    """

    def __init__(
        self, orders_of: Callable[[Iterable[Entry]], list[Order]], *, is_descending: bool
    ) -> None:
        """Start empty."""
        self._orders_of = orders_of
        self.is_descending = is_descending
        self._entries: list[Entry] = []
        self._orders: list[Order] = []

    def __len__(self) -> int:
        """Return how many rows are shown."""
        return len(self._entries)

    def in_order(self) -> list[Entry]:
        """Return all entries from the top."""
        return self._entries[::-1] if self.is_descending else self._entries[:]

    def number(self, entry: Entry) -> int:
        """Return the number of a shown entry, 0 at the top."""
        return self._mirrored(self._at(entry))

    def take_out(self, entries: Iterable[Entry]) -> list[Edit]:
        """Remove shown entries: runs from the bottom up."""
        found = list(runs(sorted(self._at(entry) for entry in entries)))
        edits: list[Edit] = []
        kept_entries: list[Entry] = []
        kept_orders: list[Order] = []
        start = 0
        for first, last in found:
            for entry in self._entries[first : last + 1]:
                entry.order = None
            kept_entries += self._entries[start:first]
            kept_orders += self._orders[start:first]
            start = last + 1
            numbers = sorted((self._mirrored(first), self._mirrored(last)))
            edits.append(Removal(*numbers))
        self._entries = kept_entries + self._entries[start:]
        self._orders = kept_orders + self._orders[start:]
        return edits if self.is_descending else edits[::-1]

    def put_in(self, entries: Iterable[Entry]) -> list[Edit]:
        """Insert entries: runs from the top down."""
        coming = list(entries)
        for entry, order in zip(coming, self._orders_of(coming), strict=True):
            entry.order = order
        coming.sort(key=_order)
        length = len(self._entries)
        placed = [(bisect_left(self._orders, entry.order), entry) for entry in coming]
        all_entries: list[Entry] = []
        all_orders: list[Order] = []
        found: list[tuple[int, list[Entry]]] = []
        start = 0
        for at, group in groupby(placed, key=itemgetter(0)):
            run = [entry for _, entry in group]
            found.append((at, run))
            all_entries += self._entries[start:at]
            all_orders += self._orders[start:at]
            all_entries += run
            all_orders += map(_order, run)
            start = at
        self._entries = all_entries + self._entries[start:]
        self._orders = all_orders + self._orders[start:]
        edits: list[Edit] = []
        inserted = 0
        for at, run in reversed(found) if self.is_descending else found:
            first = inserted + (length - at if self.is_descending else at)
            edits.append(Insertion(first, tuple(reversed(run) if self.is_descending else run)))
            inserted += len(run)
        return edits

    def exchange(self, entries: Iterable[Entry]) -> list[Edit]:
        """Show these entries and no others: all rows go, and all come."""
        edits: list[Edit] = [Removal(0, len(self._entries) - 1)] if self._entries else []
        coming = list(entries)
        orders = self._orders_of(coming)
        for entry in self._entries:
            entry.order = None
        for entry, order in zip(coming, orders, strict=True):
            entry.order = order
        numbers = _sorted_numbers(orders)
        self._entries = coming = [coming[number] for number in numbers]
        self._orders = [orders[number] for number in numbers]
        return [*edits, Insertion(0, tuple(self.in_order()))] if coming else edits

    def replace(self, pairs: Sequence[tuple[Entry, Entry]]) -> list[Edit]:
        """Put new entries in the place of shown ones of the same sockets; some may move."""
        moving: list[tuple[Entry, Entry]] = []
        orders = self._orders_of([new for _, new in pairs])
        for (old, new), order in zip(pairs, orders, strict=True):
            new.order = order
            if new.order == old.order:
                self._entries[self._at(old)] = new
                old.order = None
            else:
                moving.append((old, new))
        if len(moving) <= MOST_MOVES:
            edits: list[Edit] = [edit for old, new in moving for edit in self._move(old, new)]
        else:
            for old, new in moving:
                self._entries[self._at(old)] = new
            for old, _ in moving:
                old.order = None
            edits = self._put_in_order(was_descending=self.is_descending)
        return [*edits, *self._updates([new for _, new in pairs])]

    def sort(self, *, is_descending: bool) -> list[Edit]:
        """Ask for all orders anew: one Reorder, or nothing where the rows stand well already."""
        was_descending, self.is_descending = self.is_descending, is_descending
        for entry, order in zip(self._entries, self._orders_of(self._entries), strict=True):
            entry.order = order
        return self._put_in_order(was_descending=was_descending)

    def _put_in_order(self, *, was_descending: bool) -> list[Edit]:
        entries = self._entries
        orders = list(map(_order, entries))
        last = len(entries) - 1
        places = _sorted_numbers(orders)
        self._entries = [entries[place] for place in places]
        self._orders = [orders[place] for place in places]
        if self.is_descending:
            places.reverse()
        numbers = [last - place for place in places] if was_descending else places
        return [] if numbers == list(range(len(numbers))) else [Reorder(tuple(numbers))]

    def _move(self, old: Entry, new: Entry) -> list[Edit]:
        at = self._at(old)
        old.order = None
        del self._entries[at], self._orders[at]
        to = bisect_left(self._orders, new.order)
        self._entries.insert(to, new)
        self._orders.insert(to, new.order)
        if to == at:
            return []
        return [Move(self._mirrored(at), self._mirrored(to))]

    def _updates(self, entries: Iterable[Entry]) -> list[Edit]:
        shown = self.in_order()
        return [
            Update(first, tuple(shown[first : last + 1]))
            for first, last in runs(sorted(self.number(entry) for entry in entries))
        ]

    def _at(self, entry: Entry) -> int:
        at = bisect_left(self._orders, entry.order)
        # Two spellings of one address would be two sockets with one order.
        while self._entries[at] is not entry:
            at += 1
        return at

    def _mirrored(self, at: int) -> int:
        return len(self._entries) - 1 - at if self.is_descending else at


def _sorted_numbers(orders: list[Order]) -> list[int]:
    """Return the numbers of the orders from the smallest on.

    In two passes, by place and then by value: lists of one plain type sort several times faster
    than tuples that hold them.
    """
    numbers = sorted(range(len(orders)), key=[place for _, _, place in orders].__getitem__)
    values = [value for _, value, _ in orders]
    known = [number for number in numbers if orders[number][0] == 0]
    known.sort(key=values.__getitem__)
    before = [number for number in numbers if orders[number][0] < 0]
    after = [number for number in numbers if orders[number][0] > 0]
    return before + known + after
