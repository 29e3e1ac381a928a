"""What NAT rules make of a port that could be bound: the clients may be served elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from portview.domain.destination import ClientOrigin, Destination, redirected, shadows
from portview.domain.facts import Fact, Known, Unreadable
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Endpoint, Protocol, endpoint_text, is_loopback
from portview.i18n import _
from portview.probes.bind_report import BindVerdict, port_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.probes.bind_report import BindReport

_LONGEST_RULE = 160

DestinationsOf: TypeAlias = Callable[[Protocol, int, str | None], Fact[tuple[Destination, ...]]]
"""Where clients arrive that call a port at an address of this machine, None for any of them."""


def destination_words(destination: Destination) -> str:
    """Return where clients are sent: "port 8080 of this machine", "10.0.0.2:80"."""
    if destination.address is not None:
        return endpoint_text(Endpoint(destination.address, destination.port))
    return _("port {port} of this machine").format(port=destination.port)


def rule_words(destination: Destination) -> str:
    """Return the rule and where it stands, for people."""
    rule = destination.rule
    if rule is None:
        return ""
    return _("{rule} in {place}").format(
        rule=f"“{inert(rule.name, _LONGEST_RULE)}”", place=inert(rule.source, _LONGEST_RULE)
    )


def with_destinations(
    report: BindReport, address: str | None, destinations: DestinationsOf | None
) -> BindReport:
    """Add to a bind what NAT rules do with the clients of the port.

    A port that can be bound is no free port where every client from other machines, or for a
    loopback address every client on this one, is sent elsewhere.
    """
    if destinations is None or report.verdict is BindVerdict.NO_ADDRESS:
        return report
    fact = destinations(report.protocol, report.port, address)
    if isinstance(fact, Unreadable):
        note = _("Whether NAT rules redirect its clients is not known: {reason}.")
        return _noted(report, note.format(reason=fact.reason.rstrip(".")))
    if not isinstance(fact, Known):
        return report
    is_local = address is not None and is_loopback(address)
    origin = ClientOrigin.THIS_MACHINE if is_local else ClientOrigin.OTHER_MACHINE
    elsewhere = shadows(fact.value, origin)
    if not elsewhere:
        return _noted(report, *_partly(redirected(fact.value), origin))
    sentence = redirected_sentence(elsewhere, origin)
    if not report.is_free:
        return _noted(report, sentence)
    return replace(
        report,
        verdict=BindVerdict.REDIRECTED,
        detail=_("{port} can be bound, but a server there gets no clients. {reason}").format(
            port=port_name(report.port, report.protocol), reason=sentence
        ),
        hint=_("Remove the rule, or choose another port."),
    )


def redirected_sentence(found: Iterable[Destination], origin: ClientOrigin) -> str:
    """Say where the clients of one origin are sent, and by which rule."""
    found = tuple(found)
    places = " and ".join(dict.fromkeys(map(destination_words, found)))
    rules = "; ".join(dict.fromkeys(map(rule_words, found)))
    if origin is ClientOrigin.THIS_MACHINE:
        text = _("A NAT rule sends clients on this machine to {places}: {rules}.")
    else:
        text = _("A NAT rule sends clients from other machines to {places}: {rules}.")
    return text.format(places=places, rules=rules)


def _partly(found: Iterable[Destination], origin: ClientOrigin) -> Iterable[str]:
    for one in found:
        if one.origin is not origin:
            continue
        clients = inert(one.clients, _LONGEST_RULE) or _("for some clients")
        yield _("A NAT rule sends a part of the clients ({clients}) to {place}: {rule}.").format(
            clients=clients, place=destination_words(one), rule=rule_words(one)
        )


def _noted(report: BindReport, *notes: str) -> BindReport:
    return replace(report, notes=tuple(dict.fromkeys((*report.notes, *notes))))
