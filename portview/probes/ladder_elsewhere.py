"""The ends of a ladder that lead elsewhere: NAT rules, inner networks, one device. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.address_matching import bound_device
from portview.domain.destination import ClientOrigin
from portview.domain.sockets.socket_row import Endpoint, endpoint_text, is_loopback
from portview.domain.verdicts import Verdict
from portview.i18n import _, join_list, join_sentences
from portview.probes.bind_places import ANY_IPV4
from portview.probes.ladder_facts import (
    FirewallCheckVerdict,
    LadderSentence,
    Reach,
    open_inside,
)
from portview.probes.redirected import redirected_sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.probes.ladder_facts import LadderFacts, Redirection

_REACHES = {
    FirewallCheckVerdict.ALLOWED: Reach.REACHABLE,
    FirewallCheckVerdict.PARTLY: Reach.SOME,
    FirewallCheckVerdict.UNKNOWN: Reach.UNCERTAIN,
    FirewallCheckVerdict.BLOCKED: Reach.BLOCKED,
}


def describe_redirection(redirection: Redirection, port: int) -> str:
    """Return where clients from other machines are sent, and by which rule."""
    called = _endpoints(redirection.called, port)
    return redirected_sentence(redirection.destinations, ClientOrigin.OTHER_MACHINE, called)


def redirected_elsewhere(facts: LadderFacts, redirection: Redirection) -> LadderSentence:
    """Return what clients from other machines find where a NAT rule sends them elsewhere."""
    sentence = describe_redirection(redirection, facts.port)
    beside = [address for address, verdict in facts.own if verdict is Verdict.OPEN]
    rest, advice = "", ""
    if any(not is_loopback(one) for one in facts.listening):
        rest = _("The server that listens on port {port} itself gets none of them.")
        rest = rest.format(port=facts.port)
        advice = _("Remove the rule if that server is meant to get its clients.")
    if beside:
        text = _("A client that calls {places} is not redirected and can connect.")
        rest = join_sentences(rest, text.format(places=_endpoints(beside, facts.port)))
    if redirection.verdict is not Verdict.OPEN:
        end = _("Nothing accepts connections there: they can't connect.")
        fix = _("Start the server there, or remove the rule.")
        reach = _REACHES[facts.firewall] if beside else Reach.NOTHING_LISTENS
        return LadderSentence(
            reach, join_sentences(sentence, end, rest), join_sentences(fix, advice)
        )
    end = {
        FirewallCheckVerdict.ALLOWED: _("A server answers there, and they can connect."),
        FirewallCheckVerdict.PARTLY: _(
            "A server answers there, and the firewall lets in the clients that its rules name."
        ),
        FirewallCheckVerdict.UNKNOWN: _(
            "A server answers there, and they can connect unless a firewall stops them, which is "
            "not known."
        ),
        FirewallCheckVerdict.BLOCKED: _("A server answers there, but the firewall blocks them."),
    }[facts.firewall]
    if facts.firewall_detail and facts.firewall is not FirewallCheckVerdict.ALLOWED:
        end = join_sentences(end, facts.firewall_detail)
    return LadderSentence(_REACHES[facts.firewall], join_sentences(sentence, end, rest), advice)


def inner_only(facts: LadderFacts) -> LadderSentence:
    """Return who can connect where no client from the network that leads outside can."""
    inside = open_inside(facts.inner, facts.port)
    sentence = _(
        "A client on another machine can't connect: that is not the network that leads outside."
    )
    sentence = join_sentences(inside, sentence)
    own = facts.own[0][0] if facts.own else ""
    advice = (
        _("Have the server listen on {any_ipv4} (all addresses) or {own}.")
        if own
        else _("Have the server listen on {any_ipv4} (all addresses).")
    ).format(any_ipv4=ANY_IPV4, own=own)
    return LadderSentence(Reach.INNER_NETWORK, sentence, advice)


def open_inside_too(facts: LadderFacts) -> str:
    """Return a sentence on who else can connect, "" where there is nobody."""
    return open_inside(facts.inner, facts.port)


def only_through_device(facts: LadderFacts) -> LadderSentence | None:
    """Return that a socket only takes what comes in through an inner device; else None."""
    devices = {bound_device(one) for one in facts.listening if not is_loopback(one)}
    if not devices or "" in devices or devices & set(facts.outside_of.values()):
        return None
    sentence = _(
        "It takes only what comes in through the network device {device}, which does not lead "
        "outside: a client on another machine can't connect."
    ).format(device=join_list(sorted(devices)))
    advice = _("Have the server listen without a device.")
    return LadderSentence(Reach.INNER_NETWORK, sentence, advice)


def _endpoints(addresses: Iterable[str], port: int) -> str:
    return join_list(endpoint_text(Endpoint(address, port)) for address in addresses)
