"""The edits that lead from one list of shown rows to the next, to be applied one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.domain.sockets.entry import SocketEntry


class Removal(NamedTuple):
    """Rows from ``first`` to ``last``, both included, go."""

    first: int
    last: int


class Move(NamedTuple):
    """One row goes from ``source`` to ``target``, which is its number afterwards.

    Qt's ``beginMoveRows`` counts before the move: its destination is ``target`` for a move up and
    ``target + 1`` for a move down.
    """

    source: int
    target: int


class Update(NamedTuple):
    """Rows from ``first`` on are replaced by other entries of the same sockets."""

    first: int
    entries: tuple[SocketEntry, ...]


class Reorder(NamedTuple):
    """All rows change places: the same entries stand in another order."""

    entries: tuple[SocketEntry, ...]


class Insertion(NamedTuple):
    """Rows come in, so that they begin at ``first``."""

    first: int
    entries: tuple[SocketEntry, ...]


Edit = Removal | Move | Update | Reorder | Insertion


def apply_edit(rows: list[SocketEntry], edit: Edit) -> None:
    """Do one edit on a list."""
    match edit:
        case Removal(first, last):
            del rows[first : last + 1]
        case Move(source, target):
            rows.insert(target, rows.pop(source))
        case Update(first, entries):
            rows[first : first + len(entries)] = entries
        case Reorder(entries):
            rows[:] = entries
        case Insertion(first, entries):
            rows[first:first] = entries


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join ascending numbers to runs: 1 2 3 7 gives (1, 3) and (7, 7)."""
    ascending = iter(numbers)
    first = last = next(ascending, None)
    for number in ascending:
        if last is not None and number != last + 1:
            yield first or 0, last
            first = number
        last = number
    if first is not None and last is not None:
        yield first, last
