"""What a snapshot says about each kind of watch that it answers, three-valued."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.address_matching import ANY_IPV4
from portview.domain.facts import Fact, Known, Unreadable
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.watch.evaluation.baseline import compare, listeners_now
from portview.watch.evaluation.local_facts import LocalFacts
from portview.watch.evaluation.local_kinds import evaluate_locally
from portview.watch.evaluation.programs import is_program
from portview.watch.incidents.machine import Evaluation
from portview.watch.rules.model import Expectation, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.watch.rules.listener_key import ListenerKey

GOOD, BAD, UNREADABLE = Evaluation.GOOD, Evaluation.BAD, Evaluation.UNREADABLE
RANGES = PortRanges(
    PortRange(49152, 65535), (PortRange(5000, 5099), PortRange(6000, 6000, is_administered=True))
)
NODE, SHOP = ProcessKey(10, 1), ProcessKey(11, 1)
PROCESSES = {
    NODE: ProcessInfo(NODE, "node", "/usr/bin/node"),
    SHOP: ProcessInfo(SHOP, "shop.exe", "C:\\shop\\shop.exe"),
}


def row(
    port: int,
    owner: ProcessKey | None = NODE,
    *,
    address: str = "127.0.0.1",
    state: State | None = State.LISTEN,
    protocol: Protocol = Protocol.TCP,
    remote: Endpoint | None = None,
    problem: OwnerProblem | None = None,
) -> SocketRow:
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(protocol, family, Endpoint(address, port), remote, owner, port)
    return SocketRow(key, state, owner.pid if owner else None, problem)


def facts(
    rows: Iterable[SocketRow] = (),
    ranges: Fact[PortRanges] = Known(RANGES),  # noqa: B008 - frozen
) -> LocalFacts:
    return LocalFacts(Known(Snapshot(tuple(rows), PROCESSES)), lambda _protocol: ranges)


def look(expect: str, found: LocalFacts, **keys: object) -> Evaluation:
    watch = Watch("w", Expectation(expect), **{"port": 80, **keys})  # type: ignore[arg-type]
    return evaluate_locally(watch, found).evaluation


HIDDEN = row(80, None, problem=OwnerProblem.ACCESS_DENIED)
UDP = row(80, protocol=Protocol.UDP, state=None)


@pytest.mark.parametrize(
    ("expect", "rows", "keys", "expected"),
    [
        ("listening", [row(80)], {}, GOOD),
        ("listening", [], {}, BAD),
        ("listening", [row(81)], {}, BAD),
        ("listening", [row(80, state=State.BOUND)], {}, BAD),
        ("listening", [UDP], {}, BAD),
        ("listening", [UDP], {"protocol": "udp"}, GOOD),
        ("listening", [HIDDEN], {}, GOOD),
        ("listening", [HIDDEN], {"program": "node"}, UNREADABLE),
        ("listening", [row(80)], {"program": "node.exe"}, GOOD),
        ("listening", [row(80)], {"program": "shop"}, BAD),
        ("listening", [row(80)], {"address": "10.0.0.1"}, BAD),
        ("listening", [row(80, address=ANY_IPV4)], {"address": "10.0.0.1"}, GOOD),
        ("free", [], {}, GOOD),
        ("free", [row(80)], {}, BAD),
        ("free", [row(80, state=State.BOUND)], {}, BAD),
        ("free", [HIDDEN], {}, BAD),
        ("held_by", [], {"program": "node"}, BAD),
        ("held_by", [row(80)], {"program": "node"}, GOOD),
        ("held_by", [row(80)], {"program": "/usr/bin/node"}, GOOD),
        ("held_by", [row(80)], {"program": "/usr/local/bin/node"}, BAD),
        ("held_by", [row(80), row(80, SHOP, address="::1")], {"program": "node"}, BAD),
        ("held_by", [HIDDEN], {"program": "node"}, UNREADABLE),
        ("not_reserved", [], {"port": 5050}, BAD),
        ("not_reserved", [], {"port": 6000}, GOOD),
        ("not_reserved", [], {"port": 80}, GOOD),
    ],
)  # fmt: skip
def test_each_kind(
    expect: str, rows: list[SocketRow], keys: dict[str, object], expected: Evaluation
) -> None:
    assert look(expect, facts(rows), **keys) is expected


@pytest.mark.parametrize(
    "expect", ["listening", "free", "held_by", "sockets", "dynamic_ports", "not_reserved"]
)
def test_what_can_not_be_read_is_neither_good_nor_bad(expect: str) -> None:
    closed = Unreadable("closed")
    found = LocalFacts(closed, lambda _protocol: closed)
    assert look(expect, found, program="x", above=1.0) is UNREADABLE


def connection(port: int, state: State, owner: ProcessKey | None = NODE) -> SocketRow:
    return row(port, owner, state=state, remote=Endpoint("127.0.0.1", 80))


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_sockets_are_counted_by_state_and_program(waiting: int, open_: int, limit: int) -> None:
    rows = [connection(50_000 + n, State.CLOSE_WAIT) for n in range(waiting)]
    rows += [connection(51_000 + n, State.ESTABLISHED, SHOP) for n in range(open_)]
    found = facts(rows)
    above = float(limit)
    assert (look("sockets", found, above=above) is BAD) == (waiting + open_ > limit)
    only = look("sockets", found, above=above, state="close-wait")
    assert (only is BAD) == (waiting > limit)
    assert (look("sockets", found, above=above, program="shop") is BAD) == (open_ > limit)


def test_dynamic_ports_that_run_out() -> None:
    few = PortRanges(PortRange(50_000, 50_009))
    rows = [connection(50_000 + n, State.TIME_WAIT, None) for n in range(9)]
    found = facts(rows, Known(few))
    assert look("dynamic_ports", found, port=None) is BAD
    assert look("dynamic_ports", found, port=None, above=95.0) is GOOD
    # A share does as well as percent.
    assert look("dynamic_ports", found, port=None, above=0.85) is BAD


def test_a_program_is_known_by_name_or_path() -> None:
    shop = PROCESSES[SHOP]
    assert is_program(shop, "shop") is True
    assert is_program(shop, "SHOP.EXE") is True
    assert is_program(shop, "C:\\shop\\shop.exe") is True
    assert is_program(shop, "node") is False
    assert is_program(ProcessInfo(SHOP), "node") is None


def baseline_of(found: LocalFacts) -> list[ListenerKey]:
    return list(listeners_now(found))


def bad_ones(baseline: list[ListenerKey], found: LocalFacts) -> list[str]:
    return [one.subject for one in compare(baseline, found, []) if one.evaluation is BAD]


def test_a_listener_is_new_by_its_program_and_place_never_by_its_process() -> None:
    before = facts([row(8080), row(50_000), row(53, protocol=Protocol.UDP, state=None)])
    baseline = baseline_of(before)
    other_process = ProcessKey(99, 7)
    processes = {**PROCESSES, other_process: ProcessInfo(other_process, "node", "/usr/bin/node")}
    restarted = LocalFacts(
        Known(Snapshot((row(8080, other_process), row(50_123, other_process)), processes)),
        lambda _protocol: Known(RANGES),
    )
    assert bad_ones(baseline, restarted) == []
    assert len(bad_ones(baseline, facts([row(8080, SHOP)]))) == 1
    assert len(bad_ones(baseline, facts([row(8080, address=ANY_IPV4)]))) == 1
    assert len(bad_ones(baseline, facts([row(8081)]))) == 1
    assert len(bad_ones(baseline, facts([row(50_000, SHOP)]))) == 1


def test_who_can_not_be_read_is_not_taken_for_who_was_there() -> None:
    baseline = baseline_of(facts([row(8080)]))
    hidden = facts([row(8080, None, problem=OwnerProblem.ACCESS_DENIED)])
    (whole,) = compare(baseline, hidden, [])
    assert whole.evaluation is UNREADABLE
    # A place where nobody listened before is new, whoever it is.
    elsewhere = facts([row(9090, None, problem=OwnerProblem.ACCESS_DENIED)])
    assert len(bad_ones(baseline, elsewhere)) == 1


def test_a_listener_that_went_is_good_again() -> None:
    subject = "tcp/9090 loopback /usr/bin/node"
    found = compare([], facts(), [subject])
    assert [(one.subject, one.evaluation) for one in found] == [("", GOOD), (subject, GOOD)]
