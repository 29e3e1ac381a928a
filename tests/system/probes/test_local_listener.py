"""What this machine itself knows of listeners that answer nobody, or that share a name."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.facts import Known
from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Verdict
from portview.probes.connecting import close_at_once
from portview.probes.ladder import LadderStage, climb
from portview.probes.ladder_sentence import Reach
from portview.probes.local_listener import (
    different_servers,
    read_local_listeners,
    remarks_on_ports,
)
from portview.probes.tcp import probe_tcp
from portview.probes.wait import answers, wait_for
from portview.readers.accept_queue import read_accept_queues
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTEN = """
import socket, sys, time
server = socket.create_server((sys.argv[1], int(sys.argv[2])), family=int(sys.argv[3]))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


def table() -> Any:
    reader = open_reader()
    try:
        return reader.read().rows
    finally:
        reader.close()


def two_servers_of_one_port(servers: Any) -> tuple[tuple[int, int], int]:
    """Start a server on each loopback address, at a port that strangers have on neither."""
    for _attempt in range(20):
        with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
            four.bind(("127.0.0.1", 0))
            port = four.getsockname()[1]
            try:
                six.bind(("::1", port))
            except OSError:
                continue  # a stranger has it
        return (servers("127.0.0.1", port)[0], servers("::1", port)[0]), port
    raise AssertionError("no port is free at both addresses")


@pytest.fixture
def full_queue() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        port = server.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port
        for filler in fillers:
            filler.close()


@pytest.mark.linux_only(reason="only Linux tells the queue, and drops what does not fit")
def test_a_full_queue_is_a_hung_server_and_no_firewall(full_queue: int) -> None:
    queues = read_accept_queues(full_queue)
    assert isinstance(queues, Known)
    assert queues.value["127.0.0.1"] == (2, 1)
    assert queues.value["127.0.0.1"].is_full
    report = probe_tcp(Target("127.0.0.1", full_queue), timeout_ms=300)
    assert report.verdict is Verdict.FAILED
    assert "queue of new ones is full (2 wait, 1 may)" in report.detail
    assert f"PID {os.getpid()}" in report.detail
    assert "No firewall" in report.hint
    waited = wait_for([answers(Target("127.0.0.1", full_queue))], timeout_ms=200)
    assert "is full" in waited.conditions[0].detail
    ladder = climb(full_queue, table(), timeout_ms=200)
    assert ladder.conclusion.reach is Reach.HANGS
    assert "is full" in ladder.conclusion.sentence


@pytest.mark.linux_only(reason="only Linux tells the queue")
def test_a_queue_with_room_is_not_full(listener: Any) -> None:
    port = listener().getsockname()[1]
    queues = read_accept_queues(port)
    assert isinstance(queues, Known)
    assert list(queues.value) == ["127.0.0.1"]
    assert queues.value["127.0.0.1"].waiting == 0
    assert not queues.value["127.0.0.1"].is_full


@pytest.fixture
def servers() -> Iterator[Any]:
    running: list[subprocess.Popen[str]] = []

    def start(address: str, port: int = 0) -> tuple[int, int]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        command = [sys.executable, "-c", LISTEN, address, str(port), str(int(family))]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout
        return process.pid, int(process.stdout.readline())

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.linux_only(reason="SIGSTOP suspends there")
def test_a_suspended_program_is_named(servers: Any) -> None:
    pid, port = servers("127.0.0.1")
    os.kill(pid, signal.SIGSTOP)
    os.waitid(os.P_PID, pid, os.WSTOPPED)
    report = probe_tcp(Target("127.0.0.1", port))
    assert f"(PID {pid}) is suspended" in report.detail
    assert "Resume" in report.hint
    ladder = climb(port, table(), timeout_ms=300)
    assert ladder.conclusion.reach is Reach.SUSPENDED
    assert f"(PID {pid}) is suspended" in ladder.conclusion.sentence
    assert [one.kind for one in ladder.steps if "suspended" in one.text] == [LadderStage.OWNER]


def test_two_servers_of_one_name_are_both_told(servers: Any) -> None:
    (first, second), port = two_servers_of_one_port(servers)
    found = different_servers(read_local_listeners(port))
    assert found is not None
    assert {address: one.pid for address, one in found.items()} == {
        "127.0.0.1": first,
        "::1": second,
    }
    report = probe_tcp(Target("localhost", port))
    assert report.verdict is Verdict.OPEN
    assert f"(PID {first}) at 127.0.0.1:{port}" in report.detail
    assert f"(PID {second}) at [::1]:{port}" in report.detail
    assert "localhost" not in probe_tcp(Target("127.0.0.1", port)).detail
    ladder = climb(port, table(), timeout_ms=300)
    assert any("localhost is two servers" in step.text for step in ladder.steps)


def test_one_server_of_both_families_is_one() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        listeners = read_local_listeners(port)
        assert listeners
        assert different_servers(listeners) is None
        assert "localhost" not in probe_tcp(Target("localhost", port)).detail


def resetting(connection: socket.socket) -> None:
    close_at_once(connection)


def hanging_up(connection: socket.socket) -> None:
    connection.close()


@pytest.mark.parametrize("talk", [resetting, hanging_up])
def test_a_server_that_hangs_up_is_neither_open_nor_closed(
    conversation: Any, talk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the server may come to its turn late.
    monkeypatch.setattr("portview.probes.tcp._WATCH_MS", 1000)
    monkeypatch.setattr("portview.probes.tcp._LONGEST_WATCH_MS", 1000)
    port = conversation(talk).port
    for _ in range(5):
        report = probe_tcp(Target("127.0.0.1", port))
        assert report.verdict is Verdict.HUNG_UP
        assert "A server listens" in report.detail
    assert not wait_for([answers(Target("127.0.0.1", port))], timeout_ms=1000).is_met
    ladder = climb(port, table(), timeout_ms=300)
    assert ladder.conclusion.reach is Reach.HANGS_UP


def test_a_server_that_speaks_and_hangs_up_is_open(conversation: Any) -> None:
    port = conversation(lambda connection: connection.sendall(b"12:34\n")).port
    assert probe_tcp(Target("127.0.0.1", port)).verdict is Verdict.OPEN


def test_a_scan_of_localhost_names_both_servers(servers: Any) -> None:
    (first, second), port = two_servers_of_one_port(servers)
    (remark,) = remarks_on_ports("localhost", (port,))
    assert f"(PID {first})" in remark
    assert f"(PID {second})" in remark
    assert remarks_on_ports("127.0.0.1", (port,)) == ()


@pytest.mark.linux_only(reason="only Linux tells the queue")
def test_a_scan_says_why_a_listener_is_silent(full_queue: int) -> None:
    (remark,) = remarks_on_ports("127.0.0.1", (full_queue,))
    assert remark.startswith(f"{full_queue}: ")
    assert "is full" in remark
