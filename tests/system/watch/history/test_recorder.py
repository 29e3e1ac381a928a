"""Real servers that start, stop and take turns appear in the history as they were."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from portview.watch.history.schema import recording_lock_path
from portview.watch.store.process_lock import ProcessLock, is_locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""
_RECORDER = """
import sys
from portview.readers.choose import open_reader
from portview.watch.history.recorder import HistoryRecorder
recorder = HistoryRecorder(open_reader, "test", interval_s=0.2)
print("ready", flush=True)
sys.stdin.read()
recorder.close()
"""


@contextmanager
def running(code: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@contextmanager
def server(port: int = 0) -> Iterator[tuple[int, int]]:
    with running(_SERVER, str(port)) as (process, said):
        yield int(said), process.pid


def history(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "history", *arguments, "--json"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode, json.loads(done.stdout)


def wait_for(is_so: Callable[[], Any]) -> Any:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        if found := is_so():
            return found
        time.sleep(0.1)  # between two questions to another process
    raise AssertionError("it never came about")


def _spans(port: int, count: int, *, is_open: bool) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]]:
        spans: list[dict[str, Any]] = history(str(port))[1]["spans"]
        is_there = len(spans) == count and (spans[-1]["to"] is None) is is_open
        return spans if is_there else []

    found: list[dict[str, Any]] = wait_for(look)
    return found


def test_servers_that_take_turns_are_spans_with_their_owners() -> None:
    with running(_RECORDER) as (recorder, _said):
        before = time.time()
        with server() as (port, first):
            [span] = _spans(port, 1, is_open=True)
            assert span["pid"] == first
            assert span["process"].startswith("python")
            assert span["command_line"][1:3] == ["-c", _SERVER]
        _spans(port, 1, is_open=False)
        with server(port) as (_port, second):
            spans = _spans(port, 2, is_open=True)
        assert [one["pid"] for one in spans] == [first, second]
        # One that was seen in a single reading begins and ends with it.
        assert spans[0]["from"] <= spans[0]["to"] < spans[1]["from"]
        assert before - 3 <= _seconds(spans[0]["from"])
        # A killed recorder says no more than what it saw.
        recorder.kill()
        recorder.wait()
        code, document = history(str(port), "--since", "1h")
        assert code == 0
        assert document["spans"][-1]["to"] is not None
        assert document["recording"] is False
        assert document["gaps"][-1]["to"] is None


def _seconds(text: str) -> float:
    from datetime import datetime  # noqa: PLC0415 - one call

    return datetime.fromisoformat(text).timestamp()


def test_of_two_recorders_one_records_and_the_other_takes_over() -> None:
    with (
        running(_RECORDER) as (first, _said),
        running(_RECORDER) as (second, _said2),
        server() as (port, _pid),
    ):
        _spans(port, 1, is_open=True)
        first.kill()
        first.wait()
        spans = _spans(port, 2, is_open=True)
        assert spans[0]["to"] is not None
        second.kill()


@pytest.mark.linux_only(reason="stops a process by SIGSTOP")
def test_what_a_stopped_recorder_did_not_see_is_not_claimed() -> None:
    with running(_RECORDER) as (recorder, _said):
        with server() as (port, first):
            _spans(port, 1, is_open=True)
            os.kill(recorder.pid, signal.SIGSTOP)
        with server(port) as (_port, second):
            os.kill(recorder.pid, signal.SIGCONT)
            spans = _spans(port, 2, is_open=True)
            assert [one["pid"] for one in spans] == [first, second]
            assert spans[0]["to"] <= spans[1]["from"]


def test_a_port_that_was_never_seen_is_exit_code_1_and_no_spans() -> None:
    assert history("1")[0] == 1
    code, document = history("1", "--since", "7d")
    assert (code, document["spans"], document["port"]) == (1, [], 1)


def test_a_udp_socket_is_recorded_as_well() -> None:
    with (
        running(_RECORDER),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        port = udp.getsockname()[1]
        [span] = _spans(port, 1, is_open=True)
        assert (span["protocol"], span["pid"]) == ("udp", os.getpid())


def test_a_lock_is_held_by_one_and_ends_with_its_process(tmp_path: Any) -> None:
    path = recording_lock_path(tmp_path / "store.sqlite3")
    first, second = ProcessLock(path), ProcessLock(path)
    assert not is_locked(path)
    assert first.acquire()
    assert first.acquire()
    assert is_locked(path)
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    assert not is_locked(path)


_ON_A_FULL_DISK = """
import os, socket, sys, time
from portview.readers.choose import open_reader
from portview.watch.history import recorder as module
from portview.watch.store.database import store_path

