"""How punctual the table's tick is while 500 probes run, beside a quiet window."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from portview import app
from portview.domain.user_input.targets import Target
from portview.engine.task_runner import Pool
from portview.probes.scan import scan
from portview.probes.tcp import probe_tcp
from portview.probes.udp import probe_udp
from portview.readers.choose import open_reader
from portview.settings import Settings
from tests.benchmarks.report import Report
from tests.benchmarks.socket_load import SocketLoad

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.app import RunningWindow
    from portview.engine.task_runner import Work
    from tests.benchmarks.options import Options

NAME = "probe_tick"
IS_LONG = False

_PROBES = 500
_INTERVAL_MS = 500
_STALL_EVERY_MS = 5
_SOCKETS = 300
_SILENT_SHARE = 5
_WARM_UP_TICKS = 2


def run(options: Options) -> Report:
    """Measure a quiet window, then one that keeps 500 probes going, then one that scans."""
    if sys.platform != "win32":
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication.instance() or app.make_application()
    rows = []
    with tempfile.TemporaryDirectory() as folder, SocketLoad(_SOCKETS):
        for name, work in (
            ("quiet", None),
            (f"{_PROBES} probes under way", _keep_probing),
            ("all ports of localhost, again and again", _keep_scanning),
        ):
            with ExitStack() as stack:
                opened = stack.enter_context(_open(Path(folder, "settings.json")))
                punctuality = _Punctuality(opened)
                done = stack.enter_context(work(opened)) if work else [0]
                punctuality.watch(options.rounds)
                rows.append((name, *punctuality.figures(), float(done[0])))
    del application
    return Report(
        f"Punctuality of the tick ({_INTERVAL_MS} ms, {_SOCKETS} sockets, "
        f"{options.rounds} ticks each)",
        (
            "what",
            "tick late, ms: median",
            "tick late: worst",
            "reading, ms: median",
            "UI stall, ms: p99",
            "UI stall: worst",
            "finished meanwhile",
        ),
        tuple(rows),
        (
            "Late is what a tick takes beyond the interval, from snapshot to snapshot.",
            f"A stall is how late a timer of {_STALL_EVERY_MS} ms fires on the UI thread.",
        ),
    )


@contextmanager
def _open(settings: Path) -> Iterator[RunningWindow]:
    reader = open_reader()
    opened = app.open_window(reader, Settings(settings))
    opened.poller.set_interval(_INTERVAL_MS)
    opened.window.show()
    try:
        yield opened
    finally:
        opened.window.close()
        opened.close()
        reader.close()
        opened.window.deleteLater()


class _Punctuality(QObject):
    """Notes when snapshots arrive, and how late the UI thread answers a short timer."""

    def __init__(self, opened: RunningWindow) -> None:
        super().__init__()
        self._loop = QEventLoop()
        self._wanted = 0
        self._taken_s: list[float] = []
        self._read_ms: list[float] = []
        self._stalls_ms: list[float] = []
        self._expected_s = 0.0
        self._short = QTimer(self)
        self._short.setSingleShot(True)
        self._short.timeout.connect(self._on_short)
        opened.poller.snapshot_taken.connect(self._on_snapshot)

    def watch(self, ticks: int) -> None:
        """Run the event loop until so many intervals were seen, after some that warm up."""
        self._wanted = ticks + _WARM_UP_TICKS + 1
        self._arm()
        self._loop.exec()
        self._short.stop()

    def figures(self) -> tuple[float, ...]:
        """Return how late: tick median and worst, reading median, stall p99 and worst."""
        taken = self._taken_s[_WARM_UP_TICKS:]
        late = [(after - before) * 1000 - _INTERVAL_MS for before, after in pairwise(taken)]
        return (
            median(late),
            max(late),
            median(self._read_ms[_WARM_UP_TICKS:]),
            quantiles(self._stalls_ms, n=100)[-1],
            max(self._stalls_ms),
        )

    @Slot(object)
    def _on_snapshot(self, snapshot: object) -> None:
        self._taken_s.append(time.perf_counter())
        self._read_ms.append(getattr(snapshot, "read_ms", 0.0))
        if len(self._taken_s) >= self._wanted:
            self._loop.quit()

    def _arm(self) -> None:
        self._expected_s = time.perf_counter() + _STALL_EVERY_MS / 1000
        self._short.start(_STALL_EVERY_MS)

    @Slot()
    def _on_short(self) -> None:
        late_ms = (time.perf_counter() - self._expected_s) * 1000
        if len(self._taken_s) > _WARM_UP_TICKS:
            self._stalls_ms.append(max(0.0, late_ms))
        self._arm()


@contextmanager
def _keep_probing(opened: RunningWindow) -> Iterator[list[int]]:
    """Keep 500 probes queued or running: most are answered, some wait for silence."""
    done = [0]
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1000))
        silent = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind(("127.0.0.1", 0))
        targets = [Target("127.0.0.1", one.getsockname()[1]) for one in (server, silent)]

        def tcp(work: Work[object]) -> object:
            return probe_tcp(targets[0], cancel=work.token, report=work.report)

        def udp(work: Work[object]) -> object:
            return probe_udp(targets[1], timeout_ms=300, cancel=work.token, report=work.report)

        def again(number: int, _report: object = None) -> None:
            done[0] += 1
            start(number)

        def start(number: int) -> None:
            opened.runner.run(
                udp if number % _SILENT_SHARE == 0 else tcp,
                pool=Pool.PROBES,
                on_done=partial(again, number),
            )

        for number in range(_PROBES):
            start(number)
        server.settimeout(0)
        drain = QTimer(opened.window)
        drain.timeout.connect(partial(_drain, server))
        drain.start(20)
        yield done
        drain.stop()
        opened.runner.shut_down()


def _drain(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


@contextmanager
def _keep_scanning(opened: RunningWindow) -> Iterator[list[int]]:
    done = [0]

    def work(work: Work[object]) -> object:
        return scan("127.0.0.1", range(1, 65_536), cancel=work.token, report=work.report)

    def again(_report: object = None) -> None:
        done[0] += 1
        start()

    def start() -> None:
        opened.runner.run(work, pool=Pool.PROBES, on_done=again, on_failed=again)

    start()
    yield done
    opened.runner.shut_down()
