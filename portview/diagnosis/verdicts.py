"""The two verdicts: can a server have the port, and do other machines reach the one that has it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from portview.diagnosis.causes.reach_service import is_explained, is_full
from portview.diagnosis.causes.reaching import outside_addresses
from portview.diagnosis.finding import Certainty
from portview.domain.address_matching import takes_clients_of
from portview.domain.destination import ClientOrigin
from portview.domain.facts import Known, Unreadable
from portview.domain.firewall import FirewallVerdict
from portview.probes.server_reply import ReplyKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.diagnosis.facts import Facts, PortSocket
    from portview.diagnosis.finding import Finding
    from portview.readers.interfaces import InterfaceAddress


class YesNo(StrEnum):
    """A verdict in one word."""

    YES = "yes"
    NO = "no"
    PARTLY = "partly"
    UNKNOWN = "unknown"


_NOT_SERVED = frozenset({"hung", "accepts_then_resets"})


def can_bind(facts: Facts) -> YesNo:
    """Return whether a usual server would start at the addresses asked about."""
    if isinstance(facts.binds.fact, Unreadable):
        return YesNo.UNKNOWN
    places = [one for one in facts.binds.value or () if not one.is_family_missing]
    if not places:
        # Where a family is asked for that this system does not have, it can't be.
        return YesNo.NO if facts.binds.value else YesNo.UNKNOWN
    works = [one.code is None for one in places]
    if all(works):
        return YesNo.YES
    return YesNo.PARTLY if any(works) else YesNo.NO


def can_be_reached(facts: Facts, findings: Iterable[Finding]) -> YesNo | None:
    """Return whether clients on other machines are served; None where nobody listens."""
    if isinstance(facts.sockets.fact, Unreadable):
        return YesNo.UNKNOWN
    if not facts.listeners:
        return None
    if not isinstance(facts.addresses.fact, Known):
        return YesNo.UNKNOWN
    broken = {
        one.code
        for one in findings
        if one.code in _NOT_SERVED and one.certainty in {Certainty.PROVED, Certainty.LIKELY}
    }
    each = [_at(facts, one, broken) for one in outside_addresses(facts)]
    return _joined(each)


def _joined(each: list[YesNo]) -> YesNo:
    if not each:
        return YesNo.NO
    distinct = set(each)
    if len(distinct) == 1:
        return distinct.pop()
    if YesNo.UNKNOWN in distinct and not distinct & {YesNo.YES, YesNo.PARTLY}:
        return YesNo.UNKNOWN
    return YesNo.PARTLY


def _at(facts: Facts, own: InterfaceAddress, broken: set[str]) -> YesNo:
    """Return whether clients that call one own address are served."""
    takers = [
        one
        for one in facts.listeners
        if takes_clients_of(one.address, own.address, is_v6_only=one.is_v6_only)
    ]
    if not takers or all(not _is_served(one, facts, broken) for one in takers):
        return YesNo.NO
    shadow = _shadow(facts, own.address)
    if shadow is YesNo.NO:
        return YesNo.NO
    firewall = _firewall(facts, own.address)
    if shadow is YesNo.PARTLY and firewall is YesNo.YES:
        return YesNo.PARTLY
    return firewall


def _is_served(socket: PortSocket, facts: Facts, broken: set[str]) -> bool:
    if is_explained(socket, facts) or is_full(socket):
        return False
    if "hung" in broken and socket.receive_queue:
        return False
    if not broken & {"hung", "accepts_then_resets"}:
        return True
    return not any(
        _failed(one.kind, was_accepted=one.was_accepted)
        and takes_clients_of(socket.address, one.address, is_v6_only=socket.is_v6_only)
        for one in facts.replies.value or ()
    )


def _failed(kind: ReplyKind, *, was_accepted: bool | None) -> bool:
    return kind is ReplyKind.RESET or (kind is ReplyKind.SILENT and was_accepted is False)


def _shadow(facts: Facts, address: str) -> YesNo:
    """Return NO where NAT keeps all clients of an own address away, PARTLY where some of them."""
    known = facts.destinations.value or {}
    outside = [one for one in known.get(address, ()) if one.origin is ClientOrigin.OTHER_MACHINE]
    changed = [one for one in outside if one.is_changed]
    if not changed:
        return YesNo.YES
    return YesNo.NO if len(changed) == len(outside) else YesNo.PARTLY


def _firewall(facts: Facts, address: str) -> YesNo:
    answers = facts.firewall.value
    if answers is None:
        return YesNo.UNKNOWN
    answer = answers.get(address)
    if answer is None:
        return YesNo.UNKNOWN
    return {
        FirewallVerdict.ALLOWED: YesNo.YES,
        FirewallVerdict.BLOCKED: YesNo.NO,
        FirewallVerdict.PARTLY: YesNo.PARTLY,
        FirewallVerdict.UNKNOWN: YesNo.UNKNOWN,
    }[answer.verdict]
