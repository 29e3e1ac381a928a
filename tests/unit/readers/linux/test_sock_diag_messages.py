"""The bytes of NETLINK_SOCK_DIAG: what they mean, and that no bytes do harm."""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Endpoint, Family, Protocol, State, canonical_address
from portview.readers.linux.sock_diag_messages import (
    Identity,
    MalformedReplyError,
    RefusedError,
    ReplyState,
    TcpInfo,
    decode,
    messages,
    scan,
    tcp_info_of,
)
from tests.fakes import netlink

ports = st.integers(1, 65535)
addresses = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
socket_messages = st.builds(
    lambda address, port, state, inode, timer: netlink.socket_message(
        (address, port), state=state, inode=inode, timer=timer
    ),
    addresses,
    ports,
    st.integers(0, 255),
    st.integers(0, 2**32 - 1),
    st.integers(0, 4),
)
_NO_DEVICE = 2**31 - 1
ends = st.sampled_from([b"", netlink.done(), netlink.done(errno.EINVAL), netlink.refusal(1)])


@dataclass(eq=False)
class Known:
    identity: Identity
    stride: int


class Memory:
    """Learns every socket of a reply, as a reader does."""

    def __init__(self) -> None:
        self.known: dict[Identity, Known] = {}
        self.learned: list[Known] = []

    def scan(self, reply: bytes) -> tuple[ReplyState, list[Known]]:
        found: list[Known] = []
        return scan(reply, len(reply), self.known, self._learn, found), found

    def _learn(self, identity: Identity, stride: int, message: bytes) -> Known:
        assert len(message) >= stride - 3
        self.known[identity] = Known(identity, stride)
        self.learned.append(self.known[identity])
        return self.known[identity]


def test_a_listening_socket() -> None:
    reply = netlink.socket_message(("127.0.0.2", 8080), uid=1000, inode=77)
    _, (known,) = Memory().scan(reply)
    told = decode(known.identity, Protocol.TCP)
    assert told is not None
    assert told.family is Family.IPV4
    assert told.state is State.LISTEN
    assert told.local == Endpoint("127.0.0.2", 8080)
    assert told.remote is None
    assert (told.uid, told.inode) == (1000, 77)


@pytest.mark.parametrize(
    ("address", "interface", "expected"),
    [
        ("fe80::1", _NO_DEVICE, f"fe80::1%{_NO_DEVICE}"),
        ("fe80::1", 0, "fe80::1"),
        ("febf::1", _NO_DEVICE, f"febf::1%{_NO_DEVICE}"),
        ("2001:db8::1", _NO_DEVICE, f"2001:db8::1%{_NO_DEVICE}"),
        ("10.0.0.1", _NO_DEVICE, f"10.0.0.1%{_NO_DEVICE}"),
        ("::ffff:10.0.0.1", 0, "::ffff:10.0.0.1"),
    ],
)
def test_a_device_is_told_as_the_zone_and_by_its_number_where_it_has_gone(
    address: str, interface: int, expected: str
) -> None:
    _, (known,) = Memory().scan(netlink.socket_message((address, 1), interface=interface))
    told = decode(known.identity, Protocol.TCP)
    assert told is not None
    assert told.local.address == expected


