"""What NAT rules make of a port that could be bound: the clients may be served elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from portview.domain.address_matching import ANY_IPV4, is_wildcard
from portview.domain.destination import ClientOrigin, Destination, redirected, shadows
from portview.domain.facts import Fact, Known, Unreadable
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Endpoint, Protocol, endpoint_text, is_loopback
from portview.i18n import _, join_and, join_sentences, without_full_stop
from portview.probes.bind_report import BindVerdict, port_name
from portview.probes.own_addresses import own_addresses

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

    A port that can be bound is no free port where every client from other machines over one IP
    version, or for a loopback address every client on this one, is sent elsewhere.
    """
    if destinations is None or report.verdict is BindVerdict.NO_ADDRESS:
        return report
    is_local = address is not None and is_loopback(address)
    origin = ClientOrigin.THIS_MACHINE if is_local else ClientOrigin.OTHER_MACHINE
    elsewhere: list[str] = []
    notes: list[str] = []
    for called, words in _called(address, report.port):
        fact = destinations(report.protocol, report.port, called)
        if isinstance(fact, Unreadable):
            note = _("Whether NAT rules redirect its clients is not known: {reason}.")
            notes.append(note.format(reason=without_full_stop(fact.reason)))
        elif isinstance(fact, Known):
            if all_of_them := shadows(fact.value, origin):
                elsewhere.append(redirected_sentence(all_of_them, origin, words))
            else:
                changed = (one for one in redirected(fact.value) if one.origin is origin)
                notes += map(partly_redirected_sentence, changed)
    if not elsewhere or not report.is_free:
        return _noted(report, *elsewhere, *notes)
    reason = join_sentences(*elsewhere)
    text = _("{port} can be bound, but clients don't reach a server there. {reason}")
    return replace(
        _noted(report, *notes),
        verdict=BindVerdict.REDIRECTED,
        detail=text.format(port=port_name(report.port, report.protocol), reason=reason),
        hint=_("Remove the rule, or choose another port."),
    )


def _called(address: str | None, port: int) -> Iterable[tuple[str, str]]:
    """Yield the addresses to ask about, and how they are named.

    Most rules are for one IP version alone, so that a wildcard is asked for with both.
    """
    if address is not None and not is_wildcard(address):
        yield address, endpoint_text(Endpoint(address, port))
        return
    yield ANY_IPV4, _("it over IPv4")
    if address == ANY_IPV4:
        return
    own = (one.address for one in own_addresses() if ":" in one.address and not one.is_loopback)
    if found := next(iter(sorted(own, key=lambda one: one.startswith("fe80"))), None):
        yield found, _("it over IPv6")


def redirected_sentence(found: Iterable[Destination], origin: ClientOrigin, called: str) -> str:
    """Return where all clients of one origin are sent that call an address, and by which rule."""
    found = tuple(found)
    places = join_and(list(dict.fromkeys(map(destination_words, found))))
    rules = "; ".join(dict.fromkeys(map(rule_words, found)))
    if origin is ClientOrigin.THIS_MACHINE:
        text = _(
            "A NAT rule sends clients on this machine that call {called} to {places}: {rules}."
        )
    else:
        text = _(
            "A NAT rule sends clients from other machines that call {called} to {places}: {rules}."
        )
    return text.format(called=called, places=places, rules=rules)


def partly_redirected_sentence(one: Destination) -> str:
    """Return that a rule sends some clients elsewhere."""
    clients = inert(one.clients, _LONGEST_RULE) or _("for some clients")
    return _("A NAT rule sends a part of the clients ({clients}) to {place}: {rule}.").format(
        clients=clients, place=destination_words(one), rule=rule_words(one)
    )


def _noted(report: BindReport, *notes: str) -> BindReport:
    return replace(report, notes=tuple(dict.fromkeys((*report.notes, *notes))))
