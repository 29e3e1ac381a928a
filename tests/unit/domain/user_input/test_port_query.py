"""Questions for a port, and what the socket table answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.user_input.port_query import (
    PortQuery,
    PortQueryError,
    answer_port_query,
    parse_port_query,
)
from tests.strategies import addresses, rows

questions = st.builds(
    PortQuery,
    st.integers(1, 65535),
    st.none() | st.sampled_from(Protocol),
    st.none() | st.just("localhost") | addresses,
)


@given(questions, st.sampled_from(["", " ", "\t"]))
def test_a_written_question_is_read_again(question: PortQuery, space: str) -> None:
    assert parse_port_query(f"{space}{question}{space}") == question


@given(st.text(st.sampled_from("08:[]./ udptc%1") | st.characters(), max_size=20))
def test_any_text_is_a_question_or_a_clear_mistake(text: str) -> None:
    try:
        question = parse_port_query(text)
    except PortQueryError as error:
        mistake = error
    else:
        assert 1 <= question.port <= 65535
        assert parse_port_query(str(question)) == question
        return
    assert mistake.message.endswith(".")
    assert mistake.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8080", PortQuery(8080)),
        (":8080", PortQuery(8080)),
        ("port 8080", PortQuery(8080)),
        ("0080", PortQuery(80)),
        ("udp 53", PortQuery(53, Protocol.UDP)),
        ("UDP:53", PortQuery(53, Protocol.UDP)),
        ("53/udp", PortQuery(53, Protocol.UDP)),
        ("53 tcp", PortQuery(53, Protocol.TCP)),
        ("127.0.0.1:80", PortQuery(80, None, "127.0.0.1")),
        ("tcp 127.0.0.1:80", PortQuery(80, Protocol.TCP, "127.0.0.1")),
        ("[::1]:80", PortQuery(80, None, "::1")),
        ("[0:0::1]:80", PortQuery(80, None, "::1")),
        ("::1:80", PortQuery(80, None, "::1")),
        ("*:80", PortQuery(80, None, "0.0.0.0")),  # noqa: S104 - data
        ("localhost:3000", PortQuery(3000, None, "localhost")),
        ("http://localhost:3000/a?b#c", PortQuery(3000, Protocol.TCP, "localhost")),
        ("https://127.0.0.1/", PortQuery(443, Protocol.TCP, "127.0.0.1")),
        ("http://[::1]/", PortQuery(80, Protocol.TCP, "::1")),
        ("http://[::1]:81/", PortQuery(81, Protocol.TCP, "::1")),
    ],
)
def test_the_forms_that_people_type(text: str, expected: PortQuery) -> None:
    assert parse_port_query(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The port is missing."),
        ("udp", "The port is missing."),
        ("127.0.0.1:", "The port is missing."),
        ("gopher://localhost", "The port is missing."),
        ("0", "Ports go from 1 to 65535."),
        ("65536", "Ports go from 1 to 65535."),
        ("9" * 5000, "Ports go from 1 to 65535."),
        ("eighty", "“eighty” is not a port."),
        ("８０", "“８０” is not a port."),  # noqa: RUF001 - wide digits
        ("80 81", "“80 81” is not a port."),
        ("tcp 53 udp", "One protocol at a time: tcp or udp."),
        (
            "example.com:80",
            ("Only addresses of this machine are accepted here, and no names except localhost."),
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(text: str, message: str) -> None:
    with pytest.raises(PortQueryError) as caught:
        parse_port_query(text)
    assert caught.value.message == message


def socket(
    port: int,
    state: State | None = State.LISTEN,
    address: str = "127.0.0.1",
    remote: Endpoint | None = None,
) -> SocketRow:
    protocol = Protocol.TCP if state else Protocol.UDP
    family = Family.IPV6 if ":" in address else Family.IPV4
    return SocketRow(SocketKey(protocol, family, Endpoint(address, port), remote, None), state)


PEER = Endpoint("10.0.0.9", 8080)


def test_the_answer_tells_holders_from_users_and_from_what_only_waits() -> None:
    listener, datagram = socket(8080), socket(8080, None)
    bound = socket(8080, State.BOUND, "10.0.0.1")
    client = socket(8080, State.ESTABLISHED, remote=Endpoint("10.0.0.9", 1))
    waits = socket(8080, State.TIME_WAIT, remote=Endpoint("10.0.0.9", 2))
    there = socket(50000, State.ESTABLISHED, remote=PEER)
    other = socket(8081)
    machine = [other, there, waits, client, datagram, bound, listener]
    answer = answer_port_query(PortQuery(8080), machine)
    assert answer.holders == (bound, listener, datagram)
    assert answer.users == (client,)
    assert answer.waiting == (waits,)
    assert answer.peers == (there,)
    assert answer.found == (bound, listener, datagram, client, waits)
    over_udp = answer_port_query(PortQuery(8080, Protocol.UDP), machine)
    assert over_udp.found == (datagram,)
    assert answer_port_query(PortQuery(9), machine).is_free


@pytest.mark.parametrize(
    ("asked", "bound", "is_found"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "0.0.0.0", True),  # noqa: S104 - data
        ("127.0.0.1", "::", True),
        ("127.0.0.1", "10.0.0.1", False),
        ("::1", "0.0.0.0", False),  # noqa: S104 - data
        ("::1", "::", True),
        ("0.0.0.0", "127.0.0.1", True),  # noqa: S104 - data
        ("localhost", "127.8.8.8", True),
        ("localhost", "::1", True),
        ("localhost", "10.0.0.1", False),
    ],
)
def test_an_address_narrows_the_answer_to_what_concerns_it(
    asked: str, bound: str, is_found: bool
) -> None:
    answer = answer_port_query(PortQuery(80, None, asked), [socket(80, address=bound)])
    assert bool(answer.holders) == is_found


@given(st.lists(rows(), max_size=8), st.integers(0, 7))
def test_a_free_port_has_no_socket_and_every_socket_is_found_once(
    machine: list[SocketRow], number: int
) -> None:
    port = machine[number % len(machine)].local.port if machine else 1
    answer = answer_port_query(PortQuery(port), machine)
    on_port = [row for row in machine if row.local.port == port]
    assert sorted(map(id, answer.found)) == sorted(map(id, on_port))
    assert answer.is_free == (not on_port)
