"""What the port card says: who has a port, since when, for whom; or that a server can take it.

No Qt here. Every text of the machine is inert.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.address_matching import is_wildcard
from portview.domain.local_time import short_moment
from portview.domain.owners.identity import identity_of, what_of
from portview.domain.owners.owners import describe_owner
from portview.domain.plain_text import inert
from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import Protocol, State, endpoint_text, is_loopback
from portview.i18n import _, join_list, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow
    from portview.domain.table.cells import CellContext
    from portview.domain.user_input.port_query import PortAnswer
    from portview.probes.bind_report import BindReport

_LONGEST_NAME = 60
_MOST_OTHERS = 4
_MOST_PIDS = 6


class PortState(Enum):
    """How a port stands. UNPROVED: no socket has it, and no bind has shown yet that it is free."""

    IN_USE = auto()
    CONNECTION = auto()
    CLOSING = auto()
    UNPROVED = auto()
    FREE = auto()
    NOT_FREE = auto()


class PortFact(NamedTuple):
    """One line of the card: good or bad news, or a note."""

    severity: Severity
    text: str


class PortCardText(NamedTuple):
    """All that the card says. ``name`` is the part of the owner line that stands out."""

    state: PortState
    title: str
    name: str = ""
    owner: str = ""
    facts: tuple[PortFact, ...] = ()

    @property
    def whole(self) -> str:
        """Return everything in one text, for copies and for screen readers."""
        owner = " \u00b7 ".join(filter(None, (self.name, self.owner)))
        return "\n".join(filter(None, (self.title, owner, *(fact.text for fact in self.facts))))


def card_text(
    answer: PortAnswer, snapshot: Snapshot, context: CellContext, tried: BindReport | None
) -> PortCardText:
    """Put what is known of a port into words. ``tried`` is how a bind ended, None before that."""
    if answer.holders:
        return _in_use(answer, snapshot, context)
    if answer.users:
        return _connection(answer, snapshot, context)
    if answer.waiting:
        count = len(answer.waiting)
        return PortCardText(
            PortState.CLOSING,
            _("{port} is closing").format(port=port_title(answer)),
            facts=(
                PortFact(
                    Severity.NOTE,
                    ngettext(
                        "{count:,} closed connection waits in TIME_WAIT; no process holds it",
                        "{count:,} closed connections wait in TIME_WAIT; no process holds them",
                        count,
                    ).format(count=count),
                ),
                *_peers(answer),
            ),
        )
    return _unused(answer, tried)


def port_title(answer: PortAnswer) -> str:
    """Return "TCP 8080" or "TCP 127.0.0.1:8080", by what was asked and what was found."""
    query = answer.question
    protocol = query.protocol or (answer.found[0].protocol if answer.found else Protocol.TCP)
    place = str(query).rpartition(" ")[2]
    return f"{protocol.upper()} {place}"


def _in_use(answer: PortAnswer, snapshot: Snapshot, context: CellContext) -> PortCardText:
    row = answer.holders[0]
    info = snapshot.processes.get(row.owner) if row.owner else None
    name, owner = _owner_line(row, info, context)
    same = [other for other in answer.holders if other.owner == row.owner]
    others = [other for other in answer.holders if other.owner != row.owner]
    facts = [
        PortFact(Severity.GOOD if _is_open(same) else Severity.NOTE, _addresses_sentence(same))
    ]
    facts += _standing(row, context)
    facts += _clients(answer, row)
    groups = _programs(others, snapshot)
    for group in groups[:_MOST_OTHERS]:
        facts.append(PortFact(Severity.NOTE, _other_holders(group, snapshot)))
    if len(groups) > _MOST_OTHERS:
        count = sum(map(len, groups[_MOST_OTHERS:]))
        facts.append(
            PortFact(
                Severity.NOTE,
                ngettext("{count:,} more socket", "{count:,} more sockets", count).format(
                    count=count
                ),
            )
        )
    title = _("{port} is in use").format(port=port_title(answer))
    return PortCardText(PortState.IN_USE, title, name, owner, tuple(facts))


def _connection(answer: PortAnswer, snapshot: Snapshot, context: CellContext) -> PortCardText:
    row = answer.users[0]
    info = snapshot.processes.get(row.owner) if row.owner else None
    name, owner = _owner_line(row, info, context)
    ends = f"{endpoint_text(row.local)} \u2192 {endpoint_text(row.remote)}"
    count = len(answer.users)
    facts = [
        PortFact(Severity.NOTE, _("Nothing listens; a connection has this as its local port")),
        PortFact(Severity.NOTE, f"{ends} {row.state.value if row.state else ''}".strip()),
    ]
    if count > 1:
        more = ngettext("{count:,} more connection", "{count:,} more connections", count - 1)
        facts.append(PortFact(Severity.NOTE, more.format(count=count - 1)))
    title = _("{port} is used by a connection").format(port=port_title(answer))
    return PortCardText(PortState.CONNECTION, title, name, owner, tuple(facts))


def _unused(answer: PortAnswer, tried: BindReport | None) -> PortCardText:
    port = port_title(answer)
    peers = _peers(answer)
    if tried is None:
        fact = PortFact(Severity.NOTE, _("No socket uses it. Trying to bind it…"))
        title = _("{port}: checking\u2026").format(port=port)
        return PortCardText(PortState.UNPROVED, title, facts=(fact, *peers))
    if not tried.is_free:
        fact = PortFact(Severity.BAD, tried.detail)
        hint = [PortFact(Severity.NOTE, tried.hint)] if tried.hint else []
        title = _("{port} can't be used").format(port=port)
        return PortCardText(PortState.NOT_FREE, title, facts=(fact, *hint, *peers))
    proof = _("A server can take it: PortView bound it on {places} and released it")
    facts = [PortFact(Severity.GOOD, proof.format(places=tried.named_places))]
    if tried.verdict != "free":
        facts.append(PortFact(Severity.NOTE, tried.detail))
    title = _("{port} is free").format(port=port)
    return PortCardText(PortState.FREE, title, facts=(*facts, *peers))


def _owner_line(row: SocketRow, info: ProcessInfo | None, context: CellContext) -> tuple[str, str]:
    """Return what stands out of an owner, and the rest: process, start, and who started it."""
    process = inert(describe_owner(row, info), _LONGEST_NAME)
    if row.pid is not None:
        process = _("{process}, PID {pid}").format(process=process, pid=row.pid)
    what = what_of(row, info)
    parts = [process] if what else []
    started_ms = row.owner.started_ms if row.owner else 0
    if started_ms:
        since = short_moment(started_ms, context.now_ms)
        parts.append(_("since {moment}").format(moment=since))
    ancestors = identity_of(info).ancestors
    if ancestors and ancestors[0].name:
        starter = inert(ancestors[0].name, _LONGEST_NAME)
        parts.append(_("started by {process}").format(process=starter))
    return what or process, " \u00b7 ".join(parts)


def _is_open(rows: Sequence[SocketRow]) -> bool:
    return any(not is_loopback(row.local.address) for row in rows)


def _addresses_sentence(rows: Sequence[SocketRow]) -> str:
    addresses = list(dict.fromkeys(row.local.address for row in rows))
    is_listening = all(row.state is State.LISTEN for row in rows)
    wild = [address for address in addresses if is_wildcard(address)]
    if wild and is_listening:
        is_dual = len(wild) > 1 or any(
            ":" in row.local.address and row.is_v6_only is False for row in rows
        )
        if is_dual:
            return _("Listens on all addresses, IPv4 and IPv6")
        if ":" in wild[0]:
            return _("Listens on all addresses, IPv6 at least")
        return _("Listens on all IPv4 addresses")
    listed = join_list(addresses)
    if all(is_loopback(address) for address in addresses) and is_listening:
        return _("Listens on {addresses}: only this machine reaches it").format(addresses=listed)
    if is_listening:
        return _("Listens on {addresses}").format(addresses=listed)
    return _("Is bound to {addresses}").format(addresses=listed)


def _standing(row: SocketRow, context: CellContext) -> list[PortFact]:
    if context.standing_of(row) is None:
        return []
    return [PortFact(Severity.BAD, _("The process is suspended; clients get no answer"))]


def _clients(answer: PortAnswer, row: SocketRow) -> list[PortFact]:
    count = sum(one.owner == row.owner for one in answer.users)
    if not count:
        return []
    words = ngettext("{count:,} client is connected", "{count:,} clients are connected", count)
    return [PortFact(Severity.NOTE, words.format(count=count))]


def _programs(rows: Sequence[SocketRow], snapshot: Snapshot) -> list[list[SocketRow]]:
    """Return the rows with those of one program at one place together, such as its workers."""
    groups: dict[object, list[SocketRow]] = {}
    for row in rows:
        info = snapshot.processes.get(row.owner) if row.owner else None
        alike = (row.protocol, row.local, describe_owner(row, info), what_of(row, info))
        groups.setdefault(alike, []).append(row)
    return list(groups.values())


def _other_holders(rows: Sequence[SocketRow], snapshot: Snapshot) -> str:
    row = rows[0]
    info = snapshot.processes.get(row.owner) if row.owner else None
    process = inert(describe_owner(row, info), _LONGEST_NAME)
    pids = list(dict.fromkeys(str(one.pid) for one in rows if one.pid is not None))
    if len(pids) > 1:
        shown = join_list(pids[:_MOST_PIDS]) + (", \u2026" if len(pids) > _MOST_PIDS else "")
        process = _("{count} processes of {process}, PID {pids}").format(
            count=len(pids), process=process, pids=shown
        )
    elif pids:
        process = _("{process}, PID {pid}").format(process=process, pid=pids[0])
    return _("Also {process} on {protocol} {place}").format(
        process=process, protocol=row.protocol.upper(), place=endpoint_text(row.local)
    )


def _peers(answer: PortAnswer) -> list[PortFact]:
    count = len(answer.peers)
    if not count:
        return []
    words = ngettext(
        "{count:,} connection to that port on another machine",
        "{count:,} connections to that port on other machines",
        count,
    )
    return [PortFact(Severity.NOTE, words.format(count=count))]
