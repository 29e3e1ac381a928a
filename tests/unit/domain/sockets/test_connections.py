"""Which connections a server has, and who takes most of its traffic."""

from __future__ import annotations

import pytest

from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.connections import (
    connections_by_server,
    connections_of,
    top_clients,
    total_rate,
)
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.sockets.traffic import TrafficRate

A, B = ProcessKey(1, 5), ProcessKey(2, 5)
ALL_V4, ALL_V6 = "0.0.0.0", "::"  # noqa: S104 - values of rows


def made(
    local: Endpoint,
    remote: Endpoint | None = None,
    state: State | None = None,
    owner: ProcessKey = A,
    protocol: Protocol = Protocol.TCP,
) -> SocketRow:
    family = Family.IPV6 if ":" in local.address else Family.IPV4
    key = SocketKey(protocol, family, local, remote, owner, 1)
    return SocketRow(key, state or (State.ESTABLISHED if remote else State.LISTEN), owner.pid)


HERE, THERE = "192.0.2.1", "198.51.100.7"
ACCEPTED = made(Endpoint(HERE, 80), Endpoint(THERE, 40_000), owner=B)
LOCAL = made(Endpoint("127.0.0.1", 80), Endpoint("127.0.0.1", 40_001))
OTHER_PORT = made(Endpoint(HERE, 81), Endpoint(THERE, 40_002))
LEFT_OVER = made(Endpoint(HERE, 80), Endpoint(THERE, 40_003), State.TIME_WAIT)
CLIENT = made(Endpoint(HERE, 50_000), Endpoint(THERE, 80))
CLIENT_TOO = made(Endpoint(HERE, 50_001), Endpoint(THERE, 80))
CLIENT_OF_ANOTHER = made(Endpoint(HERE, 50_002), Endpoint(THERE, 80), owner=B)
ROWS = (ACCEPTED, LOCAL, OTHER_PORT, LEFT_OVER, CLIENT, CLIENT_TOO, CLIENT_OF_ANOTHER)


@pytest.mark.parametrize(
    ("bound", "expected"),
    [(ALL_V4, (ACCEPTED, LOCAL)), ("127.0.0.1", (LOCAL,)), (ALL_V6, (ACCEPTED, LOCAL))],
)
def test_a_server_has_what_came_in_at_its_address(
    bound: str, expected: tuple[SocketRow, ...]
) -> None:
    # Whoever accepted it: a worker's connection is the server's as well.
    assert connections_of(made(Endpoint(bound, 80)), ROWS) == expected


def test_several_servers_are_told_apart_in_one_pass() -> None:
    everywhere, loopback = made(Endpoint(ALL_V4, 80)), made(Endpoint("127.0.0.1", 80), owner=B)
    other = made(Endpoint(ALL_V4, 81))
    found = connections_by_server((everywhere, loopback, other), ROWS)
    assert found == {
        server.key: [row.key for row in connections_of(server, ROWS)]
        for server in (everywhere, loopback, other)
    }


def test_a_client_has_the_connections_of_its_process_to_the_same_server() -> None:
    assert connections_of(CLIENT, ROWS) == (CLIENT, CLIENT_TOO)


def test_udp_has_none() -> None:
    row = made(Endpoint(ALL_V4, 80), protocol=Protocol.UDP)
    assert connections_of(row, ROWS) == ()


def test_the_total_is_unknown_where_no_part_is_known() -> None:
    rates = {ACCEPTED.key: TrafficRate(10.0, 1.0), LOCAL.key: TrafficRate(5.0, 2.0)}
    assert total_rate((ACCEPTED.key, LOCAL.key, CLIENT.key), rates) == TrafficRate(15.0, 3.0)
    assert total_rate((CLIENT.key,), rates) is None


def test_clients_are_machines_and_those_with_most_traffic_come_first() -> None:
    again = made(Endpoint(HERE, 80), Endpoint(THERE, 40_009))
    quiet = made(Endpoint(HERE, 80), Endpoint("198.51.100.8", 1))
    rates = {ACCEPTED.key: TrafficRate(10.0, 1.0), again.key: TrafficRate(1.0, 1.0)}
    rates[LOCAL.key] = TrafficRate(100.0, 0.0)
    found = top_clients((ACCEPTED, quiet, again, LOCAL), rates, 2)
    assert [tuple(one) for one in found] == [
        ("127.0.0.1", 1, 100.0, 0.0),
        (THERE, 2, 11.0, 2.0),
    ]
