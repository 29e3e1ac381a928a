"""Bytes and round trip times of real connections."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from portview.domain.sockets.socket_row import Protocol, SocketKey
from portview.readers.choose import open_traffic_reader
from portview.readers.linux import traffic
from portview.readers.linux.traffic import SockDiagTraffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.readers.linux.sockets import LinuxSocketReader

pytestmark = pytest.mark.linux_only(reason="reads tcp_info through NETLINK_SOCK_DIAG")

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with (
        socket.create_server((request.param, 0), family=family) as server,
        socket.create_connection(server.getsockname()[:2]) as client,
        server.accept()[0] as accepted,
    ):
        yield client, accepted


@pytest.fixture(params=["each", "all"])
def counting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "all":
        monkeypatch.setattr(traffic, "_MOST_SINGLE_QUESTIONS", 0)


@pytest.fixture
def counters() -> Iterator[SockDiagTraffic]:
    opened = SockDiagTraffic()
    yield opened
    opened.close()


def key_of(reader: LinuxSocketReader, end: socket.socket) -> SocketKey:
    wanted = end.getsockname()[:2], end.getpeername()[:2]
    (row,) = [row for row in reader.read().rows if row.remote and (row.local, row.remote) == wanted]
    return row.key


@pytest.mark.usefixtures("counting")
def test_what_one_end_sent_the_other_received(
    pair: Pair, reader: LinuxSocketReader, counters: SockDiagTraffic
) -> None:
    client, accepted = pair
    keys = [key_of(reader, end) for end in pair]
    client.sendall(b"x" * 5_000)
    accepted.sendall(b"y" * 700)
    assert len(accepted.recv(5_000, socket.MSG_WAITALL)) == 5_000
    assert len(client.recv(700, socket.MSG_WAITALL)) == 700
    read = counters.read(keys)
    here, there = (read[key] for key in keys)
    assert (here.sent_bytes, here.received_bytes) == (5_000, 700)
    assert (there.sent_bytes, there.received_bytes) == (700, 5_000)
    assert here.rtt_us is not None
    assert 0 < here.rtt_us < 1_000_000


@pytest.mark.usefixtures("counting")
def test_only_connections_that_are_there_have_counters(
    pair: Pair, reader: LinuxSocketReader, counters: SockDiagTraffic
) -> None:
    gone = key_of(reader, pair[0])
    with socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        rows = reader.read().rows
        others = [row.key for row in rows if row.protocol is Protocol.UDP or not row.remote]
        assert others
        for end in pair:
            end.close()
        stranger = gone._replace(token=gone.token + 1)
        assert counters.read([gone, stranger, *others]) == {}
    assert counters.read([]) == {}


def test_the_counters_of_this_platform_are_chosen() -> None:
    chosen = open_traffic_reader()
    try:
        assert chosen.unavailable_reason is None
        assert chosen.name == "sock_diag"
    finally:
        chosen.close()
