"""What a look at the machine proves about a port, on real sockets of this process."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from portview.actions.free_port.plan import FreePlan, PlanAction, PlanStep
from portview.actions.free_port.verify import (
    PortVerdict,
    _unit_names,
    places_of,
    prove,
    try_bind,
    verdict_of,
)
from portview.actions.inspection.process_inspection import read_rows
from portview.actions.port_usage import FreeRequest, PortUse
from portview.actions.safety.process_facts import ServiceFacts
from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.facts import ABSENT, Known
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.probes.bind_report import BindReport, BindVerdict
from portview.readers.process_identity import process_key
from tests.fakes.process_facts import read_facts

PORT = 8080
OLD, NEW = ProcessKey(11, 100), ProcessKey(12, 200)
ANY, ANY6 = "0.0.0.0", "::"  # noqa: S104 - addresses in a table


def own_key() -> ProcessKey:
    key = process_key(os.getpid())
    assert isinstance(key, ProcessKey)
    return key


def row(
    owner: ProcessKey | None,
    state: State = State.LISTEN,
    address: str = "127.0.0.1",
    **more: object,
) -> SocketRow:
    remote = None if state in {State.LISTEN, State.BOUND} else Endpoint("10.0.0.9", 443)
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(Protocol.TCP, family, Endpoint(address, PORT), remote, owner)
    return SocketRow(key, state, owner.pid if owner else None, **more)  # type: ignore[arg-type]


def bind(verdict: BindVerdict) -> BindReport:
    return BindReport(PORT, Protocol.TCP, verdict, "", "", ())


OTHER = (row(NEW, State.ESTABLISHED),)
CLOSING = (row(None, State.TIME_WAIT),)
HELD_AGAIN = PortUse((row(NEW),))


@pytest.mark.parametrize(
    ("use", "verdict", "expected"),
    [
        # Whoever holds it counts before what a bind says.
        (PortUse((row(OLD),)), BindVerdict.FREE, PortVerdict.STILL_HELD),
        (PortUse((row(None),)), BindVerdict.FREE, PortVerdict.STILL_HELD),
        (PortUse((row(OLD), row(NEW))), BindVerdict.IN_USE, PortVerdict.STILL_HELD),
        (PortUse((row(NEW), row(None))), BindVerdict.IN_USE, PortVerdict.STILL_HELD),
        (HELD_AGAIN, BindVerdict.IN_USE, PortVerdict.TAKEN_AGAIN),
        (HELD_AGAIN, BindVerdict.FREE, PortVerdict.TAKEN_AGAIN),
        (HELD_AGAIN, BindVerdict.REDIRECTED, PortVerdict.TAKEN_AGAIN),
        # Nobody holds it.
        (PortUse(), BindVerdict.FREE, PortVerdict.FREE),
        (PortUse((), OTHER, CLOSING), BindVerdict.FREE, PortVerdict.FREE),
        (PortUse((), OTHER, CLOSING), BindVerdict.REDIRECTED, PortVerdict.REDIRECTED),
        (PortUse((), OTHER), BindVerdict.LEFTOVERS, PortVerdict.CONNECTIONS),
        (PortUse((), OTHER), BindVerdict.IN_USE, PortVerdict.CONNECTIONS),
        (PortUse((), OTHER, CLOSING), BindVerdict.LEFTOVERS, PortVerdict.CONNECTIONS),
        (PortUse(), BindVerdict.LEFTOVERS, PortVerdict.TIME_WAIT),
        (PortUse((), (), CLOSING), BindVerdict.LEFTOVERS, PortVerdict.TIME_WAIT),
        (PortUse((), (), CLOSING), BindVerdict.IN_USE, PortVerdict.TIME_WAIT),
        (PortUse(), BindVerdict.IN_USE, PortVerdict.BLOCKED),
        (PortUse((), OTHER, CLOSING), BindVerdict.RESERVED, PortVerdict.RESERVED),
        (PortUse(), BindVerdict.RESERVED, PortVerdict.RESERVED),
        (PortUse((), OTHER, CLOSING), BindVerdict.PRIVILEGED, PortVerdict.BLOCKED),
        (PortUse((), OTHER, CLOSING), BindVerdict.FORBIDDEN, PortVerdict.BLOCKED),
        (PortUse((), (), CLOSING), BindVerdict.EXCLUSIVE, PortVerdict.BLOCKED),
        (PortUse(), BindVerdict.NO_ADDRESS, PortVerdict.BLOCKED),
    ],
)
def test_the_table_and_the_bind_make_one_verdict(
    use: PortUse, verdict: BindVerdict, expected: PortVerdict
) -> None:
    assert verdict_of(use, bind(verdict), {OLD}) is expected


def texts(*rows: SocketRow, address: str | None = None) -> list[tuple[str, bool]]:
    places = places_of(FreeRequest(PORT, address=address), rows)
    assert len(places) == len(set(places))
    return [(place.text, place.is_dual_stack) for place in places]


def test_where_it_was_held_it_must_be_bindable() -> None:
    assert texts(row(OLD)) == [("127.0.0.1", False)]
    assert texts(row(OLD, address="::1"), row(OLD)) == [("127.0.0.1", False), ("::1", False)]
    assert (ANY6, True) in texts(row(OLD, address=ANY6))
    assert (ANY, False) in texts(row(OLD, address=ANY6))
    only_v6 = texts(row(OLD, address=ANY6, is_v6_only=True))
    assert (ANY6, False) in only_v6
    assert (ANY6, True) not in only_v6
    assert (ANY, False) not in only_v6
    # At one address nothing is only for IPv6 in the sense of an option.
    assert texts(row(OLD, address="::1", is_v6_only=True)) == [("::1", False)]


def test_each_place_where_it_was_held_counts_once_and_no_other() -> None:
    wildcards = [(ANY, False), (ANY6, False), (ANY6, True)]
    assert texts(row(OLD, address=ANY6)) == wildcards
    assert texts(row(OLD, address=ANY6), row(OLD)) == [("127.0.0.1", False), *wildcards]
    # Two that share an address, one of them of nobody known.
    assert texts(row(OLD), row(None)) == [("127.0.0.1", False)]


def test_a_wildcard_of_one_device_is_no_wildcard_of_all() -> None:
    assert (ANY, False) not in texts(row(OLD, address=f"{ANY6}%lo"))
    assert all(text.endswith("%lo") for text, _dual in texts(row(OLD, address=f"{ANY}%lo")))


def test_what_was_asked_for_or_everything_must_be_bindable() -> None:
    assert texts(row(OLD, address=ANY6), address="127.0.0.1") == [("127.0.0.1", False)]
    assert {ANY, ANY6} <= {text for text, _dual in texts()}


def listening(stack: ExitStack, address: str = "127.0.0.1", port: int = 0) -> socket.socket:
    return stack.enter_context(socket.create_server((address, port)))


def plan_of(port: int, *rows: SocketRow, **more: object) -> FreePlan:
    steps = tuple(
        PlanStep(PlanAction.ASK, read_facts(ProcessInfo(one.owner, "node")), (one,))
        for one in rows
        if one.owner
    )
    return FreePlan(FreeRequest(port), steps, **more)  # type: ignore[arg-type]


def rows_of(port: int) -> list[SocketRow]:
    return [one for one in read_rows() if one.local.port == port and one.state is State.LISTEN]


def test_a_bind_says_what_is_in_the_way_and_that_nothing_is() -> None:
    with ExitStack() as stack:
        server = listening(stack)
        port = server.getsockname()[1]
        request = FreeRequest(port)
        places = places_of(request, rows_of(port))
        assert try_bind(request, places).verdict is BindVerdict.IN_USE
        assert try_bind(replace(request, protocol=Protocol.UDP), places).is_free
        server.close()
        assert try_bind(request, iter(places)).is_free


def test_a_port_that_nobody_has_is_proved_free_with_the_time_that_it_took() -> None:
    with ExitStack() as stack:
        server = listening(stack)
        port = server.getsockname()[1]
        plan = plan_of(port, *rows_of(port))
        server.close()
    proof = prove(plan, since=time.monotonic() - 5, watch_s=0)
    assert proof.verdict is PortVerdict.FREE
    assert proof.bind.is_free
    assert proof.holders == ()
    assert proof.time_wait_left_s is None
    assert proof.free_after_ms is not None
    assert 5_000 <= proof.free_after_ms < 65_000


def test_a_port_that_its_holder_keeps_is_still_held() -> None:
    with ExitStack() as stack:
        server = listening(stack)
        port = server.getsockname()[1]
        (held,) = rows_of(port)
        proof = prove(plan_of(port, held), since=time.monotonic(), watch_s=0)
        assert proof.verdict is PortVerdict.STILL_HELD
        assert proof.free_after_ms is None
        (holder,) = proof.holders
        assert holder.row.owner == own_key()
        assert holder.process
        assert holder.process.key == own_key()
        assert holder.starter is None, "who had it before was started by nobody new"
        assert holder.service is None


def test_who_was_not_there_before_has_taken_it_again() -> None:
    with ExitStack() as stack:
        server = listening(stack)
        port = server.getsockname()[1]
        proof = prove(plan_of(port, row(OLD)), since=time.monotonic(), watch_s=0)
        assert proof.verdict is PortVerdict.TAKEN_AGAIN
        (holder,) = proof.holders
        assert holder.row.owner == own_key()
        # What this process runs under is never advised to be ended.
        assert holder.starter is None


def test_a_socket_that_the_plan_leaves_alone_is_in_nobodys_way() -> None:
    with ExitStack() as stack:
        server = listening(stack)
        port = server.getsockname()[1]
        (held,) = rows_of(port)
        plan = plan_of(port, left_alone=(held,))
        plan = replace(plan, request=FreeRequest(port, address="127.0.0.2"))
        proof = prove(plan, since=0, watch_s=0)
        assert proof.holders == ()
        assert proof.bind.is_free


def test_who_comes_while_it_is_watched_is_noticed() -> None:
    with ExitStack() as stack:
        server = listening(stack)
        port = server.getsockname()[1]
        plan = plan_of(port, row(OLD))
        server.close()
        proofs = []
        looking = threading.Thread(
            target=lambda: proofs.append(prove(plan, since=time.monotonic(), watch_s=60))
        )
        looking.start()
        listening(stack, port=port)
        looking.join(90)
        (proof,) = proofs
    assert proof.verdict is PortVerdict.TAKEN_AGAIN
    assert len(proof.holders) == 1


def test_watching_ends_when_it_is_called_off() -> None:
    with ExitStack() as stack:
        port = listening(stack).getsockname()[1]
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        prove(plan_of(port, row(OLD)), since=time.monotonic(), watch_s=600, cancel=cancel)


def test_a_holder_that_lets_go_after_a_moment_is_waited_for() -> None:
    with ExitStack() as stack:
        server = listening(stack)
        port = server.getsockname()[1]
        plan = plan_of(port, *rows_of(port))
        timer = threading.Timer(0.3, server.close)
        timer.start()
        began = time.monotonic()
        proof = prove(plan, since=began, watch_s=0)
        timer.join()
    assert proof.verdict is PortVerdict.FREE
    assert proof.free_after_ms is not None
    assert proof.free_after_ms >= 290


def test_the_services_and_units_of_processes_are_known_by_name() -> None:
    service = ServiceFacts(Service("shop", "Shop", ServiceState.RUNNING, OLD.pid), "systemd")
    info = ProcessInfo(OLD, "node")
    of_both = replace(read_facts(info), services=Known((service,)), unit=Known("shop.service"))
    of_none = replace(read_facts(info), services=ABSENT, unit=ABSENT)
    assert _unit_names([of_none, of_both]) == {"shop", "shop.service"}
    assert _unit_names([of_none]) == set()
