"""The kinds of watches that a snapshot of this machine answers. Pure but for the ranges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.address_matching import ANY_IPV4, ANY_IPV6, is_same_address
from portview.domain.facts import Known, Unreadable
from portview.domain.plain_text import inert, quoted
from portview.domain.sockets.socket_row import Protocol, State, awaits_clients, endpoint_text
from portview.i18n import _
from portview.watch.evaluation.observation import Observation, bad, good, unreadable
from portview.watch.evaluation.programs import is_program, program_id
from portview.watch.rules.model import Expectation

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.socket_row import SocketRow
    from portview.watch.evaluation.local_facts import LocalFacts
    from portview.watch.rules.model import Watch

DEFAULT_DYNAMIC_PERCENT = 80.0


def evaluate_locally(watch: Watch, facts: LocalFacts) -> Observation:
    """Evaluate a watch of one of the kinds in ``LOCAL_KINDS``."""
    if isinstance(facts.snapshot, Unreadable) and watch.expect is not Expectation.NOT_RESERVED:
        return unreadable(_cannot_read(facts.snapshot.reason))
    return LOCAL_KINDS[watch.expect](watch, facts)


def port_name(watch: Watch) -> str:
    """Return the port of a watch as sentences name it."""
    if watch.port is None:
        return ""
    return (
        _("UDP port {port}").format(port=watch.port)
        if watch.protocol == "udp"
        else _("Port {port}").format(port=watch.port)
    )


def with_holder(found: Observation, watch: Watch, facts: LocalFacts) -> Observation:
    """Return what a probe found with the program that holds the port, where that is known."""
    if found.program_id or watch.port is None:
        return found
    rows = _rows(watch, facts)
    program, known_by = _program(rows[0], facts) if rows else ("", "")
    return replace(found, program=program, program_id=known_by)


def _cannot_read(reason: str) -> str:
    return _("The sockets could not be read: {reason}.").format(reason=reason)


def _listening(watch: Watch, facts: LocalFacts) -> Observation:
    name = port_name(watch)
    rows = [row for row in _rows(watch, facts) if awaits_clients(row)]
    if not rows:
        return bad(_("{port}: nothing listens.").format(port=name))
    if watch.program:
        return _held_by(watch, facts)
    row = rows[0]
    program, known_by = _program(row, facts)
    where = endpoint_text(row.local)
    if program:
        text = _("{program} listens on {where}.").format(program=program, where=where)
    else:
        text = _("A process listens on {where}.").format(where=where)
    return good(text, program, known_by)


def _free(watch: Watch, facts: LocalFacts) -> Observation:
    rows = _rows(watch, facts)
    if not rows:
        return good(_("{port} is free.").format(port=port_name(watch)))
    program, known_by = _program(rows[0], facts)
    if not program:
        text = _("{port} is held by an unknown program.")
        return bad(text.format(port=port_name(watch)))
    text = _("{port} is held by {program}.").format(port=port_name(watch), program=program)
    return bad(text, program, known_by)


def _held_by(watch: Watch, facts: LocalFacts) -> Observation:
    rows = _rows(watch, facts)
    name = port_name(watch)
    if not rows:
        return bad(_("No process holds {port}.").format(port=_inner(watch)))
    unknown = ""
    for row in rows:
        info = facts.info(row)
        program, known_by = _program(row, facts)
        verdict = None if info is None else is_program(info, watch.program)
        if verdict is False:
            text = _("{port} is held by {program}, not by {wanted}.")
            shown = text.format(port=name, program=program, wanted=quoted(watch.program))
            return bad(shown, program, known_by)
        if verdict is None:
            unknown = program or _("an unknown program")
    if unknown:
        text = _("{port} is held by {program}; whether that is {wanted} can't be determined.")
        return unreadable(text.format(port=name, program=unknown, wanted=quoted(watch.program)))
    program, known_by = _program(rows[0], facts)
    return good(_("{port} is held by {program}.").format(port=name, program=program),
                program, known_by)  # fmt: skip


def _inner(watch: Watch) -> str:
    """Return the port as it stands within a sentence."""
    if watch.protocol == "udp":
        return _("UDP port {port}").format(port=watch.port)
    return _("port {port}").format(port=watch.port)


def _sockets(watch: Watch, facts: LocalFacts) -> Observation:
    assert isinstance(facts.snapshot, Known)  # noqa: S101 - evaluate_locally looked
    wanted = watch.state.upper().replace("-", "_")
    count = unknown = 0
    for row in facts.snapshot.value.rows:
        if not _is_counted(watch, row, wanted):
            continue
        if watch.program:
            info = facts.info(row)
            verdict = None if info is None else is_program(info, watch.program)
            # What waits for its end belongs to no program any more.
            unknown += verdict is None and row.state is not State.TIME_WAIT
            count += verdict is True
        else:
            count += 1
    above = watch.above or 0.0
    text = _("{count} sockets; the limit is {limit:g}.").format(count=count, limit=above)
    if count > above:
        return bad(text)
    if count + unknown > above:
        text = _("{count} sockets, and {unknown} whose program could not be read.")
        return unreadable(text.format(count=count, unknown=unknown))
    return good(text)


def _is_counted(watch: Watch, row: SocketRow, state: str) -> bool:
    """Return whether a socket is of the port, the protocol and the state of a rule."""
    remote_port = row.remote.port if row.remote else None
    if watch.port is not None and watch.port not in {row.local.port, remote_port}:
        return False
    if row.protocol.value != watch.protocol:
        return False
    return row.state is not None and row.state.value == state if state else remote_port is not None


def _dynamic_ports(watch: Watch, facts: LocalFacts) -> Observation:
    from portview.diagnosis.joining import usage_of  # noqa: PLC0415 - for this kind alone

    assert isinstance(facts.snapshot, Known)  # noqa: S101 - evaluate_locally looked
    protocol = Protocol(watch.protocol)
    ranges = facts.ranges(protocol)
    if not isinstance(ranges, Known) or ranges.value.dynamic is None:
        reason = ranges.reason if isinstance(ranges, Unreadable) else _("there is no range")
        return unreadable(_("The dynamic ports could not be read: {reason}.").format(reason=reason))
    usage = usage_of(facts.snapshot.value, protocol, ranges.value)
    limit = DEFAULT_DYNAMIC_PERCENT if watch.above is None else watch.above
    limit = limit * 100 if 0 < limit <= 1 else limit
    percent = usage.share * 100
    most = inert(usage.by_process[0][0], 80) if usage.by_process else ""
    text = _("{used} of {size} dynamic ports are in use ({percent:.0f} %).")
    if most:
        text = _(
            "{used} of {size} dynamic ports are in use ({percent:.0f} %), most of them by "
            "{program}."
        )
    shown = text.format(used=usage.used, size=usage.size, percent=percent, program=most)
    return bad(shown, most) if percent > limit else good(shown)


def _not_reserved(watch: Watch, facts: LocalFacts) -> Observation:
    ranges = facts.ranges(Protocol(watch.protocol))
    if not isinstance(ranges, Known):
        reason = ranges.reason if isinstance(ranges, Unreadable) else ""
        return unreadable(
            _("The excluded port ranges could not be read: {reason}.").format(reason=reason)
        )
    exclusion = ranges.value.exclusion_of(watch.port or 0)
    name = port_name(watch)
    if exclusion is None:
        return good(_("{port} is in no excluded range.").format(port=name))
    if exclusion.is_administered:
        text = _("{port} is kept for its program by the exclusion {range}.")
        return good(text.format(port=name, range=exclusion))
    text = _("{port} is in the excluded range {range}: no program can take it.")
    return bad(text.format(port=name, range=exclusion))


def _rows(watch: Watch, facts: LocalFacts) -> list[SocketRow]:
    rows = facts.holding(Protocol(watch.protocol), watch.port or 0)
    if not watch.address:
        return rows
    return [row for row in rows if _serves(row.local.address, watch.address)]


def _serves(bound: str, wanted: str) -> bool:
    """Return whether a socket serves an address: its own, or every one of its IP version."""
    bare = bound.partition("%")[0]
    if bare == ANY_IPV6 or (bare == ANY_IPV4 and ":" not in wanted):
        return True
    return is_same_address(bound, wanted)


def _program(row: SocketRow, facts: LocalFacts) -> tuple[str, str]:
    return facts.program(row), program_id(facts.info(row))


LOCAL_KINDS: dict[Expectation, Callable[[Watch, LocalFacts], Observation]] = {
    Expectation.LISTENING: _listening,
    Expectation.FREE: _free,
    Expectation.HELD_BY: _held_by,
    Expectation.SOCKETS: _sockets,
    Expectation.DYNAMIC_PORTS: _dynamic_ports,
    Expectation.NOT_RESERVED: _not_reserved,
}
