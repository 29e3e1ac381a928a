"""The bind probe against Microsoft's table of who may bind beside whom."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.probes.bind import probe_bind
from portview.probes.bind_attempt import WINDOWS, Binder
from portview.probes.bind_report import BindReport, BindVerdict
from tests.fakes.winsock import ANY, DEFAULT, EXCLUSIVE, REUSE, FakeWinsock, Held

if TYPE_CHECKING:
    from collections.abc import Iterable

PORT = 8080
ANY_IPV4, ANY_IPV6 = ANY.values()
OWNER = ProcessKey(42, 1)


class Table:
    """A socket table whose owners are all called so."""

    def __init__(self, rows: Iterable[SocketRow] | None) -> None:
        self._rows = None if rows is None else tuple(rows)

    def rows(self) -> tuple[SocketRow, ...] | None:
        return self._rows

    def owner_name(self, row: SocketRow) -> str:
        return f"server (PID {row.pid})"


def row(address: str, state: State | None = State.LISTEN, remote: str | None = None) -> SocketRow:
    family = Family.IPV6 if ":" in address else Family.IPV4
    peer = Endpoint(remote, 50_000) if remote else None
    owner = None if state is State.TIME_WAIT else OWNER
    key = SocketKey(Protocol.TCP, family, Endpoint(address, PORT), peer, owner)
    return SocketRow(key, state, owner.pid if owner else None)


def probe(
    machine: FakeWinsock,
    rows: Iterable[SocketRow] | None,
    address: str | None,
    ranges: PortRanges | None = None,
) -> BindReport:
    binder = Binder(WINDOWS, machine.socket)
    return probe_bind(PORT, address=address, binder=binder, table=Table(rows), ranges=ranges)


def test_a_port_that_nobody_has_is_free() -> None:
    machine = FakeWinsock()
    for address in (ANY_IPV4, ANY_IPV6, "127.0.0.1", "::1"):
        assert probe(machine, (), address).verdict is BindVerdict.FREE
    assert {option for option, _ in machine.binds} == {EXCLUSIVE}


HOLDERS = [
    Held(address, PORT, option, is_other)
    for address, option, is_other in itertools.product(
        (ANY_IPV4, "127.0.0.1", ANY_IPV6, "::1"), (DEFAULT, REUSE, EXCLUSIVE), (False, True)
    )
]


@pytest.mark.parametrize("held", HOLDERS, ids=str)
def test_whatever_somebody_has_is_in_use_where_it_is_in_the_way(held: Held) -> None:
    machine = FakeWinsock((held,))
    is_v6 = ":" in held.address
    own = (ANY_IPV6, "::1") if is_v6 else (ANY_IPV4, "127.0.0.1")
    for address in own:
        report = probe(machine, [row(held.address)], address)
        assert report.verdict is BindVerdict.IN_USE
        assert not report.is_free
        assert "server (PID 42)" in report.detail
        assert report.users
    other = ("127.0.0.1", ANY_IPV4) if is_v6 else ("::1",)
    for address in other:
        assert probe(machine, [row(held.address)], address).is_free
    assert REUSE not in {option for option, _ in machine.binds}, "it would take the port away"


@pytest.mark.parametrize("held", HOLDERS, ids=str)
def test_a_holder_that_the_table_does_not_show_is_no_free_port(held: Held) -> None:
    address = ANY_IPV6 if ":" in held.address else ANY_IPV4
    for rows in (None, ()):
        assert not probe(FakeWinsock((held,)), rows, address).is_free


def test_a_server_at_another_address_leaves_an_address_free() -> None:
    machine = FakeWinsock((Held("192.0.2.7", PORT, EXCLUSIVE),))
    rows = [row("192.0.2.7")]
    assert probe(machine, rows, "127.0.0.1").is_free
    assert not probe(machine, rows, "192.0.2.7").is_free
    assert not probe(machine, rows, ANY_IPV4).is_free


def test_what_a_closed_server_left_lets_a_default_bind_start() -> None:
    machine = FakeWinsock(leftovers=frozenset({PORT}))
    rows = [row("127.0.0.1", State.TIME_WAIT, "127.0.0.1")]
    report = probe(machine, rows, ANY_IPV4)
    assert report.verdict is BindVerdict.LEFTOVERS
    assert report.is_free
    assert "TIME_WAIT" in report.detail
    assert "exclusive" in report.hint


def test_what_is_denied_to_everyone_is_no_other_program() -> None:
    machine = FakeWinsock(denied=frozenset({PORT}))
    ranges = PortRanges(excluded=(PortRange(8000, 8099),))
    reserved = probe(machine, (), ANY_IPV4, ranges)
    assert reserved.verdict is BindVerdict.RESERVED
    assert "8000-8099" in reserved.detail
    forbidden = probe(machine, (), "127.0.0.1")
    assert forbidden.verdict is BindVerdict.FORBIDDEN
    assert "http.sys" in forbidden.detail


def test_what_the_system_itself_listens_on_is_told_by_the_table() -> None:
    report = probe(FakeWinsock(denied=frozenset({PORT})), [row(ANY_IPV4)], ANY_IPV4)
    assert report.verdict is BindVerdict.IN_USE
    assert f"listens at {ANY_IPV4}:8080" in report.detail


def test_an_address_that_is_not_there() -> None:
    assert probe(FakeWinsock(), (), "203.0.113.1").verdict is BindVerdict.NO_ADDRESS
