"""Holders on Windows, against Microsoft's table of who may bind beside whom."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from portview.diagnosis.answer import diagnose
from portview.domain.address_matching import is_wildcard
from portview.domain.facts import Absent, Known
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Protocol
from portview.probes.bind_attempt import Binder
from portview.probes.server_bind import try_specific, try_to_serve
from tests.diagnosis_facts import facts, known, listener
from tests.fakes.winsock import DEFAULT, EXCLUSIVE, REUSE, FakeWinsock, Held

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts

PORT = 8080
LAN = "192.0.2.7"


def on(machine: FakeWinsock, *, address: str | None = None, is_mine: bool = True) -> Facts:
    """What PortView knows of such a machine: its binds, and the table of sockets."""
    binder = Binder("win32", machine.socket)
    wanted = (address,) if address else ("0.0.0.0", "::")  # noqa: S104 - what is asked about
    code = try_specific(PORT, Protocol.TCP, binder)
    return facts(
        "win32",
        port=PORT,
        address=address,
        binds=known(tuple(try_to_serve(one, PORT, Protocol.TCP, binder) for one in wanted)),
        specific_code=known(code) if code is not None else known_absent(),
        sockets=[
            listener(one.address, is_v6_only=True, is_mine=is_mine, token=number)
            for number, one in enumerate(machine.held, start=1)
        ],
    )


def known_absent() -> object:
    reading = known(0)
    return type(reading)(Absent(), reading.source)


@pytest.mark.parametrize(
    ("place", "option"),
    list(itertools.product(("0.0.0.0", "127.0.0.1", LAN), (DEFAULT, REUSE, EXCLUSIVE))),  # noqa: S104
)
def test_every_holder_of_the_same_user_is_found_by_an_exclusive_bind(
    place: str, option: str
) -> None:
    some = on(FakeWinsock((Held(place, PORT, option),)))
    answer = diagnose(some)
    # The column of the exclusive wildcard reads 10048 in every row; IPv6 is its own.
    assert answer.can_bind == "partly"
    (cause,) = [one for one in answer.causes if one.side == "bind"]
    is_told = option == EXCLUSIVE and is_wildcard(place)
    assert cause.code == ("exclusive" if is_told else "listener")


@pytest.mark.parametrize("option", [DEFAULT, REUSE, EXCLUSIVE])
def test_a_holder_of_another_user_is_named_as_such(option: str) -> None:
    held = Held("0.0.0.0", PORT, option, is_other_user=True)  # noqa: S104 - held, not bound
    answer = diagnose(on(FakeWinsock((held,)), is_mine=False))
    assert [one.code for one in answer.causes if one.side == "bind"] == ["other_user"]


def test_two_servers_side_by_side_are_found_although_nobody_got_an_error() -> None:
    machine = FakeWinsock((Held("0.0.0.0", PORT), Held("127.0.0.1", PORT)))  # noqa: S104 - held
    some = on(machine)
    both = tuple(
        listener(one.address, token=number, owners=(some.known_sockets[0].owners[0],))
        for number, one in enumerate(machine.held)
    )
    same = facts("win32", binds=some.binds, sockets=both)
    assert "wildcard_and_specific" not in {one.code for one in diagnose(same).causes}


def test_a_specific_address_beside_a_wildcard_can_be_had() -> None:
    some = on(FakeWinsock((Held("0.0.0.0", PORT),)), address=LAN)  # noqa: S104 - held
    assert diagnose(some).can_bind == "yes"
    exclusive = on(FakeWinsock((Held("0.0.0.0", PORT, EXCLUSIVE),)), address=LAN)  # noqa: S104
    assert diagnose(exclusive).can_bind == "no"


def test_what_is_denied_everywhere_is_no_holder() -> None:
    machine = FakeWinsock(denied=frozenset({PORT}))
    ranges = PortRanges(PortRange(49152, 65535), (PortRange(8054, 8153),))
    some = on(machine)
    excluded = facts("win32", binds=some.binds, ranges=known(ranges))
    assert [one.code for one in diagnose(excluded).causes] == ["excluded_range"]
    unknown = facts("win32", binds=some.binds)
    assert [one.code for one in diagnose(unknown).causes] == ["packet_filter"]
    assert diagnose(unknown).causes[0].certainty == "likely"


def test_remains_refuse_an_exclusive_server_alone() -> None:
    some = on(FakeWinsock(leftovers=frozenset({PORT})))
    answer = diagnose(some)
    assert answer.can_bind == "no"
    assert all(one.plain_code is None for one in some.binds.value or ())
    assert isinstance(some.binds.fact, Known)
