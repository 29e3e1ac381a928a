"""Every verdict on a TCP port, on real sockets."""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Verdict
from portview.probes import connecting
from portview.probes.tcp import probe_tcp

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.verdicts import Progress


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_an_open_port(listener: Callable[..., socket.socket], address: str) -> None:
    port = listener(address).getsockname()[1]
    report = probe_tcp(Target(address, port), tries=3)
    assert report.verdict is Verdict.OPEN
    (one,) = report.addresses
    assert one.address == (address, port)
    assert len(one.tries) == 3
    assert one.latency is not None
    assert 0 < one.latency.min_ms <= one.latency.median_ms <= one.latency.max_ms
    assert report.latency_ms == one.latency.median_ms
    assert all(one_try.local and one_try.local.address == address for one_try in one.tries)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_closed_port(free_port: Callable[..., int], address: str) -> None:
    report = probe_tcp(Target(address, free_port(address)))
    assert report.verdict is Verdict.CLOSED
    assert "Refused" in report.detail
    assert report.hint


def test_a_name_is_tried_at_all_its_addresses(
    listener: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listener("127.0.0.1").getsockname()[1]
    real = socket.getaddrinfo

    def both(host: str, *arguments: Any) -> list[Any]:
        if host != "both.example":
            return real(host, *arguments)
        return [info for one in ("::1", "127.0.0.1") for info in real(one, *arguments)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    seen: list[Progress] = []
    report = probe_tcp(Target("both.example", port), tries=1, report=seen.append)
    assert [one.verdict for one in report.addresses] == [Verdict.CLOSED, Verdict.OPEN]
    assert report.verdict is Verdict.OPEN
    assert f"[::1]:{port}: Closed" in report.detail
    assert [(one.done, one.total) for one in seen] == [(0, 2), (1, 2)]


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 63 + ".invalid"])
def test_an_unknown_name(host: str) -> None:
    report = probe_tcp(Target(host, 80))
    assert report.verdict is Verdict.UNRESOLVED
    assert host in report.detail
    assert report.hint


def test_a_zone_that_does_not_exist() -> None:
    report = probe_tcp(Target("fe80::1%nozone7", 80))
    assert report.verdict is Verdict.UNRESOLVED
    assert "interface" in report.detail + report.hint


@pytest.mark.linux_only(reason="only there the source port of a connection can be foreseen")
def test_a_connection_to_itself_is_never_open(
    free_port: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = 0
    real = socket.socket

    class BoundToItsTarget(socket.socket):
        """Takes the target port as source, as the kernel does by chance."""

        def connect_ex(self, address: Any) -> int:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind(("127.0.0.1", port))
            return super().connect_ex(address)

    with real(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setattr(connecting.socket, "socket", BoundToItsTarget)
    report = probe_tcp(Target("127.0.0.1", port), tries=1)
    assert report.verdict is Verdict.CLOSED
    assert "itself" in report.detail


FAR_PROBE = """
import json
from dataclasses import asdict
from portview.domain.user_input.targets import Target
from portview.probes.tcp import probe_tcp
report = probe_tcp(Target({host!r}, {port}), timeout_ms={timeout_ms}, tries=1)
print(json.dumps(asdict(report)))
"""


@pytest.mark.linux_only(reason="filters and missing hosts are made with network namespaces")
@pytest.mark.root_only(reason="makes network namespaces")
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("port", "verdict", "words"),
    [
        (80, "open", "Connected from"),
        (90, "closed", "Refused"),
        (81, "filtered", "No response within"),
        (82, "closed", "Refused"),
        (83, "filtered", "administratively prohibited"),
        (84, "filtered", "ICMP port unreachable"),
        (85, "unreachable", "can't be reached, reports"),
    ],
)
def test_what_another_machine_answers(
    two_machines: Any, far_servers: None, family: str, port: int, verdict: str, words: str
) -> None:
    near, far = two_machines
    host = getattr(far, family)
    timeout_ms = 300 if port == 81 else 5000
    report = near.python(FAR_PROBE.format(host=host, port=port, timeout_ms=timeout_ms))
    assert report["verdict"] == verdict
    assert words in report["detail"]
    if port in {83, 84, 85}:
        assert f" {host}" in report["detail"]
    if port == 80:
        assert report["addresses"][0]["tries"][0]["local"][0] == getattr(near, family)


@pytest.mark.linux_only(reason="filters and missing hosts are made with network namespaces")
@pytest.mark.root_only(reason="makes network namespaces")
@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("10.199.0.77", "can't be reached"),
        ("fd99::77", "can't be reached"),
        ("203.0.113.7", "no route"),
        ("2001:db8::7", "no route"),
    ],
)
def test_hosts_and_networks_that_are_not_there(two_machines: Any, host: str, words: str) -> None:
    near, _ = two_machines
    report = near.python(FAR_PROBE.format(host=host, port=80, timeout_ms=8000))
    assert report["verdict"] == "unreachable"
    assert words in report["detail"]


