"""Nobody comes to the server because of where it listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.causes.reaching import (
    interface_of,
    outside_addresses,
    outside_listeners,
    served,
    unserved_families,
)
from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Harm, Side, ruled_out
from portview.diagnosis.fixes import where_its_port_stands
from portview.diagnosis.wording import describe_owner, listed, place_words, socket_evidence
from portview.domain.address_matching import is_wildcard
from portview.domain.facts import Known
from portview.domain.sockets.socket_row import Family
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts


def not_listening(facts: Facts) -> Finding | None:
    """Detect that a client was refused, and nobody listens."""
    error = facts.question.error
    if facts.sockets.problem is not None or facts.listeners:
        return None
    if error is None or error.error not in {"ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"}:
        return None
    certainty = Certainty.PROVED if error.error == "ECONNREFUSED" else Certainty.LIKELY
    return Finding(
        "not_listening",
        Side.REACH,
        certainty,
        _("No program listens on {port}, so every client is refused.").format(
            port=facts.question.name
        ),
        (Evidence(_("Sockets that listen"), "0", facts.sockets.source),),
        (Fix(_("Start the server, or check which port it uses.")),),
    )


def loopback_only(facts: Facts) -> Finding | None:
    """Detect that all listeners are on loopback addresses."""
    if not facts.listeners:
        return None
    if outside_listeners(facts):
        return ruled_out(
            "loopback_only",
            Side.REACH,
            _("It does not listen on loopback addresses alone."),
        )
    where = [
        text
        for one in facts.listeners
        for info in one.owners
        if (text := where_its_port_stands(info))
    ]
    advice = _("Have it listen on all addresses (0.0.0.0 or ::).")
    if where:
        advice = _("Have it listen on all addresses (0.0.0.0 or ::): {where}.").format(
            where=where[0]
        )
    return Finding(
        "loopback_only",
        Side.REACH,
        Certainty.PROVED,
        _("{owner} listens on {places} only, which no other machine can reach.").format(
            owner=describe_owner(facts.listeners), places=place_words(facts.listeners, facts.port)
        ),
        socket_evidence(facts, facts.listeners),
        follow_up=_("No other machine can reach it there."),
        fixes=(
            Fix(
                advice,
                harm=Harm.LITTLE,
                harm_words=_("Every machine of the network can then reach it."),
                undo=_("Restore the setting."),
            ),
        ),
    )


def wrong_family(facts: Facts) -> Finding | None:
    """Detect that the server takes clients of one address family, and this machine has both."""
    if not outside_listeners(facts) or not isinstance(facts.addresses.fact, Known):
        return _localhost_family(facts)
    missing = unserved_families(facts)
    if len(missing) != 1:
        return None
    (family,) = missing
    if any(one.family is family or one.is_dual for one in outside_listeners(facts)):
        return None  # It takes that family, only not at an address that anybody can call.
    mine = [one.address for one in outside_addresses(facts) if one.family is family]
    name = "IPv6" if family is Family.IPV6 else "IPv4"
    return Finding(
        "wrong_family",
        Side.REACH,
        Certainty.PROVED,
        _("{places} takes no {family} clients: connections to {addresses} are refused.").format(
            places=place_words(facts.listeners, facts.port), family=name, addresses=listed(mine)
        ),
        (
            *socket_evidence(facts, facts.listeners),
            Evidence(
                _("Own {family} addresses").format(family=name),
                listed(mine),
                facts.addresses.source,
            ),
        ),
        (
            Fix(
                _("Have it listen on :: with IPV6_V6ONLY off, which takes both."),
                harm=Harm.LITTLE,
                harm_words=_("It is then reachable over {family} as well.").format(family=name),
                undo=_("Restore the setting."),
            ),
            Fix(_("Have clients use an address of the other family.")),
        ),
    )


def _localhost_family(facts: Facts) -> Finding | None:
    """Detect that a client was refused at localhost, which stands for the other family."""
    error = facts.question.error
    if error is None or error.error != "ECONNREFUSED" or not facts.listeners:
        return None
    has_ipv4 = served(facts, "127.0.0.1")
    has_ipv6 = served(facts, "::1")
    if has_ipv4 == has_ipv6:
        return None
    asked = error.address
    missing = "::1" if has_ipv4 else "127.0.0.1"
    if asked is not None and asked != missing:
        return None
    return Finding(
        "wrong_family",
        Side.REACH,
        Certainty.PROVED if asked == missing else Certainty.LIKELY,
        _("{owner} does not listen on {address}, which localhost may stand for.").format(
            owner=describe_owner(facts.listeners), address=missing
        ),
        socket_evidence(facts, facts.listeners),
        (
            Fix(
                _("Call {address} instead of localhost.").format(
                    address="127.0.0.1" if has_ipv4 else "[::1]"
                )
            ),
        ),
    )


def specific_address(facts: Facts) -> Finding | None:
    """Detect that it listens on some addresses of a family and not on others."""
    found = outside_listeners(facts)
    if not found or any(is_wildcard(one.address) for one in found):
        return None
    missing = [
        one.address
        for one in outside_addresses(facts)
        if not served(facts, one.address) and one.family not in unserved_families(facts)
    ]
    if not missing:
        return None
    return Finding(
        "specific_address",
        Side.REACH,
        Certainty.PROVED,
        _("{owner} listens on {places} only; connections to {addresses} are refused.").format(
            owner=describe_owner(found),
            places=place_words(found, facts.port),
            addresses=listed(missing),
        ),
        socket_evidence(facts, found),
        (
            Fix(
                _("Have it listen on all addresses (0.0.0.0 or ::)."),
                harm=Harm.LITTLE,
                harm_words=_("Every network of this machine can then reach it."),
                undo=_("Restore the setting."),
            ),
        ),
    )


def container_bridge_only(facts: Facts) -> Finding | None:
    """Detect that it listens on the bridge of containers, which other machines have no route to."""
    found = outside_listeners(facts)
    if not found:
        return None
    interfaces = [interface_of(facts, one.address) for one in found]
    if not all(one is not None and one.is_internal for one in interfaces):
        return None
    names = listed(dict.fromkeys(one.interface for one in interfaces if one is not None))
    return Finding(
        "container_network_only",
        Side.REACH,
        Certainty.PROVED,
        _(
            "{owner} listens on {places} only, the bridge "
            "{interface} of containers: they reach it, "
            "other machines have no route to it."
        ).format(
            owner=describe_owner(found), places=place_words(found, facts.port), interface=names
        ),
        (
            *socket_evidence(facts, found),
            Evidence(_("Interface"), names, facts.addresses.source),
        ),
        (
            Fix(
                _("Have it listen on all addresses (0.0.0.0 or ::)."),
                harm=Harm.LITTLE,
                harm_words=_("Every machine of the network can then reach it."),
                undo=_("Restore the setting."),
            ),
        ),
    )


def interface_down(facts: Facts) -> Finding | None:
    """Detect that the interface that clients would come through is down, or there is none."""
    found = outside_listeners(facts)
    if not found or not isinstance(facts.addresses.fact, Known):
        return None
    down = [
        one
        for one in facts.addresses.fact.value
        if not one.is_loopback and not one.is_up and served(facts, one.address)
    ]
    reachable = [one for one in outside_addresses(facts) if served(facts, one.address)]
    if reachable:
        return None
    if down:
        names = listed(dict.fromkeys(one.interface for one in down))
        return Finding(
            "interface_down",
            Side.REACH,
            Certainty.PROVED,
            _("The interface {name} is down, so no other machine can reach {port}.").format(
                name=names, port=facts.question.name
            ),
            tuple(
                Evidence(
                    _("Interface {name}").format(name=one.interface),
                    _("down"),
                    facts.addresses.source,
                )
                for one in down[:3]
            ),
            (
                Fix(
                    _("Connect the cable or the Wi-Fi, or switch the interface on."),
                    ("ip", "link", "set", down[0].interface, "up")
                    if facts.platform == "linux"
                    else None,
                    needs_admin=facts.platform == "linux",
                ),
            ),
        )
    if not outside_addresses(facts) and all(is_wildcard(one.address) for one in found):
        return Finding(
            "no_network",
            Side.REACH,
            Certainty.PROVED,
            _("This machine has no address but loopback: no other machine can reach it."),
            (Evidence(_("Own addresses"), _("loopback only"), facts.addresses.source),),
            (Fix(_("Connect this machine to a network.")),),
        )
    return None


def address_gone(facts: Facts) -> Finding | None:
    """Detect that it listens on an address that this machine no longer has."""
    if not isinstance(facts.addresses.fact, Known):
        return None
    gone = [
        one
        for one in outside_listeners(facts)
        if not is_wildcard(one.address) and interface_of(facts, one.address) is None
    ]
    if not gone:
        return None
    return Finding(
        "address_not_here",
        Side.REACH,
        Certainty.PROVED,
        _("{owner} listens on {places}, an address that this machine no longer has.").format(
            owner=describe_owner(gone), places=place_words(gone, facts.port)
        ),
        socket_evidence(facts, gone),
        (Fix(_("Restart the server, or have it listen on all addresses.")),),
    )


CAUSES = (
    not_listening,
    loopback_only,
    wrong_family,
    specific_address,
    container_bridge_only,
    interface_down,
    address_gone,
)
