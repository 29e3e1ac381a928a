"""What "Test connection" tests for each kind of row."""

from __future__ import annotations

import pytest

from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.probes.bind_places import ANY_IPV4
from portview.ui.probing.connection_plan import Way, plan_test

REMOTE = Endpoint("198.51.100.9", 443)


def made_row(
    local: Endpoint,
    remote: Endpoint | None = None,
    state: State | None = State.LISTEN,
    protocol: Protocol = Protocol.TCP,
) -> SocketRow:
    family = Family.IPV6 if ":" in local.address else Family.IPV4
    return SocketRow(SocketKey(protocol, family, local, remote, ProcessKey(1, 5), 1), state, 1)


@pytest.mark.parametrize("state", [State.LISTEN, State.BOUND])
def test_a_server_is_tested_by_the_ladder(state: State) -> None:
    plan = plan_test(made_row(Endpoint(ANY_IPV4, 8080), state=state), [])
    assert plan.way is Way.LADDER
    assert plan.target.port == 8080
    assert "8080" in plan.title


def test_a_connection_that_went_out_is_tested_at_its_other_end() -> None:
    row = made_row(Endpoint("192.0.2.5", 50_000), REMOTE, State.ESTABLISHED)
    plan = plan_test(row, [row, made_row(Endpoint(ANY_IPV4, 80))])
    assert plan.way is Way.CONNECT
    assert (plan.target.host, plan.target.port) == REMOTE
    assert "goes out to 198.51.100.9:443" in plan.explanation


def test_a_connection_that_came_in_is_tested_at_the_port_it_came_to() -> None:
    row = made_row(Endpoint("192.0.2.5", 80), REMOTE, State.ESTABLISHED)
    plan = plan_test(row, [row, made_row(Endpoint(ANY_IPV4, 80))])
    assert plan.way is Way.LADDER
    assert plan.target.port == 80
    assert "came in to port 80" in plan.explanation


@pytest.mark.parametrize(
    ("local", "asked"), [(ANY_IPV4, "127.0.0.1"), ("::", "::1"), ("192.0.2.5", "192.0.2.5")]
)
def test_udp_is_asked_where_it_can_answer(local: str, asked: str) -> None:
    plan = plan_test(made_row(Endpoint(local, 53), None, None, Protocol.UDP), [])
    assert plan.way is Way.ASK_UDP
    assert plan.target.host == asked
    assert "Silence proves nothing" in plan.explanation


def test_a_connected_udp_socket_is_asked_at_its_other_end() -> None:
    row = made_row(Endpoint("192.0.2.5", 50_000), REMOTE, None, Protocol.UDP)
    plan = plan_test(row, [])
    assert plan.way is Way.ASK_UDP
    assert (plan.target.host, plan.target.port) == REMOTE
