"""What answers cost among a million spans, what a day adds to the store, and what a year holds."""

from __future__ import annotations

import random
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.snapshot import Snapshot
from portview.watch.history.counters import thin
from portview.watch.history.questions import HistoryQuestion, ask_history
from portview.watch.history.retention import Retention, prune, used_bytes
from portview.watch.history.schema import HISTORY
from portview.watch.history.tracker import ListenerTracker
from portview.watch.history.writing import HistoryWriter
from portview.watch.incidents.machine import Moment
from portview.watch.store.database import open_store, transaction
from tests.benchmarks.report import Report
from tests.factories import row

if TYPE_CHECKING:
    import sqlite3

    from tests.benchmarks.options import Options
    from tests.benchmarks.report import Cell

NAME = "history"
IS_LONG = False

_SPANS = 1_000_000
_PORTS = 3000
_BAR_MS = 50
_DAY_RESTARTS = 3000
_DAY_MS = 86_400_000
_YEAR_MS = 365 * _DAY_MS


def run(options: Options) -> Report:
    """Fill a store, ask about single ports, and record a day's restarts in another one."""
    rows: list[tuple[Cell, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spans.sqlite3")
        with closing(open_store(path, [HISTORY])) as connection:
            _fill(connection)
            size = used_bytes(connection)
        times = []
        for _ in range(max(options.rounds, 3)):
            began = time.perf_counter()
            answer = ask_history(HistoryQuestion(1 + random.randrange(_PORTS)), path)
            times.append((time.perf_counter() - began) * 1000)
        rows.append(("one port's answer, ms", median(times), max(times)))
        rows.append(("spans in the answer", float(len(answer.spans)), None))
        rows.append(("a million spans, MB", size / 1e6, None))
        rows.append(("a day's growth, MB", _day(Path(folder, "day.sqlite3")) / 1e6, None))
        rows += _year(Path(folder, "year.sqlite3"))
    notes = (
        f"{_SPANS:,} spans on {_PORTS:,} ports. The bar is {_BAR_MS} ms for one port's answer.",
        f"A year: {_SPANS:,} spans, hours of 40 busy ports, 20,000 events.",
        f"A day: {_PORTS:,} listening sockets of which {_DAY_RESTARTS:,} start again.",
    )
    return Report("History", ("what", "median", "longest"), tuple(rows), notes)


def _year(path: Path) -> list[tuple[Cell, ...]]:
    """Fill a store with a year's restarts, counts and events, and ask it what a window asks."""
    with closing(open_store(path, [HISTORY])) as connection:
        _fill(connection, _YEAR_MS // _SPANS)
        with transaction(connection):
            connection.execute("DELETE FROM looks")
            connection.executemany(
                "INSERT INTO looks (from_ms, until_ms, looker) VALUES (?, ?, 'bench')",
                ((day * _DAY_MS, (day + 1) * _DAY_MS - 3_600_000) for day in range(365)),
            )
            connection.executemany(
                "INSERT INTO events (at_ms, kind, port) VALUES (?, 'firing', ?)",
                ((n * _YEAR_MS // 20_000, 1 + n % _PORTS) for n in range(20_000)),
            )
            connection.executemany(
                "INSERT INTO counters VALUES (?, 3600, ?, 2.5, 9, 1000, 1000)",
                ((port, hour * 3_600_000) for port in range(1, 41) for hour in range(365 * 24)),
            )
        size = used_bytes(connection)
        began = time.perf_counter()
        thin(connection, _YEAR_MS)
        prune(connection, Retention(365, 2_000_000_000), _YEAR_MS)
        pruned_ms = (time.perf_counter() - began) * 1000
    rows: list[tuple[Cell, ...]] = [("a year's store, MB", size / 1e6, None)]
    middle = _YEAR_MS // 2
    for words, question in (
        ("a year: one port", HistoryQuestion(7)),
        ("a year: one port with counts", HistoryQuestion(7, with_counts=True)),
        ("a year: all ports, last day", HistoryQuestion(since_ms=_YEAR_MS - _DAY_MS)),
        (
            "a year: all ports, a day in the middle",
            HistoryQuestion(since_ms=middle, until_ms=middle + _DAY_MS),
        ),
        ("a year: all ports, 90 days", HistoryQuestion(since_ms=_YEAR_MS - 90 * _DAY_MS)),
    ):
        times = []
        for _ in range(3):
            began = time.perf_counter()
            ask_history(question, path)
            times.append((time.perf_counter() - began) * 1000)
        rows.append((f"{words}, ms", median(times), max(times)))
    rows.append(("a year: thinning and pruning, ms", pruned_ms, None))
    return rows


def _fill(connection: sqlite3.Connection, apart_ms: int = 30_000) -> None:
    with transaction(connection):
        for number in range(1000):
            connection.execute(
                "INSERT INTO owners (digest, process, command_line, user) VALUES (?, ?, ?, 'dev')",
                (number.to_bytes(16), f"server{number}", f'["server{number}", "--port"]'),
            )
        connection.executemany(
            "INSERT INTO spans (port, protocol, address, pid, owner, from_ms, to_ms, is_start_seen)"
            " VALUES (?, 'tcp', '0.0.0.0', ?, ?, ?, ?, 1)",
            (
                (1 + n % _PORTS, n % 32768, 1 + n % 1000, n * apart_ms, (n + _PORTS) * apart_ms)
                for n in range(_SPANS)
            ),
        )
        connection.execute(f"INSERT INTO looks VALUES (1, 0, {_SPANS * apart_ms}, 'bench')")  # noqa: S608


def _day(path: Path) -> int:
    with closing(open_store(path, [HISTORY])) as connection:
        tracker, writer = ListenerTracker(), HistoryWriter(connection, "bench")
        listening = [row(1 + port, pid=1 + port) for port in range(_PORTS)]
        processes = {
            ProcessKey(pid, 5): ProcessInfo(
                ProcessKey(pid, 5),
                f"server{pid % 200}",
                f"/opt/server{pid % 200}/bin/server",
                command_line=(f"server{pid % 200}", "--config", f"/etc/{pid % 200}.conf"),
                user="dev",
            )
            for pid in range(1, 1 + _PORTS + _DAY_RESTARTS)
        }
        writer.write(tracker.look(Snapshot(tuple(listening), processes), Moment(0, 0)))
        before = used_bytes(connection)
        for number in range(_DAY_RESTARTS):
            listening[number] = row(1 + number, pid=1 + _PORTS + number)
            at = Moment(number * 2.0, number * 2000)
            writer.write(tracker.look(Snapshot(tuple(listening), processes), at))
        return used_bytes(connection) - before