@given(addresses, ports, addresses, ports, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_every_endpoint_comes_back_as_it_went_in(
    address: str, port: int, peer: str, peer_port: int, uid: int, inode: int
) -> None:
    if (":" in peer) != (":" in address):
        peer = address
    reply = netlink.socket_message(
        (address, port), (peer, peer_port), state=netlink.ESTABLISHED, uid=uid, inode=inode
    )
    _, (known,) = Memory().scan(reply)
    told = decode(known.identity, Protocol.UDP)
    assert told is not None
    assert told.state is None
    assert told.local == Endpoint(canonical_address(address), port)
    assert told.remote == Endpoint(canonical_address(peer), peer_port)
    assert (told.uid, told.inode) == (uid, inode)


def test_a_socket_whose_timer_and_queues_vary_is_the_same_one() -> None:
    memory = Memory()
    first = memory.scan(netlink.socket_message(timer=0))[1]
    assert memory.scan(netlink.socket_message(timer=2, queues=(5, 9)))[1] == first
    assert len(memory.learned) == 1


@pytest.mark.parametrize(
    "other",
    [
        netlink.socket_message(state=netlink.ESTABLISHED),
        netlink.socket_message(inode=2),
        netlink.socket_message(uid=1),
        netlink.socket_message(("127.0.0.1", 81)),
        netlink.socket_message(cookie=8),
        netlink.socket_message(attributes=struct.pack("=HHI", 8, 15, 0)),
    ],
)
def test_a_socket_that_changed_is_another_one(other: bytes) -> None:
    memory = Memory()
    first = memory.scan(netlink.socket_message())[1]
    assert memory.scan(other)[1] != first


def test_the_end_and_an_interruption_are_told() -> None:
    whole = netlink.socket_message() + netlink.done()
    torn = netlink.socket_message(flags=2 | netlink.INTERRUPTED) + netlink.done()
    assert Memory().scan(netlink.socket_message())[0] == ReplyState.MORE
    assert Memory().scan(whole)[0] == ReplyState.DONE
    assert Memory().scan(torn)[0] == ReplyState.DONE | ReplyState.INTERRUPTED


def test_a_long_refusal_is_a_refusal_too() -> None:
    long_error = netlink.message(2, struct.pack("=i", -errno.EPERM) + bytes(200))
    for reply in (netlink.refusal(errno.EPERM), netlink.done(errno.EPERM), long_error):
        with pytest.raises(RefusedError) as caught:
            Memory().scan(reply)
        assert caught.value.error_number == errno.EPERM


@pytest.mark.parametrize("cut", range(1, len(netlink.socket_message()), 4))
def test_a_known_socket_that_is_cut_off_is_noticed(cut: int) -> None:
    memory = Memory()
    long = netlink.socket_message(attributes=struct.pack("=HHI", 8, 15, 0))
    memory.scan(long)
    with pytest.raises(MalformedReplyError):
        memory.scan(long + long[:cut])


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(reply: bytes) -> None:
    _read_or_refuse(reply)


@given(st.lists(socket_messages, max_size=6), ends, st.data())
def test_a_damaged_reply_is_read_or_refused(
    sockets: list[bytes], end: bytes, data: st.DataObject
) -> None:
    reply = bytearray(b"".join(sockets) + end)
    for _ in range(data.draw(st.integers(0, 3))):
        if reply:
            reply[data.draw(st.integers(0, len(reply) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(reply)))
    _read_or_refuse(bytes(reply[:cut]))


def _read_or_refuse(reply: bytes) -> None:
    memory = Memory()
    for _ in range(2):  # the second time, what was learned is known
        try:
            _, found = memory.scan(reply)
        except PortViewError:
            found = []
        assert len(found) <= len(reply) // 88
    for known in memory.learned:
        for protocol in Protocol:
            decode(known.identity, protocol)
    try:
        for identity, part in messages(reply, len(reply)):
            if identity is not None:
                tcp_info_of(part)
    except PortViewError:
        pass


def tcp_info(*, rtt_us: int, acked: int, received: int, sent: int, resent: int) -> bytes:
    info = bytearray(248)
    struct.pack_into("=I", info, 68, rtt_us)
    struct.pack_into("=QQ", info, 120, acked, received)
    struct.pack_into("=QQ", info, 200, sent, resent)
    return bytes(info)


def test_bytes_sent_twice_count_once() -> None:
    info = tcp_info(rtt_us=25, acked=90, received=7, sent=120, resent=20)
    attribute = struct.pack("=HH", 4 + len(info), 2) + info
    shutdown = struct.pack("=HHB3x", 5, 8, 0)
    message = netlink.socket_message(attributes=shutdown + attribute)
    assert tcp_info_of(message) == TcpInfo(received_bytes=7, sent_bytes=100, rtt_us=25)


def test_an_older_kernel_tells_what_was_acknowledged() -> None:
    info = tcp_info(rtt_us=25, acked=90, received=7, sent=120, resent=20)[:136]
    attribute = struct.pack("=HH", 4 + len(info), 2) + info
    assert tcp_info_of(netlink.socket_message(attributes=attribute)) == TcpInfo(7, 90, 25)
    short = struct.pack("=HH", 4 + 100, 2) + info[:100]
    assert tcp_info_of(netlink.socket_message(attributes=short)) is None


@given(st.binary(max_size=300))
def test_any_attributes_are_read_or_left(attributes: bytes) -> None:
    tcp_info_of(netlink.socket_message(attributes=attributes))
