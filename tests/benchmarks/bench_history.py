"""What one port's history costs among a million spans, and what a day adds to the store."""

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
from portview.watch.history.questions import HistoryQuestion, ask_history
from portview.watch.history.retention import used_bytes
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
    notes = (
        f"{_SPANS:,} spans on {_PORTS:,} ports. The bar is {_BAR_MS} ms for one port's answer.",
        f"A day: {_PORTS:,} listening sockets of which {_DAY_RESTARTS:,} start again.",
    )
    return Report("History", ("what", "median", "longest"), tuple(rows), notes)


def _fill(connection: sqlite3.Connection) -> None:
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
                (1 + n % _PORTS, n % 32768, 1 + n % 1000, n * 30_000, n * 30_000 + 20_000)
                for n in range(_SPANS)
            ),
        )
        connection.execute(f"INSERT INTO looks VALUES (1, 0, {_SPANS * 30_000}, 'bench')")  # noqa: S608


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
