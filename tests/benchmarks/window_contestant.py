"""One window in a process of its own, told what to measure; prints one JSON document.

``window_contestant.py bare|start|stalls|tree|sorting|reading``; the environment's BENCH_STARTED is
the value of ``time.monotonic`` at which the process was started.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.app import RunningWindow

ROWS = 30_000
TREE_ROWS = 3_000
CHURN = 0.05
STALL_SECONDS = 20
SETTLE_SECONDS = 8
CPU_SECONDS = 20
PROBE_MS = 4


def since_start_ms() -> float:
    """Return how long ago the parent started this process."""
    return (time.monotonic() - float(os.environ["BENCH_STARTED"])) * 1000


def bare() -> dict[str, Any]:
    """Show a bare window with a table of 300 rows: what nobody can be faster than."""
    from PySide6.QtCore import QTimer  # noqa: PLC0415 - importing is part of the measurement
    from PySide6.QtGui import QStandardItem, QStandardItemModel  # noqa: PLC0415
    from PySide6.QtWidgets import QApplication, QMainWindow, QTableView  # noqa: PLC0415

    application = QApplication([])
    window, table, model = QMainWindow(), QTableView(), QStandardItemModel()
    for number in range(300):
        model.appendRow([QStandardItem(f"{number} {column}") for column in range(11)])
    table.setModel(model)
    window.setCentralWidget(table)
    window.resize(1240, 680)
    window.show()
    told: dict[str, Any] = {}

    def painted() -> None:
        told["painted_ms"] = since_start_ms()
        QTimer.singleShot(SETTLE_SECONDS * 1000, application.quit)

    QTimer.singleShot(0, lambda: (table.viewport().repaint(), painted()))
    application.exec()
    told["rss_mib"] = rss_mib()
    return told


def start() -> dict[str, Any]:
    """Open PortView on this machine's sockets; tell first rows, memory and processor time."""
    from PySide6.QtCore import QTimer  # noqa: PLC0415 - importing is part of the measurement

    from portview import app  # noqa: PLC0415
    from portview.readers.choose import open_reader  # noqa: PLC0415
    from portview.settings import Settings, settings_path  # noqa: PLC0415

    application = app.make_application()
    opened = app.open_window(open_reader(), Settings(settings_path()))
    opened.window.show()
    told: dict[str, Any] = {}

    def painted() -> None:
        opened.poller.snapshot_taken.disconnect(later)
        opened.window.table.viewport().repaint()
        told["painted_ms"] = since_start_ms()
        QTimer.singleShot(5000, app.settle_memory)
        QTimer.singleShot(SETTLE_SECONDS * 1000, settled)

    def settled() -> None:
        told["rss_mib"] = rss_mib()
        told["sockets"] = len(opened.window.model.all_entries())
        told["cpu"] = time.process_time()
        QTimer.singleShot(CPU_SECONDS * 1000, done)

    def done() -> None:
        told["cpu_percent"] = (time.process_time() - told.pop("cpu")) / CPU_SECONDS * 100
        opened.window.close()
        application.quit()

    later = lambda: QTimer.singleShot(0, painted)  # noqa: E731 - disconnected by name
    opened.poller.snapshot_taken.connect(later)
    application.exec()
    opened.close()
    return told


def stalls() -> dict[str, Any]:
    """Let 30,000 rows tick with 5 % churn and tell how late the event loop gets."""
    return lateness(*generated_window())


def tree() -> dict[str, Any]:
    """Tell the same of 3,000 rows that are grouped by process."""
    application, opened = generated_window(TREE_ROWS)
    opened.window.acts["group"].setChecked(True)
    return lateness(application, opened)


