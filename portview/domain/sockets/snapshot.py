"""A snapshot of the machine's sockets, and the difference between two."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import attrgetter, eq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.socket_row import SocketKey, SocketRow


@dataclass(frozen=True, slots=True)
class SnapshotDelta:
    """What a reader knows about the way from the rows of its last reading to the next ones.

    ``gone`` are the rows of ``before`` that are not among the new rows, as objects, and ``come``
    the new ones that were not among ``before``. A changed row is in both.
    """

    before: tuple[SocketRow, ...]
    gone: tuple[SocketRow, ...]
    come: tuple[SocketRow, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All socket rows of one reading, each key at most once.

    A row that did not change is the *same object* as in the snapshot before it, which makes
    ``diff`` cheap; nothing but speed depends on that. ``processes`` describes at least the owners
    of the rows. ``notes`` says in plain sentences what could not be read. ``step`` is for ``diff``.
    """

    rows: tuple[SocketRow, ...] = ()
    processes: Mapping[ProcessKey, ProcessInfo] = field(default_factory=dict, hash=False)
    taken_at_ms: int = 0
    source: str = ""
    read_ms: float = 0.0
    notes: tuple[str, ...] = ()
    step: SnapshotDelta | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Change:
    """One row before and after."""

    old: SocketRow
    new: SocketRow


@dataclass(frozen=True, slots=True)
class Diff:
    """What leads from one snapshot's rows to the next one's, in the order of the new rows."""

    removed: tuple[SocketRow, ...] = ()
    added: tuple[SocketRow, ...] = ()
    changed: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.removed or self.added or self.changed)


def diff(
    old: tuple[SocketRow, ...], new: tuple[SocketRow, ...], step: SnapshotDelta | None = None
) -> Diff:
    """Compare the rows of two snapshots by key.

    With the ``step`` that came with the new rows it costs what changed. Without one, or if that
    leads from other rows than ``old``, rows that are the same object in both are passed over at
    C speed by their ``id``, and keys are hashed only for the rest.
    """
    if step is not None and step.before is old:
        return _compare(step.gone, step.come)
    old_ids = set(map(id, old))
    new_ids = set(map(id, new))
    gone_ids = old_ids - new_ids
    come_ids = new_ids - old_ids
    return _compare(
        compress(old, map(gone_ids.__contains__, map(id, old))) if gone_ids else (),
        compress(new, map(come_ids.__contains__, map(id, new))) if come_ids else (),
    )


def _compare(gone: Iterable[SocketRow], come: Iterable[SocketRow]) -> Diff:
    gone_by_key: dict[SocketKey, SocketRow] = {row.key: row for row in gone}
    added: list[SocketRow] = []
    changed: list[Change] = []
    for row in come:
        before = gone_by_key.pop(row.key, None)
        if before is None:
            added.append(row)
        elif before != row:
            changed.append(Change(before, row))
    return Diff(tuple(gone_by_key.values()), tuple(added), tuple(changed))


def apply(difference: Diff, old: tuple[SocketRow, ...]) -> tuple[SocketRow, ...]:
    """Return ``old`` with a difference applied: changed in place, added rows at the end."""
    removed = {row.key for row in difference.removed}
    changed = {change.old.key: change.new for change in difference.changed}
    kept = [changed.get(row.key, row) for row in old if row.key not in removed]
    return (*kept, *difference.added)


class DiffSum:
    """Adds up differences that follow one another; each addition costs only its own size."""

    def __init__(self) -> None:
        """Start with nothing changed."""
        self._ends: dict[SocketKey, tuple[SocketRow | None, SocketRow | None]] = {}

    def __bool__(self) -> bool:
        """Return whether anything differs between the first and the last state."""
        return bool(self._ends)

    def __iter__(self) -> Iterator[SocketKey]:
        """Return the keys of all rows that differ."""
        return iter(self._ends)

    def row_after(self, key: SocketKey) -> SocketRow | None:
        """Return the last state of a row that differs; None where it is gone."""
        return self._ends[key][1]

    def __contains__(self, key: SocketKey) -> bool:
        """Return whether a row differs between the first and the last state."""
        return key in self._ends

    def add(self, difference: Diff) -> None:
        """Add the next difference."""
        for row in difference.removed:
            self._set(row, None)
        for row in difference.added:
            self._set(None, row)
        for change in difference.changed:
            self._set(change.old, change.new)

    def total(self) -> Diff:
        """Return the one difference that all of them make together."""
        ends = self._ends.values()
        return Diff(
            tuple(old for old, new in ends if old is not None and new is None),
            tuple(new for old, new in ends if old is None and new is not None),
            tuple(Change(old, new) for old, new in ends if old is not None and new is not None),
        )

    def _set(self, old: SocketRow | None, new: SocketRow | None) -> None:
        row = old or new
        if row is None:
            return
        key = row.key
        first = self._ends.pop(key, (old,))[0]
        if first != new:
            self._ends[key] = (first, new)


def split(difference: Diff, size: int) -> Iterator[Diff]:
    """Cut a difference into parts of at most ``size`` rows that have its effect one by one."""
    whole = len(difference.removed) + len(difference.changed) + len(difference.added)
    if whole <= size:
        if whole:
            yield difference
        return
    for first in range(0, len(difference.removed), size):
        yield Diff(removed=difference.removed[first : first + size])
    for first in range(0, len(difference.changed), size):
        yield Diff(changed=difference.changed[first : first + size])
    for first in range(0, len(difference.added), size):
        yield Diff(added=difference.added[first : first + size])


def compose(first: Diff, second: Diff) -> Diff:
    """Return the difference that has the effect of two, one after the other."""
    both = DiffSum()
    both.add(first)
    both.add(second)
    return both.total()


def rows_of_owner(rows: tuple[SocketRow, ...], owner: ProcessKey) -> tuple[SocketRow, ...]:
    """Return the rows that one process holds, at C speed: there may be tens of thousands."""
    is_its = map(eq, map(_OWNER_OF, rows), repeat(owner))
    return tuple(compress(rows, is_its))


_OWNER_OF = attrgetter("key.owner")
