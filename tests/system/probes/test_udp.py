"""UDP servers that answer each payload, and ports that don't."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Verdict
from portview.probes import udp
from portview.probes.udp import probe_udp
from portview.probes.udp_payloads import (
    DNS,
    GENERIC,
    MDNS,
    NTP,
    PAYLOADS,
    QUIC,
    SNMP,
    STUN,
    payload_for_port,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def answer_dns(query: bytes) -> bytes | None:
    """Refuse a query that is a query: one question that ends where the datagram ends."""
    query_id, flags, questions, *rest = struct.unpack_from(">6H", query)
    at = 12
    while query[at]:
        at += query[at] + 1
    if (flags & 0x8000, questions, rest, len(query)) != (0, 1, [0, 0, 0], at + 5):
        return None
    return struct.pack(">6H", query_id, 0x8005, 1, 0, 0, 0) + query[12:]


def answer_mdns(query: bytes) -> bytes | None:
    if b"_services\x07_dns-sd\x04_udp\x05local\0\0\x0c\x80\x01" not in query:
        return None
    return struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0) + query[12:] + bytes(10)


def answer_ntp(query: bytes) -> bytes | None:
    version, mode = query[0] >> 3 & 7, query[0] & 7
    if (len(query), version, mode) != (48, 4, 3):
        return None
    return bytes([0b00_100_100, 2]) + bytes(22) + query[40:48] + bytes(16)


def read_ber(data: bytes, at: int = 0) -> tuple[int, bytes, int]:
    length = data[at + 1]
    assert length < 0x80
    return data[at], data[at + 2 : at + 2 + length], at + 2 + length


def answer_snmp(query: bytes) -> bytes | None:
    tag, message, end = read_ber(query)
    _, version, at = read_ber(message)
    _, community, at = read_ber(message, at)
    kind, pdu, _ = read_ber(message, at)
    if (tag, end, version, community, kind) != (0x30, len(query), b"\0", b"public", 0xA0):
        return None
    _, request_id, _ = read_ber(pdu)
    assert request_id[0] < 0x80
    return query.replace(b"\xa0", b"\xa2", 1)


def answer_stun(query: bytes) -> bytes | None:
    kind, length, cookie = struct.unpack_from(">HHI", query)
    if (kind, length, cookie, len(query)) != (1, 0, 0x2112A442, 20):
        return None
    return struct.pack(">HH", 0x0101, 0) + query[4:20]


def answer_quic(query: bytes) -> bytes | None:
    if len(query) < 1200 or query[0] & 0xC0 != 0xC0:
        return None
    ours_at = 6 + query[5]
    ours_end = ours_at + 1 + query[ours_at]
    swapped = query[ours_at:ours_end] + query[5:ours_at]
    return bytes([0x80]) + bytes(4) + swapped + struct.pack(">2I", 1, 0x6B3343CF)


class Responder:
    """A UDP server on 127.0.0.1 that answers with a function; None is silence."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.received: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(65535)
            if data == b"stop":
                return
            self.received.append(data)
            answer = self._answer(data)
            if answer is not None:
                self._socket.sendto(answer, sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


@pytest.fixture
def responder() -> Iterator[Callable[[Callable[[bytes], bytes | None]], Responder]]:
    running: list[Responder] = []

    def start(answer: Callable[[bytes], bytes | None]) -> Responder:
        running.append(Responder(answer))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.mark.parametrize(
    ("payload", "answer", "words"),
    [
        (DNS, answer_dns, "DNS answer: refused, 0 records"),
        (MDNS, answer_mdns, "DNS answer: no error, 1 record."),
        (NTP, answer_ntp, "NTP answer: stratum 2"),
        (SNMP, answer_snmp, "SNMP answer"),
        (STUN, answer_stun, "STUN answer"),
        (QUIC, answer_quic, "QUIC versions: 0x00000001, 0x6b3343cf"),
        (GENERIC, lambda _: b"hello there", "11 bytes, “hello there”"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_each_payload_gets_an_answer(responder: Any, payload: Any, answer: Any, words: str) -> None:
    target = Target("127.0.0.1", responder(answer).port)
    report = probe_udp(target, payload=payload, timeout_ms=5000)
    assert report.verdict is Verdict.OPEN
    assert words in report.detail
    assert report.latency_ms
    assert report.latency_ms > 0


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_an_answer_to_another_question_is_open_but_not_explained(
    responder: Any, payload: Any
) -> None:
    server = responder(lambda _: bytes(64))
    report = probe_udp(Target("127.0.0.1", server.port), payload=payload, timeout_ms=5000)
    assert report.verdict is Verdict.OPEN
    assert "64 bytes" in report.detail


def test_ports_get_the_payload_of_their_usual_service() -> None:
    usual = {53: DNS, 123: NTP, 161: SNMP, 443: QUIC, 3478: STUN, 5353: MDNS, 9999: GENERIC}
    assert {port: payload_for_port(port) for port in usual} == usual


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_closed_port(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as holder:
        holder.bind((address, 0))
        port = holder.getsockname()[1]
    report = probe_udp(Target(address, port))
    assert report.verdict is Verdict.CLOSED
    assert "ICMP port unreachable" in report.detail


def test_silence_is_asked_again_and_then_called_open_or_filtered(responder: Any) -> None:
    server = responder(lambda _: None)
    report = probe_udp(Target("127.0.0.1", server.port), timeout_ms=50, retries=2)
    assert report.verdict is Verdict.OPEN_OR_FILTERED
    assert "3 generic datagrams" in report.detail
    assert server.received == [b"\r\n\r\n"] * 3
    assert report.latency_ms is None


def test_a_lost_datagram_does_not_matter(responder: Any) -> None:
    answers = iter([None, b"late but there"])
    server = responder(lambda _: next(answers))
    report = probe_udp(Target("127.0.0.1", server.port), timeout_ms=200, retries=3)
    assert report.verdict is Verdict.OPEN


def test_an_answer_from_another_port_does_not_count(responder: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        senders: list[Any] = []

        class Elsewhere(Responder):
            def _serve(self) -> None:
                while True:
                    data, sender = self._socket.recvfrom(65535)
                    if data == b"stop":
                        return
                    senders.append(sender)
                    other.sendto(b"spoofed", sender)

        server = Elsewhere(lambda _: None)
        report = probe_udp(Target("127.0.0.1", server.port), timeout_ms=100, retries=0)
        server.close()
    assert len(senders) == 1
    assert report.verdict is Verdict.OPEN_OR_FILTERED


def test_we_never_answer_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    sources: list[int] = []

    class FirstBoundToItsTarget(socket.socket):
        """Takes the target port as source once, as the kernel does by chance."""

        def connect(self, address: Any) -> None:
            if not sources:
                self.bind(("127.0.0.1", port))
            super().connect(address)
            sources.append(self.getsockname()[1])

    monkeypatch.setattr(udp.socket, "socket", FirstBoundToItsTarget)
    report = probe_udp(Target("127.0.0.1", port))
    assert sources[0] == port
    assert len(sources) == 2
    assert report.verdict is Verdict.CLOSED


def test_cancelling_a_silent_probe(responder: Any) -> None:
    cancel = CancelToken()

    def answer(_: bytes) -> None:
        cancel.cancel()

    server = responder(answer)
    with pytest.raises(Cancelled):
        probe_udp(Target("127.0.0.1", server.port), timeout_ms=1e8, cancel=cancel)


FAR_PROBE = """
import json
from dataclasses import asdict
from portview.domain.user_input.targets import Target
from portview.probes.udp import probe_udp
print(json.dumps(asdict(probe_udp(Target({host!r}, {port}), timeout_ms={timeout_ms}, retries=1))))
"""


@pytest.mark.linux_only(reason="filters and missing hosts are made with network namespaces")
@pytest.mark.root_only(reason="makes network namespaces")
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize(
    ("port", "verdict", "words"),
    [
        (7, "open", "4 bytes"),
        (90, "closed", "ICMP port unreachable"),
        (81, "open|filtered", "Silence"),
        (83, "filtered", "administratively prohibited"),
        (85, "unreachable", "can't be reached, reports"),
    ],
)
def test_what_another_machine_answers(
    two_machines: Any, far_servers: None, family: str, port: int, verdict: str, words: str
) -> None:
    near, far = two_machines
    timeout_ms = 100 if port == 81 else 5000
    code = FAR_PROBE.format(host=getattr(far, family), port=port, timeout_ms=timeout_ms)
    report = near.python(code)
    assert report["verdict"] == verdict
    assert words in report["detail"]


class OtherAddress(Responder):
    """Answers from another address than it was asked at, as a server on several addresses may."""

    def _serve(self) -> None:
        port = self._socket.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.2", port))
            while True:
                data, sender = self._socket.recvfrom(65535)
                if data == b"stop":
                    return
                other.sendto(b"here I am", sender)


@pytest.mark.linux_only(reason="127.0.0.2 is an address of the machine there without being set up")
def test_an_answer_from_another_address_is_told_as_such() -> None:
    server = OtherAddress(lambda _: None)
    report = probe_udp(Target("127.0.0.1", server.port), timeout_ms=600, retries=1)
    server.close()
    assert report.verdict is Verdict.FAILED
    assert f"from 127.0.0.2:{server.port} and not from 127.0.0.1:{server.port}" in report.detail
    assert "here I am" in report.detail
    assert "127.0.0.2" in report.hint


def test_the_last_try_takes_a_usual_answer_as_well(responder: Any) -> None:
    answers = iter([None, b"late but there"])
    server = responder(lambda _: next(answers))
    report = probe_udp(Target("127.0.0.1", server.port), timeout_ms=600, retries=1)
    assert report.verdict is Verdict.OPEN
    assert "late but there" in report.detail
