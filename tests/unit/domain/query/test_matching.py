"""Which rows a query finds, and that the fast way finds the same ones."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.query.compiling import compile_query
from portview.domain.query.matching import matches
from portview.domain.query.syntax import parse_query
from portview.domain.query.terms import AnyText, Query
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from tests.strategies import entries, queries

OWNER = ProcessKey(4711, 1_700_000_000_000)
INFO = ProcessInfo(
    OWNER,
    name="Node.exe",
    executable=r"C:\Program Files\nodejs\node.exe",
    command_line=("node", "--inspect", "server.js"),
    user=r"DESK\Straße",
)
ROW = SocketRow(
    SocketKey(
        Protocol.TCP,
        Family.IPV6,
        Endpoint("fe80::1%eth0", 8080),
        Endpoint("10.1.2.3", 50123),
        OWNER,
    ),
    State.FIN_WAIT_2,
    4711,
    services=("Dnscache",),
)
UNOWNED = SocketRow(
    SocketKey(Protocol.UDP, Family.IPV4, Endpoint("127.0.0.1", 53), None, None),
    pid=4,
    owner_problem=OwnerProblem.ACCESS_DENIED,
    user="systemd-resolve",
)


@given(queries, entries)
@example(AnyText("tcp\0"), SocketEntry(ROW, INFO))
@settings(max_examples=400)
def test_the_fast_way_agrees_with_the_plain_one(query: Query, entry: SocketEntry) -> None:
    expected = matches(query, entry.row, entry.info, entry.port_name)
    assert compile_query(query)(entry) is expected


@pytest.mark.parametrize(
    "text",
    [
        "node",
        "NODE.EXE",
        "STRASSE",
        "straße",
        "8080",
        "fe80::1",
        "[fe80::1%eth0]:8080",
        "10.1.2.3:50123",
        "fin_wait",
        "dnscache",
        "4711",
        "inspect",
        '"node --inspect"',
        "http-alt",
        "port:8080",
        "port:80,8000-8100",
        "rport:50123",
        "-port:50123",
        "pid:4711",
        "pid:4000-5000",
        "proc:node",
        "exe:program",
        "cmd:server.js",
        "user:desk",
        "service:dns",
        "name:http",
        "local:fe80::1",
        "local:fe80::1%ETH0",
        "-local:fe80::1%3",
        "local:fe80::/10",
        "local:fe80",
        "local:[fe80::1]:8080",
        "-local:[fe80::1]:8081",
        "remote:10.0.0.0/8",
        "remote:10.1",
        "addr:10.1.2.3:50000-50200",
        "-local:10.1.2.3",
        "-addr:localhost",
        "state:fin",
        "-state:fin-wait-1",
        "proto:tcp",
        "proto:udp,tcp6",
        "-proto:tcp4",
        "nothing OR node",
        "-(node nothing)",
    ],
)
def test_rows_are_found(text: str) -> None:
    query = parse_query(text)
    assert matches(query, ROW, INFO, "http-alt")
    assert compile_query(query)(SocketEntry(ROW, INFO, "http-alt"))


@pytest.mark.parametrize(
    "text",
    ["node nothing", "port:808", "remote:10.1.2.30", "remote:10.1.2.3/32 -node", "-node", "addr:0"],
)
def test_rows_are_left_out(text: str) -> None:
    query = parse_query(text)
    assert not matches(query, ROW, INFO, "http-alt")
    assert not compile_query(query)(SocketEntry(ROW, INFO, "http-alt"))


@pytest.mark.parametrize(
    "text",
    ['"access denied"', "user:systemd", "pid:4", "-proc:a", "-remote:::/0", "addr:localhost"],
)
def test_a_row_without_an_owner_is_found_by_what_is_known(text: str) -> None:
    query = parse_query(text)
    assert matches(query, UNOWNED, None)
    assert compile_query(query)(SocketEntry(UNOWNED))


@pytest.mark.parametrize("text", ["remote:10.0.0.7", "remote:10.0", "remote:10.0.0.0/24:80"])
def test_an_address_for_both_families_is_found_as_the_one_it_carries(text: str) -> None:
    mapped = Endpoint("::ffff:10.0.0.7", 80)
    row = SocketRow(SocketKey(Protocol.TCP, Family.IPV6, Endpoint("::", 80), mapped, None))
    assert matches(parse_query(text), row, None)
    assert matches(parse_query("remote:::ffff:10.0.0.7"), row, None)
    assert not matches(parse_query("remote:10.0.0.8"), row, None)


@given(st.sampled_from(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]))
def test_localhost_is_every_loopback_address(address: str) -> None:
    family = Family.IPV6 if ":" in address else Family.IPV4
    row = SocketRow(SocketKey(Protocol.TCP, family, Endpoint(address, 80), None, None))
    assert matches(parse_query("localhost:80"), row, None)
    assert not matches(parse_query("localhost:81"), row, None)