module._RETRY_S = 0.3
problems = []
recorder = module.HistoryRecorder(
    open_reader, "test", interval_s=0.1, on_problem=problems.append
)


def wait_until(is_so):
    ends = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)


wait_until(lambda: recorder.is_recording)
ballast = store_path().with_name("ballast")
with ballast.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(1000))
    except OSError:
        pass
sockets = []


def is_told():
    sockets.extend(socket.create_server(("127.0.0.1", 0)) for _ in range(20))
    return problems


wait_until(is_told)
wait_until(lambda: not recorder.is_recording)
time.sleep(2)  # in which it tries again and says nothing more
ballast.unlink()
wait_until(lambda: recorder.is_recording)
recorder.close()
print(len(problems), problems[0])
"""


@pytest.mark.root_only(reason="mounts a small disk in a mount namespace of its own")
@pytest.mark.linux_only(reason="mounts a small disk in a mount namespace of its own")
def test_a_full_disk_is_told_once_and_recording_goes_on_when_there_is_room(tmp_path: Any) -> None:
    disk = tmp_path / "config"
    disk.mkdir()
    mount = f'mount -t tmpfs -o size=400k tmpfs "{disk}" && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-c", _ON_A_FULL_DISK],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 "), done.stdout


_SWITCHED = """
import sys
from portview.readers.choose import open_reader
from portview.settings import Settings, settings_path
from portview.watch.history.recorder import HistoryRecorder
recorder = HistoryRecorder(open_reader, "test", interval_s=0.1)
print("ready", flush=True)
for line in sys.stdin:
    settings = Settings(settings_path())
    settings.update(history=line.strip() == "on")
    settings.save()
recorder.close()
"""


def test_recording_can_be_switched_off_and_on_and_what_lies_between_is_unknown() -> None:
    with running(_SWITCHED) as (recorder, _said), server() as (port, _pid):
        assert recorder.stdin is not None
        _spans(port, 1, is_open=True)
        recorder.stdin.write("off\n")
        recorder.stdin.flush()
        _spans(port, 1, is_open=False)
        assert history(str(port))[1]["recording"] is False
        with server() as (unseen, _pid2):
            wait_for(lambda: history(str(port))[1]["gaps"][-1:])
        recorder.stdin.write("on\n")
        recorder.stdin.flush()
        spans = _spans(port, 2, is_open=True)
        assert spans[1]["start_seen"] is False
        assert history(str(unseen))[0] == 1


def test_connections_and_bytes_of_a_port_are_counted() -> None:
    with (
        running(_RECORDER) as (recorder, _said),
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):
        port = listener.getsockname()[1]
        _spans(port, 1, is_open=True)
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        served = [listener.accept()[0] for _ in clients]
        try:
            wait_for(lambda: _counts(port) == [3])
            if sys.platform == "linux":
                # Bytes are the difference of two readings, ten seconds apart.
                def moved() -> int:
                    clients[0].sendall(bytes(1000))
                    served[0].recv(1000)
                    points = history(str(port), "--counts")[1]["counts"]
                    return sum(point["received_bytes"] or 0 for point in points)

                assert wait_for(moved) >= 1000
        finally:
            for one in (*clients, *served):
                one.close()
        wait_for(lambda: _counts(port)[-1] == 0)
        assert recorder.poll() is None


def _counts(port: int) -> list[int]:
    points = history(str(port), "--counts")[1]["counts"]
    found: list[int] = []
    for point in points:
        if point["connections"] != (found[-1] if found else None):
            found.append(point["connections"])
    return found


def test_a_report_of_the_last_day_is_one_file(tmp_path: Any) -> None:
    with running(_RECORDER), server() as (port, _pid):
        _spans(port, 1, is_open=True)
        output = tmp_path / "report.html"
        command = [sys.executable, "-m", "portview", "history", "report"]
        done = subprocess.run(
            [*command, str(port), "--since", "1h", "--output", str(output), "--json"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["ports"] == 1
        assert f"{port}/tcp" in output.read_text(encoding="utf-8")
        for wrong in (
            (), ("--output", str(output), "--incident", "zz"),
            ("--output", str(output), "--incident", "zz", "--since", "1h"),
            ("--output", str(tmp_path / "missing" / "report.html")),
        ):  # fmt: skip
            refused = subprocess.run(
                [*command, *wrong], capture_output=True, check=False, timeout=60
            )
            assert refused.returncode in {1, 2, 4}, wrong
            assert b"Traceback" not in refused.stderr
