"""The ladder on real listeners, and waits for real servers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.user_input.targets import Target, parse_url
from portview.probes.ladder import (
    FirewallCheck,
    LadderReport,
    LadderStage,
    LadderStep,
    StepOutcome,
    climb,
)
from portview.probes.ladder_sentence import FirewallCheckVerdict, Reach
from portview.probes.wait import answers, is_free, serves, wait_for
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    from collections.abc import Callable


def climbed(port: int, **options: Any) -> LadderReport:
    reader = open_reader()
    try:
        rows = reader.read().rows
    finally:
        reader.close()
    return climb(port, rows, timeout_ms=1000, **options)


def test_a_server_on_loopback_only(conversation: Any) -> None:
    server = conversation(lambda connection: connection.sendall(b"220 ready\r\n"))
    seen: list[LadderStep] = []
    report = climbed(server.port, on_step=seen.append)
    assert report.conclusion.reach is Reach.THIS_MACHINE_ONLY
    assert "127.0.0.1 only" in report.conclusion.sentence
    assert tuple(seen) == report.steps
    kinds = [step.kind for step in report.steps]
    assert kinds == sorted(kinds, key=list(LadderStage).index)
    assert report.steps[0].text == f"It listens on 127.0.0.1:{server.port}."
    assert report.steps[-1].text == "It greets with “220 ready”."
    (loopback, *_) = [step for step in report.steps if step.kind is LadderStage.LOOPBACK]
    assert loopback.outcome is StepOutcome.GOOD


def test_a_server_that_waits_for_http(conversation: Any) -> None:
    def serve(connection: socket.socket) -> None:
        if connection.recv(4096):
            connection.sendall(b"HTTP/1.0 204 Nothing\r\nServer: Example\r\n\r\n")

    report = climbed(conversation(serve).port)
    assert "HTTP 204 Nothing by Example" in report.steps[-1].text


def test_a_server_that_says_nothing(listener: Callable[..., socket.socket]) -> None:
    report = climbed(listener().getsockname()[1])
    assert report.steps[-1].kind is LadderStage.GREETING
    assert report.steps[-1].outcome is StepOutcome.NOTE
    assert "does not greet" in report.steps[-1].text


def test_a_port_where_nothing_listens(free_port: Callable[..., int]) -> None:
    report = climbed(free_port())
    assert report.conclusion.reach is Reach.NOTHING_LISTENS
    assert LadderStage.GREETING not in {step.kind for step in report.steps}


def test_the_firewall_is_asked_when_it_is_there(free_port: Callable[..., int]) -> None:
    asked: list[int] = []

    def blocks(port: int, _: CancelToken) -> FirewallCheck:
        asked.append(port)
        return FirewallCheck(FirewallCheckVerdict.BLOCKED, "A rule says so.")

    port = free_port()
    (step,) = [one for one in climbed(port, firewall=blocks).steps if one.kind == "firewall"]
    assert asked == [port]
    assert step.outcome is StepOutcome.BAD
    assert "A rule says so." in step.text


def test_a_ladder_can_be_left(listener: Callable[..., socket.socket]) -> None:
    cancel = CancelToken()
    seen: list[LadderStep] = []

    def stop(step: LadderStep) -> None:
        seen.append(step)
        cancel.cancel()

    with pytest.raises(Cancelled):
        climbed(listener().getsockname()[1], cancel=cancel, on_step=stop)
    assert len(seen) == 1


@pytest.mark.linux_only(reason="another machine is made with network namespaces")
@pytest.mark.root_only(reason="makes network namespaces")
def test_what_the_ladder_says_is_what_another_machine_sees(two_machines: Any) -> None:
    near, far = two_machines
    climb_code = """
import json, socket
from portview.probes.ladder import climb
from portview.readers.choose import open_reader
servers = [socket.create_server((address, 0)) for address in ("0.0.0.0", "127.0.0.1", "{far}")]
rows = open_reader().read().rows
found = []
for server in servers:
    port = server.getsockname()[1]
    report = climb(port, rows, timeout_ms=300)
    found.append([port, report.conclusion.reach, report.conclusion.sentence])
print(json.dumps(found), flush=True)
input()
"""

    code = climb_code.format(far=far.ipv4)
    process = far.start(sys.executable, "-c", code, stdin=subprocess.PIPE)
    found = json.loads(process.stdout.readline())
    verdicts = near.python(
        "import json\n"
        "from portview.domain.user_input.targets import Target\n"
        "from portview.probes.tcp import probe_tcp\n"
        f"ports = {[one[0] for one in found]}\n"
        f"print(json.dumps([probe_tcp(Target({far.ipv4!r}, p)).verdict for p in ports]))"
    )
    process.communicate("\n")
    assert verdicts == ["open", "closed", "open"]
    assert [reach for _, reach, _ in found] == ["uncertain", "this_machine_only", "uncertain"]
    for port, _, sentence in (found[0], found[2]):
        assert f"can connect to {far.ipv4}:{port}" in sentence


def test_waiting_for_a_server_that_starts_later() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        target = Target(*server.getsockname())
        report = wait_for(
            [answers(target)],
            timeout_ms=60_000,
            report=lambda _: server.listen(),
        )
    assert report.is_met
    assert report.conditions[0].looks >= 2


def test_waiting_in_vain_says_what_was_seen_last(free_port: Callable[..., int]) -> None:
    report = wait_for([answers(Target("127.0.0.1", free_port()))], timeout_ms=50)
    assert not report.is_met
    assert "Refused" in report.conditions[0].detail


def test_waiting_until_a_port_is_free() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        target = Target(*server.getsockname())
        report = wait_for([is_free(target)], timeout_ms=60_000, report=lambda _: server.close())
    assert report.is_met
    assert report.conditions[0].looks >= 2


def test_waiting_until_a_site_is_well(conversation: Any) -> None:
    states = iter([b"503 Starting", b"200 OK"])

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 " + next(states) + b"\r\n\r\n")

    url = parse_url(f"http://127.0.0.1:{conversation(serve).port}/")
    report = wait_for([serves(url)], timeout_ms=60_000)
    assert report.is_met
    assert report.conditions[0].looks == 2


def test_waiting_for_an_unknown_name_is_no_crash() -> None:
    report = wait_for([is_free(Target("no-such.invalid", 80))], timeout_ms=1)
    assert not report.is_met
    assert "no-such.invalid" in report.conditions[0].detail


def test_cancelling_a_wait_ends_its_pause(free_port: Callable[..., int]) -> None:
    cancel, pausing = CancelToken(), threading.Event()
    target = Target("127.0.0.1", free_port())

    def wait() -> None:
        with pytest.raises(Cancelled):
            wait_for(
                [answers(target)],
                timeout_ms=3_600_000,
                cancel=cancel,
                report=lambda _: pausing.set(),
            )

    thread = threading.Thread(target=wait)
    thread.start()
    assert pausing.wait(30)
    cancel.cancel()
    thread.join()
