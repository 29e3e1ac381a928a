"""Repairs with real processes: what helps, what can't, and what ends with its time limit."""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

import psutil
import pytest

from portview.domain.cancellation import CancelToken
from portview.readers.elevation import is_elevated
from portview.watch.evaluation.evaluator import Evaluator
from portview.watch.evaluation.local_facts import LocalReader
from portview.watch.repair.command import run_command
from portview.watch.repair.repairer import Repairer, preview
from portview.watch.rules.model import Expectation, RepairKind, RepairStep, Watch
from portview.watch.store.incident_store import Incident, IncidentStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INCIDENT = "0123456789abcdef"
RUNS_COMMANDS = pytest.mark.skipif(
    sys.platform == "win32" and is_elevated(),
    reason="an elevated PortView runs no commands of the file on Windows",
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IncidentStore]:
    monkeypatch.setenv("PORTVIEW_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("PORTVIEW_LOG_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    (tmp_path / "watches.toml").write_text("", "utf-8")
    opened = IncidentStore.open()
    with opened.transaction():
        opened.begin_incident(
            Incident(INCIDENT, "shop", "", 1, "tcp", 1, None, True, ("desktop",), "", "")
        )
    yield opened
    opened.close()


@pytest.fixture
def reader() -> Iterator[LocalReader]:
    opened = LocalReader()
    yield opened
    opened.close()


@pytest.fixture
def repairer(reader: LocalReader) -> Iterator[Repairer]:
    evaluator = Evaluator()
    made = Repairer(reader, evaluator)
    yield made
    made.stop()
    evaluator.close()


def watch_with(*steps: RepairStep, port: int, expect: Expectation = Expectation.TCP) -> Watch:
    return Watch("shop", expect, port=port, repair=steps, notify=("desktop",))


def run_step(code: str, *arguments: str, attempts: int = 1, timeout_s: float = 20) -> RepairStep:
    return RepairStep(
        RepairKind.RUN,
        command=(sys.executable, "-c", code, *arguments),
        settle_s=0,
        attempts=attempts,
        timeout_s=timeout_s,
    )


def attempt(repairer: Repairer, watch: Watch, good_program: str = "") -> None:
    repairer.consider(watch, INCIDENT, good_program)
    for thread in threading.enumerate():
        if thread.name == f"repair {watch.name}":
            thread.join()


def results(store: IncidentStore) -> list[tuple[str, str]]:
    return store.connection.execute(
        "SELECT step, result FROM repair_attempts ORDER BY id"
    ).fetchall()


SERVE = """
import os, socket, sys, time
ready, port = sys.argv[1:]
if os.fork():
    # The command ends when its server in the background answers.
    while not os.path.exists(ready): time.sleep(0.01)
    sys.exit()
os.setsid()
server = socket.create_server(("127.0.0.1", int(port)))
open(ready, "w").write(str(os.getpid()))
# It holds what the command printed to open, and outlives it.
while True:
    # As a server does: it says a word, so that nobody takes it for one that hangs up.
    connection, _peer = server.accept(); connection.sendall(b"hello"); connection.recv(1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks a server")
def test_a_command_that_starts_the_server_repairs_and_the_server_stays(
    store: IncidentStore, repairer: Repairer, free_port: int, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    watch = watch_with(run_step(SERVE, str(ready), str(free_port)), port=free_port)
    attempt(repairer, watch)
    server = psutil.Process(int(ready.read_text()))
    try:
        assert results(store) == [("1 run", "repaired")]
        assert server.is_running()
        # The incident is open until the machine itself has seen the recovery.
        assert [one.ended_ms for one in store.open_incidents()] == [None]
    finally:
        server.kill()


@RUNS_COMMANDS
def test_attempts_are_counted_from_the_store_and_the_next_step_follows(
    store: IncidentStore, repairer: Repairer, reader: LocalReader, free_port: int
) -> None:
    watch = watch_with(run_step("", attempts=2), run_step("raise SystemExit(3)"), port=free_port)
    for _each in range(3):
        attempt(repairer, watch)
    expected = [("1 run", "not_repaired"), ("1 run", "not_repaired"), ("2 run", "failed")]
    assert results(store) == expected
    # Another PortView begins with the same store: no attempt is left, which is told once.
    evaluator = Evaluator()
    other = Repairer(reader, evaluator)
    attempt(other, watch)
    attempt(other, watch)
    assert results(store) == [*expected, ("used up", "refused")]
    other.stop()
    evaluator.close()


@RUNS_COMMANDS
def test_the_command_is_told_what_it_is_about(
    store: IncidentStore, repairer: Repairer, free_port: int, tmp_path: Path
) -> None:
    code = (
        "import os, sys\n"
        "open(sys.argv[1], 'w').write(repr({name: os.environ[name] for name in sys.argv[2:]}))"
    )
    names = ("PORTVIEW_WATCH", "PORTVIEW_PORT", "PORTVIEW_INCIDENT")
    watch = watch_with(run_step(code, str(tmp_path / "told"), *names), port=free_port)
    attempt(repairer, watch)
    told = (tmp_path / "told").read_text()
    assert told == repr(dict(zip(names, ("shop", str(free_port), INCIDENT), strict=True)))


@RUNS_COMMANDS
def test_where_another_program_holds_the_port_nothing_is_tried_and_that_is_told_once(
    store: IncidentStore, repairer: Repairer, reader: LocalReader
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]
        watch = watch_with(run_step(""), port=port)
        attempt(repairer, watch, good_program="/opt/shop/server")
        attempt(repairer, watch, good_program="/opt/shop/server")
        assert results(store) == [("1 run", "refused")]
        assert "held by another program" in preview_with(store, reader, watch, "/opt/shop/server")
        held = Watch("shop", Expectation.TCP, port=port, repair=watch.repair, even_if_held=True)
        attempt(repairer, held, good_program="/opt/shop/server")
        assert len(results(store)) == 2


def preview_with(store: IncidentStore, reader: LocalReader, watch: Watch, program: str) -> str:
    named = Watch(
        watch.name, watch.expect, port=watch.port, repair=watch.repair, program="other-program"
    )
    return preview(named, store, reader)


def test_a_port_is_freed_from_the_named_program_alone(
    store: IncidentStore, repairer: Repairer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        step = RepairStep(RepairKind.FREE, program="some-other-program", settle_s=0)
        watch = watch_with(step, port=own.getsockname()[1], expect=Expectation.FREE)
        attempt(repairer, watch)
        assert results(store) == [("1 free", "refused")]
        # It still listens: a client gets through.
        socket.create_connection(own.getsockname()).close()


TREE = """
import os, sys, time
path = sys.argv[1]
def note():
    with open(path, "a") as file: file.write(f"{os.getpid()}\\n")
note()
if os.fork() == 0:
    note()
    os.setsid()
    if os.fork() == 0:
        note()
        os.setsid()
        open(path + ".ready", "w").close()
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_time_limit_ends_sessions_of_their_own_as_well(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    cancel = CancelToken()

    def call_off_when_all_run() -> None:
        while not (tmp_path / "pids.ready").exists():
            os.sched_yield()
        cancel.cancel()

    watcher = threading.Thread(target=call_off_when_all_run)
    watcher.start()
    ended = run_command([sys.executable, "-c", TREE, str(pids)], {}, 60, cancel)
    watcher.join()
    assert ended.is_late
    for pid in map(int, pids.read_text().split()):
        assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root")
def test_root_runs_no_command_that_others_could_write(
    store: IncidentStore, repairer: Repairer, free_port: int, tmp_path: Path
) -> None:
    (tmp_path / "watches.toml").chmod(0o666)
    mark = tmp_path / "ran"
    code = "import sys; open(sys.argv[1], 'w').close()"
    attempt(repairer, watch_with(run_step(code, str(mark)), port=free_port))
    assert results(store) == [("1 run", "refused_admin")]
    assert not mark.exists()


@pytest.mark.skipif(sys.platform != "win32" or not is_elevated(), reason="an elevated Windows")
def test_elevated_on_windows_no_command_is_run(
    store: IncidentStore, repairer: Repairer, free_port: int, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    code = "import sys; open(sys.argv[1], 'w').close()"
    attempt(repairer, watch_with(run_step(code, str(mark)), port=free_port))
    assert results(store) == [("1 run", "refused_admin")]
    assert not mark.exists()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
