"""Which sockets made a bind fail: the socket table explains what the error number can't. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from portview.domain.address_matching import is_in_the_way, parse_socket_address
from portview.domain.sockets.socket_row import Family, Protocol, State, endpoint_text
from portview.i18n import _, join_list, ngettext
from portview.probes.bind_attempt import WINDOWS
from portview.probes.bind_report import (
    MULTICAST_PORTS,
    BindVerdict,
    PlaceReport,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.sockets.port_ranges import PortRanges
    from portview.domain.sockets.socket_row import SocketRow
    from portview.probes.bind_places import BindPlace

_MOST_NAMED = 3
_BY_SOCKETS = frozenset(
    {
        BindVerdict.IN_USE,
        BindVerdict.LEFTOVERS,
        BindVerdict.SHARED,
        BindVerdict.EXCLUSIVE,
        BindVerdict.FORBIDDEN,
    }
)
_CLOSING = frozenset(
    {State.TIME_WAIT, State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK}
)


@dataclass(frozen=True, slots=True)
class PortUsers:
    """The sockets that have a port at a place: what holds it, connections, and what is closing."""

    holders: tuple[SocketRow, ...] = ()
    connections: tuple[SocketRow, ...] = ()
    closing: tuple[SocketRow, ...] = ()

    @property
    def all(self) -> tuple[SocketRow, ...]:
        """Return all of them, the most significant first."""
        return (*self.holders, *self.connections, *self.closing)


def users_at(
    rows: Iterable[SocketRow], port: int, protocol: Protocol, place: BindPlace
) -> PortUsers:
    """Return the sockets of the table that a bind at a place meets."""
    holders: list[SocketRow] = []
    connections: list[SocketRow] = []
    closing: list[SocketRow] = []
    for row in rows:
        if row.local.port != port or row.protocol is not protocol or not _meets(row, place):
            continue
        if protocol is Protocol.UDP:
            (connections if row.remote else holders).append(row)
        elif row.state in {State.LISTEN, State.BOUND}:
            holders.append(row)
        elif row.owner is None and row.state in _CLOSING:
            closing.append(row)
        else:
            connections.append(row)
    return PortUsers(tuple(holders), tuple(connections), tuple(closing))


def _meets(row: SocketRow, place: BindPlace) -> bool:
    if place.is_wildcard and place.family is Family.IPV6 and not place.is_dual_stack:
        address = parse_socket_address(row.local.address)
        if address is None or not isinstance(address.ip, IPv6Address):
            return False
    return is_in_the_way(row.local.address, place.text, is_v6_only=row.is_v6_only)


@dataclass(frozen=True, slots=True)
class BindQuestion:
    """What was to be bound, and on which system (``sys.platform``)."""

    port: int
    protocol: Protocol
    ranges: PortRanges
    platform: str


def explained(
    report: PlaceReport,
    users: PortUsers,
    owner_name: Callable[[SocketRow], str],
    question: BindQuestion,
) -> PlaceReport:
    """Return of a bind that failed, or worked at the second try, which sockets were the reason."""
    if report.verdict not in _BY_SOCKETS:
        return report
    verdict = _verdict(report, users, question.platform)
    if verdict is BindVerdict.FREE:
        return replace(report, verdict=verdict, detail=_("It can be taken."), hint="")
    if not users.all:
        return _unexplained(replace(report, verdict=verdict))
    if verdict is BindVerdict.LEFTOVERS:
        hint = _("A server that does not set SO_REUSEADDR has to wait until they have ended.")
        if question.platform == WINDOWS:
            hint = _("A server that asks for exclusive use may have to wait until they have ended.")
        return replace(report, verdict=verdict, detail=_leftovers(users, owner_name), hint=hint)
    detail = _listed(users, owner_name)
    if verdict is BindVerdict.SHARED:
        return replace(report, detail=f"{detail} {report.detail}")
    hint = _hint(report, users, question)
    return replace(report, verdict=verdict, detail=detail, hint=hint)


def _verdict(report: PlaceReport, users: PortUsers, platform: str) -> BindVerdict:
    """Return what the bind and the table say together."""
    if report.verdict in {BindVerdict.EXCLUSIVE, BindVerdict.FORBIDDEN}:
        return BindVerdict.IN_USE if users.holders else report.verdict
    if not report.has_second_opinion or users.holders:
        # What is bound and does not listen yet lets another one bind, and then fails itself.
        return report.verdict if report.verdict is BindVerdict.SHARED else BindVerdict.IN_USE
    if users.connections or users.closing:
        return BindVerdict.LEFTOVERS
    # On Windows the number is held at another address only; a wildcard would meet that.
    is_elsewhere = platform == WINDOWS and not report.place.is_wildcard
    return BindVerdict.FREE if is_elsewhere else BindVerdict.IN_USE


def _unexplained(report: PlaceReport) -> PlaceReport:
    if report.verdict is not BindVerdict.IN_USE:
        return report
    if report.has_second_opinion:
        return replace(
            report,
            detail=_("A program has bound it without listening; the system does not show which."),
            hint=_("Find out which program is starting or hanging, or choose another port."),
        )
    return replace(
        report,
        detail=_("The system says that it is in use, but shows no socket that has it."),
        hint=_(
            "Check again. If it persists, the port may be held from another network "
            "namespace or by a program that hides it; choose another port."
        ),
    )


def _leftovers(users: PortUsers, owner_name: Callable[[SocketRow], str]) -> str:
    parts = []
    if users.connections:
        owners = join_list(dict.fromkeys(map(owner_name, users.connections[:_MOST_NAMED])))
        count = len(users.connections)
        parts.append(
            ngettext(
                "{count} open connection of an earlier server uses the port ({owners}).",
                "{count} open connections of an earlier server use the port ({owners}).",
                count,
            ).format(count=count, owners=owners)
        )
    if users.closing:
        count = len(users.closing)
        parts.append(
            ngettext(
                "{count} closed connection is kept by the system for a while (TIME_WAIT).",
                "{count} closed connections are kept by the system for a while (TIME_WAIT).",
                count,
            ).format(count=count)
        )
    return " ".join((_("Nothing listens."), *parts))


def _listed(users: PortUsers, owner_name: Callable[[SocketRow], str]) -> str:
    rows = users.holders or users.connections
    if not rows:
        return _(
            "Connections of an earlier server that did not set SO_REUSEADDR are still closing "
            "(TIME_WAIT)."
        )
    sentences = [_sentence(row, owner_name(row)) for row in rows[:_MOST_NAMED]]
    more = len(rows) - _MOST_NAMED
    if more > 0:
        sentences.append(
            ngettext("{count} more socket has it.", "{count} more sockets have it.", more).format(
                count=more
            )
        )
    return " ".join(dict.fromkeys(sentences))


def _sentence(row: SocketRow, owner: str) -> str:
    place = endpoint_text(row.local)
    if row.remote is not None:
        text = _("{owner} uses the port for its connection {local} → {remote}.")
        return text.format(owner=owner, local=place, remote=endpoint_text(row.remote))
    if row.state is State.LISTEN:
        return _("{owner} listens at {place}.").format(owner=owner, place=place)
    if row.state is State.BOUND:
        text = _("{owner} has bound it at {place} and does not listen.")
        return text.format(owner=owner, place=place)
    return _("{owner} has it at {place}.").format(owner=owner, place=place)


def _hint(report: PlaceReport, users: PortUsers, question: BindQuestion) -> str:
    port, ranges = question.port, question.ranges
    if users.holders:
        if question.protocol is Protocol.UDP and port in MULTICAST_PORTS:
            return _("Programs for this port usually share it; see whether yours can.")
        return _("Stop it (portview free {port}), or choose another port.").format(port=port)
    if users.connections and ranges.dynamic and port in ranges.dynamic:
        return _(
            "It is free again when the connection ends. For a server choose a port outside "
            "the dynamic range {range}."
        ).format(range=ranges.dynamic)
    if users.connections:
        return _("It is free again when the connection ends; or choose another port.")
    if users.closing:
        return _("Wait up to a minute, or have the server set SO_REUSEADDR.")
    return report.hint