def test_a_cancelled_probe_does_not_start(listener: Callable[..., socket.socket]) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        probe_tcp(Target("127.0.0.1", listener().getsockname()[1]), cancel=cancel)


@pytest.mark.linux_only(reason="a full backlog drops there; on Windows it refuses")
def test_cancelling_ends_a_connection_that_waits() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        target = Target("127.0.0.1", server.getsockname()[1])
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex((target.host, target.port))
        cancel = CancelToken()
        ended: list[BaseException] = []

        def probe() -> None:
            try:
                probe_tcp(target, timeout_ms=3_600_000, cancel=cancel)
            except Cancelled as error:
                ended.append(error)

        thread = threading.Thread(target=probe)
        thread.start()
        cancel.cancel()
        thread.join()
        assert len(ended) == 1
        for filler in fillers:
            filler.close()


def test_cancelling_does_not_wait_for_the_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def slow(host: str, *arguments: Any) -> Any:
        if host != "slow.example" or len(arguments) > 3:
            return real(host, *arguments)
        asked.set()
        answer.wait()
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    cancel = CancelToken()
    ended = threading.Event()

    def probe() -> None:
        with pytest.raises(Cancelled):
            probe_tcp(Target("slow.example", 80), cancel=cancel)
        ended.set()

    thread = threading.Thread(target=probe)
    thread.start()
    assert asked.wait(30)
    cancel.cancel()
    assert ended.wait(30)
    answer.set()
    thread.join()


def test_too_many_open_files_is_no_verdict_on_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: Any) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(connecting.socket, "socket", exhausted)
    report = probe_tcp(Target("127.0.0.1", 80))
    assert report.verdict is Verdict.ERROR
    assert report.hint


WOKEN_BEFORE_THE_ERROR = """
import json, selectors, socket
from portview.domain.cancellation import CancelToken
from portview.probes.connecting import connect_outcome
from portview.probes.icmp_error import ask_for_icmp_errors
from portview.probes.waiting import wait_for_socket
family = socket.AF_INET6 if ":" in {host!r} else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM) as connection:
    connection.settimeout(0)
    ask_for_icmp_errors(connection)
    connection.connect_ex(({host!r}, 83))
    ready = wait_for_socket(connection, selectors.EVENT_WRITE, 8, CancelToken())
    connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    code, icmp = connect_outcome(connection)
    print(json.dumps([ready, code, icmp and icmp.kind.value, icmp and icmp.sender]))
"""


@pytest.mark.linux_only(reason="only Linux queues ICMP messages")
@pytest.mark.root_only(reason="makes network namespaces")
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_message_that_comes_before_its_error_is_no_connection(
    two_machines: Any, far_servers: None, family: str
) -> None:
    # Reading SO_ERROR takes it away: what is left is the state before the kernel has set it.
    near, far = two_machines
    host = getattr(far, family)
    ready, code, kind, sender = near.python(WOKEN_BEFORE_THE_ERROR.format(host=host))
    assert ready
    assert code in {errno.EHOSTUNREACH, errno.EACCES}
    assert (kind, sender) == ("prohibited", host)