def lateness(application: Any, opened: RunningWindow) -> dict[str, Any]:
    """Tell how late the event loop of a window gets while it ticks."""
    from PySide6.QtCore import Qt, QTimer  # noqa: PLC0415

    late_ms: list[float] = []
    last = time.perf_counter()
    probe = QTimer()
    probe.setTimerType(Qt.TimerType.PreciseTimer)
    probe.setInterval(PROBE_MS)

    def on_probe() -> None:
        nonlocal last
        now = time.perf_counter()
        late_ms.append(max((now - last) * 1000 - PROBE_MS, 0.0))
        last = now

    def begin() -> None:
        nonlocal last
        last = time.perf_counter()
        probe.start()
        QTimer.singleShot(STALL_SECONDS * 1000, done)

    def done() -> None:
        probe.stop()
        opened.window.close()
        application.quit()

    probe.timeout.connect(on_probe)
    QTimer.singleShot(SETTLE_SECONDS * 1000, begin)
    application.exec()
    opened.close()
    late_ms.sort()
    return {
        "p50_ms": late_ms[len(late_ms) // 2],
        "p99_ms": late_ms[int(len(late_ms) * 0.99)],
        "max_ms": late_ms[-1],
        "rss_mib": rss_mib(),
    }


def sorting() -> dict[str, Any]:
    """Sort and filter 30,000 rows in every way; tell how long until the result is painted."""
    from PySide6.QtCore import Qt  # noqa: PLC0415

    from portview.domain.sockets.scope import Scope  # noqa: PLC0415
    from portview.domain.table.columns import COLUMNS  # noqa: PLC0415

    application, opened = generated_window()
    window = opened.window
    deadline = time.monotonic() + 60
    while len(window.model.all_entries()) < ROWS and time.monotonic() < deadline:
        application.processEvents()
    opened.poller.set_paused(True)
    window.set_scope(Scope.ALL)
    window.model.catch_up()

    def until_painted(act: Callable[[], object]) -> float:
        application.processEvents()
        started = time.perf_counter()
        act()
        window.model.catch_up()
        window.table.viewport().repaint()
        return (time.perf_counter() - started) * 1000

    took: dict[str, float] = {}
    header = window.table.horizontalHeader()
    for number, column in enumerate(COLUMNS):
        if not header.isSectionHidden(number):
            for order in Qt.SortOrder:
                act = lambda n=number, o=order: window.table.sortByColumn(n, o)  # noqa: E731
                took[f"sort {column.id} {order.name}"] = until_painted(act)
    for text in ("port:8000-9000", "proc:program12", "state:listen", "127.0.5", "-proc:program12"):
        took[f"filter {text}"] = until_painted(lambda t=text: window.filter_box.set_query_text(t))
        took[f"unfilter {text}"] = until_painted(lambda: window.filter_box.set_query_text(""))
    window.close()
    opened.close()
    return took


def reading() -> dict[str, Any]:
    """Select a row amid churn; tell how often it was not where it had been, and what grew."""
    from PySide6.QtCore import QTimer  # noqa: PLC0415

    from portview import app  # noqa: PLC0415
    from portview.domain.sockets.scope import Scope  # noqa: PLC0415
    from portview.readers.choose import open_reader  # noqa: PLC0415
    from portview.settings import Settings, settings_path  # noqa: PLC0415

    application = app.make_application()
    opened = app.open_window(open_reader(), Settings(settings_path()))
    window, table = opened.window, opened.window.table
    window.set_scope(Scope.ALL)
    window.resize(1240, 680)
    window.show()
    port, seconds = int(os.environ["BENCH_PORT"]), float(os.environ["BENCH_SECONDS"])
    places: list[tuple[object, int]] = []
    rss: list[float] = []

    def begin() -> None:
        entry = next(e for e in window.model.all_entries() if e.row.local.port == port)
        table.select_key(entry.row.key)
        table.verticalScrollBar().setValue(table.currentIndex().row() - 9)
        opened.poller.snapshot_taken.connect(note)
        QTimer.singleShot(int(seconds * 1000), done)

    def note() -> None:
        place = table.visualRect(table.currentIndex()).top()
        places.append((table.current_key(), place))
        rss.append(rss_mib() or 0.0)

    def done() -> None:
        window.close()
        application.quit()

    QTimer.singleShot(SETTLE_SECONDS * 1000, begin)
    application.exec()
    opened.close()
    tenth = max(len(rss) // 10, 1)
    return {
        "ticks": len(places),
        "ticks at which the row was another or elsewhere": sum(p != places[0] for p in places),
        "memory after a tenth of the time, MiB": rss[tenth],
        "memory at the end, MiB": rss[-1],
    }


def generated_window(rows: int = ROWS) -> tuple[Any, RunningWindow]:
    """Open a window on rows that a generator makes up, in the scope that shows them all."""
    from portview import app  # noqa: PLC0415
    from portview.domain.sockets.scope import Scope  # noqa: PLC0415
    from portview.settings import Settings, settings_path  # noqa: PLC0415

    application = app.make_application()
    opened = app.open_window(GeneratedReader(rows), Settings(settings_path()))
    opened.window.set_scope(Scope.ALL)
    opened.window.resize(1240, 680)
    opened.window.show()
    from PySide6.QtCore import QTimer  # noqa: PLC0415

    QTimer.singleShot(5000, app.settle_memory)
    return application, opened


class GeneratedReader:
    """Rows of 300 programs, 5 % of them exchanged at each reading."""

    source = "generated"

    def __init__(self, rows: int = ROWS) -> None:
        from portview.domain.owners.process import ProcessInfo, ProcessKey  # noqa: PLC0415

        self._random = random.Random(1)
        self._made = 0
        self._owners = [ProcessKey(pid, 1) for pid in range(1000, 1300)]
        self._infos = {
            owner: ProcessInfo(
                owner,
                name=f"program{owner.pid}",
                executable=f"/usr/bin/program{owner.pid}",
                command_line=(f"/usr/bin/program{owner.pid}", "--serve"),
                user="somebody",
            )
            for owner in self._owners
        }
        self._rows = tuple(self._row() for _ in range(rows))
        self._is_first = True

    def read(self) -> Any:
        """Return the next snapshot."""
        from portview.domain.sockets.snapshot import Snapshot, SnapshotDelta  # noqa: PLC0415

        if self._is_first:
            self._is_first = False
            return Snapshot(self._rows, self._infos, source=self.source)
        before = self._rows
        leaving = set(self._random.sample(range(len(before)), int(len(before) * CHURN / 2)))
        gone = tuple(before[number] for number in leaving)
        come = tuple(self._row() for _ in leaving)
        kept = (row for number, row in enumerate(before) if number not in leaving)
        self._rows = (*kept, *come)
        step = SnapshotDelta(before, gone, come)
        return Snapshot(self._rows, self._infos, source=self.source, step=step)

    def close(self) -> None:
        """Hold nothing open."""

    def _row(self) -> Any:
        from portview.domain.sockets.socket_row import (  # noqa: PLC0415
            Endpoint,
            Family,
            Protocol,
            SocketKey,
            SocketRow,
            State,
        )

        self._made += 1
        rng, owner = self._random, self._random.choice(self._owners)
        local = Endpoint(f"127.0.{self._made % 200}.{self._made % 251}", rng.randrange(1, 65_536))
        remote = Endpoint(f"127.9.{self._made % 100}.1", rng.randrange(1, 65_536))
        key = SocketKey(Protocol.TCP, Family.IPV4, local, remote, owner, self._made)
        state = State.LISTEN if self._made % 3 == 0 else State.ESTABLISHED
        return SocketRow(key, state, owner.pid)


def rss_mib() -> float | None:
    """Return the memory of this process that is in use now."""
    import psutil  # noqa: PLC0415 - a bare window goes without until it is measured

    return psutil.Process().memory_info().rss / 2**20


if __name__ == "__main__":
    modes = (bare, start, stalls, tree, sorting, reading)
    measure = next(mode for mode in modes if mode.__name__ == sys.argv[1])
    sys.stdout.write(f"{json.dumps(measure())}\n")
