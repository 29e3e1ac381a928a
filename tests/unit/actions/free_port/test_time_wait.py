"""What is left of closed connections, and where a port must be bindable to be free."""

from __future__ import annotations

import pytest

from portview.actions.free_port.time_wait import remaining_ticks
from portview.actions.free_port.verify import places_of
from portview.actions.port_usage import FreeRequest
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)

PORT = 8080
OWNER = ProcessKey(7, 70)
ANY, ANY6 = "0.0.0.0", "::"  # noqa: S104 - addresses in a table
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"


def line(port: int, state: str, ticks: str, *, remote: int = 9) -> str:
    return (
        f"   0: 0100007F:{port:04X} 0100007F:{remote:04X} {state} 00000000:00000000 "
        f"03:{ticks} 00000000     0        0 0 3 0000000000000000"
    )


def test_only_time_wait_of_the_local_port_counts() -> None:
    lines = [
        HEAD,
        line(PORT, "06", "00000ABC"),
        line(PORT, "01", "00000FFF"),
        line(PORT, "0A", "00000FFE"),
        line(PORT, "08", "00000FFD"),
        line(PORT + 1, "06", "00000FFC"),
        line(9, "06", "00000FFB", remote=PORT),
        "",
        "cut off",
        " ".join(line(PORT, "06", "00000ABD").split()[:5]),
        " ".join(line(PORT, "06", "00000020").split()[:6]),
        line(PORT, "06", "x"),
        line(PORT, "06", "00000010"),
    ]
    assert remaining_ticks(lines, PORT) == [0xABC, 0x20, 0x10]


@pytest.mark.parametrize("state", [f"{number:02X}" for number in range(1, 14) if number != 6])
def test_no_other_state_is_taken_for_time_wait(state: str) -> None:
    assert remaining_ticks([line(PORT, state, "00000ABC")], PORT) == []


def row(address: str) -> SocketRow:
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(Protocol.TCP, family, Endpoint(address, PORT), None, OWNER)
    return SocketRow(key, State.LISTEN, OWNER.pid)


def addresses(*rows: SocketRow) -> set[str]:
    return {place.address for place in places_of(FreeRequest(PORT), rows)}


def test_a_port_that_was_held_everywhere_must_be_free_for_ipv4_too() -> None:
    assert ANY in addresses(row(ANY6))
    assert ANY in addresses(row(ANY6), row("127.0.0.1"))
    assert ANY in addresses(row(ANY))


def test_a_port_that_was_held_at_one_address_must_be_free_there() -> None:
    assert addresses(row("127.0.0.1")) == {"127.0.0.1"}
    assert addresses(row("127.0.0.1"), row("::1")) == {"127.0.0.1", "::1"}


def test_an_address_that_was_asked_for_is_what_counts() -> None:
    request = FreeRequest(PORT, address="127.0.0.2")
    assert {place.address for place in places_of(request, [row(ANY6)])} == {"127.0.0.2"}


def test_with_nothing_held_it_must_be_free_everywhere() -> None:
    assert ANY in addresses()
