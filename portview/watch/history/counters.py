"""Keeps counts of connections and bytes: by the second, later by the minute, then by the hour.

A row with a step of one second says what holds from its moment on, until the next row of its port
or the end of its stretch of looking; so a port at which nothing changes costs nothing. Rows of
minutes and hours have the mean and the highest count of their time; one that is missing means that
nothing was there, as far as anybody looked. Bytes are those that went through since the row before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from portview.watch.store.database import transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

SECOND, MINUTE, HOUR = 1, 60, 3600
_FINE_MS = 3_600_000
"""How long counts are kept by the second."""

_MIDDLE_MS = 7 * 86_400_000
"""How long counts are kept by the minute."""


class CountPoint(NamedTuple):
    """What a port had in a time. Bytes are None where they were not counted."""

    from_ms: int
    to_ms: int
    connections: float
    most: int
    received: int | None
    sent: int | None
    step_s: int = SECOND
    """What it was kept by; bytes of single seconds went through in the ten seconds before."""


class Stretches:
    """The times in which somebody looked, by their beginning."""

    def __init__(self, looks: Iterable[tuple[int, int]]) -> None:
        """Store beginnings and ends."""
        ordered = sorted(looks)
        self._begins = [begin for begin, _end in ordered]
        self._ends = [end for _begin, end in ordered]

    def end_of(self, moment_ms: int) -> int:
        """Return the end of the stretch that a moment lies in, the moment itself outside of all."""
        place = bisect_right(self._begins, moment_ms) - 1
        return max(moment_ms, self._ends[place]) if place >= 0 else moment_ms

    def looked_ms(self, from_ms: int, to_ms: int) -> int:
        """Return for how long somebody looked between two moments."""
        place = max(0, bisect_right(self._begins, from_ms) - 1)
        whole = 0
        while place < len(self._begins) and self._begins[place] < to_ms:
            whole += max(0, min(self._ends[place], to_ms) - max(self._begins[place], from_ms))
            place += 1
        return whole


class CounterBuffer:
    """Gathers what changed, so that it is written every few seconds at most. One thread."""

    def __init__(self) -> None:
        """Begin empty."""
        self._rows: dict[tuple[int, int], list[int | None]] = {}
        self._counts: dict[int, int] = {}

    def __bool__(self) -> bool:
        """Return whether there is anything to write."""
        return bool(self._rows)

    def count(self, at_ms: int, counts: Iterable[tuple[int, int]]) -> None:
        """Take in how many connections ports have from a moment on."""
        second = at_ms // 1000 * 1000
        for port, count in counts:
            self._counts[port] = count
            row = self._rows.setdefault((port, second), [count, count, None, None])
            row[0], row[1] = count, max(row[1] or 0, count)

    def move(self, at_ms: int, received: dict[int, int], sent: dict[int, int]) -> None:
        """Take in how many bytes went through ports since the last time."""
        second = at_ms // 1000 * 1000
        for port in received.keys() | sent.keys():
            came, went = received.get(port, 0), sent.get(port, 0)
            if not came and not went:
                continue
            count = self._counts.get(port, 0)
            row = self._rows.setdefault((port, second), [count, count, None, None])
            row[2], row[3] = (row[2] or 0) + came, (row[3] or 0) + went

    def write(self, connection: sqlite3.Connection) -> None:
        """Store what was gathered, as one transaction. Raises sqlite3.Error."""
        with transaction(connection):
            _put(
                connection,
                ((port, SECOND, at_ms, *values) for (port, at_ms), values in self._rows.items()),
            )
        self._rows.clear()


def thin(connection: sqlite3.Connection, now_ms: int) -> None:
    """Turn what is older than an hour into minutes, and older than a week into hours.

    Raises sqlite3.Error; nothing is changed then.
    """
    with transaction(connection):
        stretches = _stretches(connection)
        _thin_seconds(connection, (now_ms - _FINE_MS) // 60_000 * 60_000, stretches)
        _thin_minutes(connection, (now_ms - _MIDDLE_MS) // 3_600_000 * 3_600_000, stretches)


def read_counts(
    connection: sqlite3.Connection, port: int, from_ms: int, to_ms: int
) -> tuple[CountPoint, ...]:
    """Return what is known of a port between two moments, by time. Raises sqlite3.Error."""
    stretches = _stretches(connection)
    points = []
    for step in (HOUR, MINUTE):
        thinned = connection.execute(
            "SELECT at_ms, connections, most, received, sent FROM counters"
            " WHERE port = ? AND step_s = ? AND at_ms > ? AND at_ms <= ? ORDER BY at_ms",
            (port, step, from_ms - step * 1000, to_ms),
        )
        points += [
            CountPoint(at_ms, at_ms + step * 1000, mean, most, received, sent, step)
            for at_ms, mean, most, received, sent in thinned
        ]
    rows = connection.execute(
        "SELECT at_ms, connections, most, received, sent FROM counters WHERE port = ?"
        " AND step_s = 1 AND at_ms <= ? AND at_ms >= coalesce((SELECT max(at_ms) FROM counters"
        " WHERE port = ? AND step_s = 1 AND at_ms <= ?), 0) ORDER BY at_ms",
        (port, to_ms, port, from_ms),
    ).fetchall()
    for number, (at_ms, connections, *rest) in enumerate(rows):
        until_ms = _holds_until(rows, number, stretches)
        if until_ms >= from_ms:
            points.append(CountPoint(at_ms, until_ms, connections, *rest))
    return tuple(sorted(points))


def _holds_until(rows: Sequence[tuple[int, ...]], number: int, stretches: Stretches) -> int:
    end_ms = stretches.end_of(rows[number][0])
    # A count is kept by whole seconds, and may lie just before the stretch that it belongs to.
    end_ms = max(end_ms, stretches.end_of(rows[number][0] + 999))
    return min(end_ms, rows[number + 1][0]) if number + 1 < len(rows) else end_ms


def _stretches(connection: sqlite3.Connection) -> Stretches:
    return Stretches(connection.execute("SELECT from_ms, until_ms FROM looks"))


def _put(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]]) -> None:
    connection.executemany("INSERT OR REPLACE INTO counters VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


class _Sum:
    """Adds up one minute of one port."""

    def __init__(self) -> None:
        self.count_ms = 0.0
        self.most = 0
        self.received: int | None = None
        self.sent: int | None = None

    def add(
        self, count: float, most: int, for_ms: float, moved: Sequence[int | None] = (None, None)
    ) -> None:
        self.count_ms += count * for_ms
        self.most = max(self.most, most)
        received, sent = moved
        if received is not None:
            self.received = (self.received or 0) + received
        if sent is not None:
            self.sent = (self.sent or 0) + sent

    def row(self, port: int, step: int, at_ms: int, looked_ms: int) -> tuple[object, ...] | None:
        if not self.most and not self.received and not self.sent:
            return None
        mean = self.count_ms / looked_ms if looked_ms else float(self.most)
        mean = min(mean, float(self.most))
        return port, step, at_ms, round(mean, 3), self.most, self.received, self.sent


def _thin_seconds(connection: sqlite3.Connection, cut_ms: int, stretches: Stretches) -> None:
    rows = connection.execute(
        "SELECT port, at_ms, connections, most, received, sent FROM counters"
        " WHERE step_s = 1 AND at_ms < ? ORDER BY port, at_ms",
        (cut_ms,),
    ).fetchall()
    if not rows:
        return
    following = dict(
        connection.execute(
            "SELECT port, min(at_ms) FROM counters WHERE step_s = 1 AND at_ms >= ? GROUP BY port",
            (cut_ms,),
        )
    )
    connection.execute("DELETE FROM counters WHERE step_s = 1 AND at_ms < ?", (cut_ms,))
    for port, group in groupby(rows, key=itemgetter(0)):
        changes = [row[1:] for row in group]
        sums: defaultdict[int, _Sum] = defaultdict(_Sum)
        for number, (at_ms, count, most, *moved) in enumerate(changes):
            until_ms = _holds_until(changes, number, stretches)
            # Bytes and a highest count that was over within its second belong to its minute.
            sums[at_ms // 60_000].add(0, most, 0, moved)
            for begin, end in _pieces(at_ms, min(until_ms, cut_ms), 60_000):
                sums[begin // 60_000].add(count, round(count), end - begin)
        last_ms, count = changes[-1][0], changes[-1][1]
        holds_on = stretches.end_of(last_ms + 999) > cut_ms
        if count and holds_on and following.get(port, cut_ms + 1) > cut_ms:
            _put(connection, [(port, SECOND, cut_ms, count, round(count), None, None)])
        _put(connection, _sum_rows(sums, port, MINUTE, stretches))


def _thin_minutes(connection: sqlite3.Connection, cut_ms: int, stretches: Stretches) -> None:
    rows = connection.execute(
        "SELECT port, at_ms, connections, most, received, sent FROM counters"
        " WHERE step_s = 60 AND at_ms < ? ORDER BY port, at_ms",
        (cut_ms,),
    ).fetchall()
    connection.execute("DELETE FROM counters WHERE step_s = 60 AND at_ms < ?", (cut_ms,))
    for port, group in groupby(rows, key=itemgetter(0)):
        sums: defaultdict[int, _Sum] = defaultdict(_Sum)
        for _port, at_ms, count, most, *moved in group:
            looked_ms = stretches.looked_ms(at_ms, at_ms + 60_000)
            sums[at_ms // 3_600_000].add(count, most, looked_ms, moved)
        _put(connection, _sum_rows(sums, port, HOUR, stretches))


def _sum_rows(
    sums: dict[int, _Sum], port: int, step: int, stretches: Stretches
) -> Iterator[tuple[object, ...]]:
    for number, one in sums.items():
        at_ms = number * step * 1000
        row = one.row(port, step, at_ms, stretches.looked_ms(at_ms, at_ms + step * 1000))
        if row is not None:
            yield row


def _pieces(from_ms: int, to_ms: int, length_ms: int) -> Iterator[tuple[int, int]]:
    """Yield a time cut at whole multiples of a length."""
    while from_ms < to_ms:
        end_ms = min(to_ms, (from_ms // length_ms + 1) * length_ms)
        yield from_ms, end_ms
        from_ms = end_ms
