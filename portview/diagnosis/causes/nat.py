"""NAT rules stand in front of the port: a server starts, and no client ever comes to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.finding import (
    Certainty,
    Evidence,
    Finding,
    Fix,
    Harm,
    Side,
    cannot_tell,
    ruled_out,
)
from portview.diagnosis.fixes import use_another_port
from portview.domain.destination import ClientOrigin
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Endpoint, endpoint_text
from portview.i18n import _, without_full_stop

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.domain.destination import Destination


def nat_shadow(facts: Facts) -> Finding | None:
    """Detect that a rule sends clients of the port to another port, machine or container."""
    if facts.platform != "linux":
        return None
    side = Side.REACH if facts.listeners else Side.BIND
    changed = list(facts.redirections)
    if changed:
        return _redirected(facts, changed, side)
    shadowed = facts.shadowed_address.value
    if shadowed is not None:
        return Finding(
            "nat_shadow",
            side,
            Certainty.PROVED,
            _(
                "A server on {port} is not reached at {address}: a NAT rule sends its clients "
                "elsewhere. A test server of PortView's own got no connection."
            ).format(port=facts.question.name, address=shadowed),
            (
                Evidence(
                    _("Test server"),
                    _("not reached at {address}").format(address=shadowed),
                    facts.shadowed_address.source,
                ),
            ),
            (*use_another_port(facts), _show_rules()),
        )
    if facts.destinations.problem is not None:
        return cannot_tell(
            "nat_shadow",
            side,
            _(
                "Whether a NAT rule sends clients of {port} elsewhere can't be read: {reason}."
            ).format(
                port=facts.question.name,
                reason=without_full_stop(facts.destinations.problem.reason),
            ),
            _("The firewall's rules, which only an administrator may read."),
        )
    return ruled_out(
        "nat_shadow",
        side,
        _("No NAT rule sends clients of {port} elsewhere.").format(port=facts.question.name),
    )


def _redirected(facts: Facts, changed: list[Destination], side: Side) -> Finding:
    outside = [one for one in changed if one.origin is ClientOrigin.OTHER_MACHINE] or changed
    first = outside[0]
    target = (
        endpoint_text(Endpoint(first.address, first.port))
        if first.address
        else _("port {port}").format(port=first.port)
    )
    is_all = all(one.is_all for one in outside)
    sentence = (
        _("A NAT rule sends clients of {port} to {target}; a server on {port} is never asked.")
        if is_all
        else _("A NAT rule sends some clients of {port} to {target} ({clients}).")
    )
    if first.origin is ClientOrigin.THIS_MACHINE and all(
        one.origin is ClientOrigin.THIS_MACHINE for one in outside
    ):
        sentence = _("A NAT rule sends programs of this machine that call {port} to {target}.")
    evidence = tuple(
        Evidence(
            _("NAT rule for clients on {origin}").format(origin=one.origin.value),
            inert(one.rule.text, 200) if one.rule else "",
            facts.destinations.source,
        )
        for one in changed[:3]
    )
    return Finding(
        "nat_shadow",
        side,
        Certainty.PROVED,
        sentence.format(port=facts.question.name, target=target, clients=inert(first.clients, 80)),
        evidence,
        (*use_another_port(facts), _show_rules(), _remove(first)),
    )


def _show_rules() -> Fix:
    return Fix(
        _("See the NAT rules."),
        ("nft", "list", "ruleset"),
        needs_admin=True,
    )


def _remove(one: Destination) -> Fix:
    source = inert(one.rule.source, 80) if one.rule else ""
    return Fix(
        _("Remove the rule ({source}), or stop the container that published the port.").format(
            source=source
        ),
        None,
        needs_admin=True,
        harm=Harm.SHARED,
        harm_words=_("Clients that use the forward lose it."),
        undo=_("Add the rule again."),
    )


CAUSES = (nat_shadow,)
