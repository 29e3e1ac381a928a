"""Which traffic a question to the firewall is about, taken from what listens on the port."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, ip_address
from typing import TYPE_CHECKING

from portview.actions.port_usage import FreeRequest, port_use
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import State
from portview.firewall.row_question import question_of_row
from portview.i18n import _, join_list
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portview.domain.firewall import FirewallQuestion
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow

_LONGEST_PATH = 200
_EVERYWHERE = "::"
_ALL_OF_IPV4 = "0.0.0.0"  # noqa: S104 - what is listened on, not what to listen on


@dataclass(frozen=True, slots=True)
class FirewallQueryContext:
    """A question to the firewall and where its parts come from.

    ``notes`` are sentences on what was taken from the sockets. ``listeners`` are the sockets that
    wait on the port, ``owner`` is the one process that holds them, None where there is none, more
    than one, or an unknown one.
    """

    question: FirewallQuestion
    notes: tuple[str, ...] = ()
    listeners: tuple[SocketRow, ...] = ()
    owner: ProcessKey | None = None

    @property
    def is_loopback_only(self) -> bool:
        """Return whether something listens, but only where no other machine can reach it."""
        return bool(self.listeners) and all(
            is_loopback(row.local.address) for row in self.listeners
        )

    def ip_versions(self) -> frozenset[int]:
        """Return the IP versions of the clients that what listens can serve; both if unknown.

        "::" usually takes IPv4 as well, and whether it does is not read.
        """
        addresses = [row.local.address.partition("%")[0] for row in self.listeners]
        reachable = [one for one in addresses if not is_loopback(one)] or addresses
        if not reachable or _EVERYWHERE in reachable:
            return frozenset({4, 6})
        return frozenset(4 if _is_of_ipv4(one) else 6 for one in reachable)


def ask_about_port(
    wanted: FirewallQuestion, platform: str, snapshot: Snapshot | None = None
) -> FirewallQueryContext:
    """Fill in what the question leaves open from the socket that listens on the port now.

    Reads the sockets where no snapshot is given; blocks then. ``platform`` is a value of
    ``sys.platform``.
    """
    if snapshot is None:
        reader = open_reader()
        try:
            snapshot = reader.read_settled()
        finally:
            reader.close()
    return fill_in(wanted, snapshot.rows, snapshot.processes, platform)


def fill_in(
    wanted: FirewallQuestion,
    rows: Iterable[SocketRow],
    processes: Mapping[ProcessKey, ProcessInfo],
    platform: str,
) -> FirewallQueryContext:
    """Fill in a question from socket rows. Pure. What is uncertain or not alike stays open."""
    use = port_use(rows, FreeRequest(wanted.port, wanted.protocol))
    listeners = tuple(row for row in use.holding if row.state is not State.BOUND)
    name = _("{protocol} port {port}").format(
        protocol=wanted.protocol.value.upper(), port=wanted.port
    )
    if not listeners:
        return FirewallQueryContext(
            wanted, (_("Nothing listens on {name} now.").format(name=name),)
        )
    each = [
        question_of_row(row, processes.get(row.owner) if row.owner else None, platform)
        for row in listeners
    ]
    reachable = [one for one in each if not is_loopback(one.local_address)] or each
    question, notes = wanted, []
    programs = {one.program for one in reachable}
    program = next(iter(programs)) if len(programs) == 1 else None
    if wanted.program is None:
        notes.append(_program_note(program, len(programs)))
    if program is not None and _is_same(wanted.program or program, program):
        services = _common(one.services for one in reachable)
        question = replace(question, program=wanted.program or program, services=services)
        if services:
            notes.append(
                _("Service: {services}.").format(services=inert(join_list(services), _LONGEST_PATH))
            )
    if wanted.local_address is None:
        addresses = {one.local_address for one in reachable}
        # Several addresses are no one question; the IPv6 wildcard usually takes IPv4 as well.
        if len(addresses) == 1 and addresses != {_EVERYWHERE}:
            (address,) = addresses
            question = replace(question, local_address=address)
            note = (
                _("Local address: {address} (IPv4 only), at which it listens.")
                if address == _ALL_OF_IPV4
                else _("Local address: {address}, at which it listens.")
            )
            notes.append(note.format(address=address))
    owners = {row.owner for row in listeners}
    return FirewallQueryContext(
        question, tuple(notes), listeners, next(iter(owners)) if len(owners) == 1 else None
    )


def _program_note(program: str | None, count: int) -> str:
    if count > 1:
        return _("Several programs listen on it; the question is for any of them.")
    if program is None:
        return _("Which program listens on it is not known.")
    return _("Program: {program}, which listens on it now.").format(
        program=inert(program, _LONGEST_PATH)
    )


def is_loopback(address: str | None) -> bool:
    """Return whether an address, with or without a zone, is one that no other machine reaches."""
    try:
        return address is not None and ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_of_ipv4(address: str) -> bool:
    own = ip_address(address)
    return isinstance(own, IPv4Address) or own.ipv4_mapped is not None


def describe_port(question: FirewallQuestion) -> str:
    """Return "TCP port 8080", for people."""
    return _("{protocol} port {port}").format(
        protocol=question.protocol.value.upper(), port=question.port
    )


def _is_same(one: str, other: str) -> bool:
    # Windows' paths differ in case as they please; elsewhere programs are not matched at all.
    return one.casefold() == other.casefold()


def _common(services: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    several = set(services)
    return next(iter(several)) if len(several) == 1 else ()
