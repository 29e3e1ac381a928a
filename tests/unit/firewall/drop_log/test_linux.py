from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.sockets.socket_row import Protocol
from portview.firewall.drop_log.linux import parse_drops
from portview.firewall.drop_log.packet import DroppedPacket

_FIELDS = (
    "IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=192.0.2.7 DST=198.51.100.1 "
    "LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1234 DF PROTO=TCP SPT=40000 DPT=8080 WINDOW=64240 "
    "RES=0x00 SYN URGP=0 "
)


def drops(line: str, port: int = 8080, protocol: Protocol = Protocol.TCP) -> list[DroppedPacket]:
    return list(parse_drops([line], port, protocol))


@pytest.mark.parametrize(
    ("start", "at"),
    [
        ("2026-03-01T10:20:30+0100 host kernel: [UFW BLOCK] ", "2026-03-01 10:20:30"),
        ("2026-03-01T10:20:30,123456+01:00 [UFW BLOCK] ", "2026-03-01 10:20:30"),
        ("Mar  1 10:20:30 host kernel: [12.345] filter_IN_public_REJECT: ", "Mar  1 10:20:30"),
        ("[   12.345678] nft dropped: ", ""),
    ],
)
def test_a_line_tells_of_a_dropped_packet(start: str, at: str) -> None:
    line = start + _FIELDS
    expected = DroppedPacket(
        at, "tcp", "192.0.2.7", "198.51.100.1", 8080, 40000, is_inbound=True, text=line
    )
    assert drops(line) == [expected]


def test_addresses_of_ipv6_are_written_short() -> None:
    line = (
        "kernel: DROP IN=eth0 OUT= SRC=2001:0db8:0000:0000:0000:0000:0000:0007 "
        "DST=2001:0db8:0000:0000:0000:0000:0000:0001 PROTO=UDP SPT=53 DPT=8080 LEN=20"
    )
    [packet] = drops(line, protocol=Protocol.UDP)
    assert (packet.source, packet.destination) == ("2001:db8::7", "2001:db8::1")


@pytest.mark.parametrize(
    "line",
    [
        "kernel: [UFW ALLOW] " + _FIELDS,
        "kernel: [UFW AUDIT] " + _FIELDS,
        "kernel: new connection: " + _FIELDS,
        "kernel: [UFW BLOCK] " + _FIELDS.replace("OUT= ", "OUT=eth1 "),
        "kernel: [UFW BLOCK] " + _FIELDS.replace("IN=eth0", "IN="),
        "kernel: [UFW BLOCK] " + _FIELDS.replace("DPT=8080", "DPT=808080"),
        "kernel: [UFW BLOCK] " + _FIELDS.replace("DPT=8080 ", ""),
        "kernel: [UFW BLOCK] " + _FIELDS.replace("192.0.2.7", "192.0.2.700"),
        "kernel: [UFW BLOCK] " + _FIELDS.replace("PROTO=TCP", "PROTO=ICMP"),
        "kernel: block device sda is full",
        "",
    ],
)
def test_other_lines_tell_nothing(line: str) -> None:
    assert drops(line) == []


def test_what_an_error_quotes_is_not_the_packet() -> None:
    line = (
        "kernel: DROP IN=eth0 OUT= SRC=192.0.2.7 DST=198.51.100.1 PROTO=ICMP TYPE=3 CODE=3 "
        "[SRC=198.51.100.1 DST=192.0.2.7 PROTO=TCP SPT=1 DPT=8080 ]"
    )
    assert drops(line) == []


@given(st.text())
def test_no_line_is_too_strange(line: str) -> None:
    drops("kernel: drop IN=eth0 OUT= " + line)
    drops(line + _FIELDS)
