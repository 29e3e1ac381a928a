"""Look again: whether the port is free now, and if not, who has it and who started that one."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.actions.free_port.time_wait import time_wait_left_s
from portview.actions.inspection.process_inspection import ProcessInspector, read_rows
from portview.actions.port_destinations import PortDestinations
from portview.actions.port_usage import PortUse, holds_port, port_use
from portview.actions.safety.refusals import refusal
from portview.domain.address_matching import bound_device, is_wildcard
from portview.domain.sockets.socket_row import is_loopback
from portview.probes.bind import try_places
from portview.probes.bind_places import ANY_IPV4, BindPlace, bind_places
from portview.probes.bind_report import BindReport, BindVerdict
from portview.probes.redirected import with_destinations
from portview.readers.port_ranges import read_port_ranges

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from portview.actions.free_port.plan import FreePlan
    from portview.actions.port_usage import FreeRequest
    from portview.actions.safety.process_facts import ProcessFacts
    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.socket_row import SocketRow

_LOOK_EVERY_S = 0.15
_FREE_AT_THE_LATEST_S = 1.0
"""How long after its process a socket may take to leave the kernel's table."""


class PortVerdict(StrEnum):
    """What became of the port.

    FREE: a bind at the same addresses worked. TIME_WAIT: nobody has it but connections that are
    closed already. CONNECTIONS: nobody listens, but open connections have the number, which were
    left alone; whether they keep a usual server from starting, ``bind`` reports. TAKEN_AGAIN: a
    process has it that was not there before. STILL_HELD: someone who had it before still has it.
    REDIRECTED: it can be bound, but a NAT rule sends its clients elsewhere. RESERVED: the system
    keeps it from everyone. BLOCKED: it can't be taken, for another reason that ``bind`` reports.
    """

    FREE = "free"
    TIME_WAIT = "time_wait"
    CONNECTIONS = "connections"
    TAKEN_AGAIN = "taken_again"
    STILL_HELD = "still_held"
    REDIRECTED = "redirected"
    RESERVED = "reserved"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class HolderNow:
    """Who has the port now. ``starter`` is set where it is who started the one before as well."""

    row: SocketRow
    process: ProcessFacts | None
    starter: ProcessInfo | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a reading at the machine showed. ``free_after_ms`` counts from ``since``."""

    verdict: PortVerdict
    bind: BindReport
    holders: tuple[HolderNow, ...] = ()
    connections: tuple[SocketRow, ...] = ()
    free_after_ms: int | None = None
    time_wait_left_s: float | None = None


def places_of(request: FreeRequest, rows: Iterable[SocketRow]) -> tuple[BindPlace, ...]:
    """Return where the port must be bindable: at the wanted address, or where it was held."""
    if request.address is not None:
        return bind_places(request.address)
    places: list[BindPlace] = []
    for row in sorted(rows, key=lambda row: row.local.address):
        of_row = bind_places(row.local.address)
        if is_wildcard(row.local.address) and row.is_v6_only:
            of_row = tuple(place for place in of_row if not place.is_dual_stack)
        elif is_wildcard(row.local.address) and not bound_device(row.local.address):
            places += bind_places(ANY_IPV4)
        places += of_row
    return tuple(dict.fromkeys(places)) or bind_places()


def try_bind(request: FreeRequest, places: Iterable[BindPlace]) -> BindReport:
    """Take the port at each of these places, let go at once, and see what NAT rules make of it."""
    places = tuple(places)
    ranges = read_port_ranges(request.protocol)
    report = try_places(places, request.port, request.protocol, ranges=ranges)
    if not report.is_free:
        return report
    address = request.address
    if all(is_loopback(place.text) for place in places):
        address = places[0].text  # Its clients are on this machine, whoever else is redirected.
    with closing(PortDestinations()) as destinations:
        return with_destinations(report, address, destinations)


def prove(
    plan: FreePlan, *, since: float, watch_s: float, cancel: CancelToken | None = None
) -> Proof:
    """Look until the port is free, then watch for somebody who takes it again.

    ``since`` is on ``time.monotonic``'s clock; ``watch_s`` is how long a supervisor is given. Only
    the table is read while watching: a bind could get in the way of the very server to come.
    """
    before = frozenset(row.owner for step in plan.steps for row in step.sockets if row.owner)
    places = places_of(plan.request, [row for step in plan.steps for row in step.sockets])
    use = _until_released(plan, cancel)
    free_after_ms = None
    if not use.holding:
        free_after_ms = round((time.monotonic() - since) * 1000)
        use = _watched(plan, watch_s, cancel)
    bind = try_bind(plan.request, places)
    if not use.holding and not bind.is_free:
        # Somebody may have come between the last reading and the bind.
        use = _use_now(plan)
    if plan.request.address is not None and bind.is_free:
        # A socket of the other family only looks as if it were in the way of this address.
        use = PortUse(others=use.others, closing=use.closing)
    holders = _holders_now(use.holding, plan, before)
    verdict = verdict_of(use, bind, before)
    left = time_wait_left_s(plan.request.port) if verdict is PortVerdict.TIME_WAIT else None
    return Proof(verdict, bind, holders, use.others, free_after_ms, left)


def verdict_of(
    use: PortUse, bind: BindReport, before: Collection[ProcessKey | None]
) -> PortVerdict:
    """Join the table and the bind to one verdict. The table alone never says "free"."""
    if use.holding:
        is_old = any(row.owner in before or row.owner is None for row in use.holding)
        return PortVerdict.STILL_HELD if is_old else PortVerdict.TAKEN_AGAIN
    if bind.verdict is BindVerdict.REDIRECTED:
        return PortVerdict.REDIRECTED
    has_reuse = bind.verdict is BindVerdict.LEFTOVERS
    if bind.is_free and not has_reuse:
        return PortVerdict.FREE
    if use.others and (has_reuse or bind.verdict is BindVerdict.IN_USE):
        return PortVerdict.CONNECTIONS
    if has_reuse or (use.closing and bind.verdict is BindVerdict.IN_USE):
        return PortVerdict.TIME_WAIT
    return PortVerdict.RESERVED if bind.verdict is BindVerdict.RESERVED else PortVerdict.BLOCKED


def _use_now(plan: FreePlan) -> PortUse:
    """Read the use of the port again, without those holders that the plan found to be in no way."""
    spared = {row.key for row in plan.left_alone if holds_port(row)}
    return port_use((row for row in read_rows() if row.key not in spared), plan.request)


def _until_released(plan: FreePlan, cancel: CancelToken | None) -> PortUse:
    deadline = time.monotonic() + _FREE_AT_THE_LATEST_S
    while True:
        use = _use_now(plan)
        if not use.holding or time.monotonic() > deadline:
            return use
        _pause(cancel)


def _watched(plan: FreePlan, watch_s: float, cancel: CancelToken | None) -> PortUse:
    deadline = time.monotonic() + watch_s
    while True:
        use = _use_now(plan)
        if use.holding or time.monotonic() >= deadline:
            return use
        _pause(cancel)


def _pause(cancel: CancelToken | None) -> None:
    if cancel is None:
        time.sleep(_LOOK_EVERY_S)
    elif cancel.wait(_LOOK_EVERY_S):
        cancel.raise_if_cancelled()


def _holders_now(
    rows: Iterable[SocketRow], plan: FreePlan, before: Collection[ProcessKey | None]
) -> tuple[HolderNow, ...]:
    rows = tuple(rows)
    if not rows:
        return ()
    inspector = ProcessInspector()
    standpoint = inspector.standpoint()
    parents = {
        parent.key for step in plan.steps if step.process and (parent := step.process.shown_parent)
    }
    units = _unit_names(step.process for step in plan.steps if step.process)
    facts: Mapping[ProcessKey, ProcessFacts] = inspector.facts(
        {row.owner for row in rows if row.owner}
    )
    found = []
    for row in rows:
        process = facts.get(row.owner) if row.owner else None
        starter, service = None, None
        if process is not None and row.owner not in before:
            service = next(iter(_unit_names([process]) & units), None)
            parent = process.shown_parent
            is_starter = service is None or (parent is not None and parent.key in parents)
            # Process 1 adopts what others leave behind, and what keeps the session or PortView
            # itself alive is not to be ended: nobody is advised to.
            if parent and is_starter and not refusal(inspector.facts_of(parent.key), standpoint):
                starter = parent
        found.append(HolderNow(row, process, starter, service))
    return tuple(found)


def _unit_names(processes: Iterable[ProcessFacts]) -> set[str]:
    names: set[str] = set()
    for process in processes:
        names.update(service.name for service in process.shown_services)
        if unit := process.shown_unit:
            names.add(unit)
    return names
