"""What a client on another machine would see of a port, in one sentence. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Endpoint, endpoint_text, is_loopback
from portview.domain.verdicts import Verdict
from portview.i18n import _, join_and, join_list, join_sentences
from portview.probes.bind_places import ANY_IPV4, ANY_IPV6
from portview.probes.ladder_elsewhere import (
    inner_only,
    only_through_device,
    open_inside_too,
    redirected_elsewhere,
)
from portview.probes.ladder_facts import (
    FirewallCheckVerdict,
    LadderFacts,
    LadderSentence,
    Reach,
    open_inside,
)

__all__ = ("FirewallCheckVerdict", "LadderFacts", "LadderSentence", "Reach", "sentence_for")

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.probes.local_listener import ListenerTrouble


def sentence_for(facts: LadderFacts) -> LadderSentence:
    """Return what a client on another machine would see, and what to change."""
    sentence = _sentence_for(facts)
    if not facts.nat_note or facts.redirection is not None:
        return sentence
    return replace(sentence, sentence=f"{sentence.sentence} {facts.nat_note}")


def _sentence_for(facts: LadderFacts) -> LadderSentence:
    if facts.redirection is not None:
        return redirected_elsewhere(facts, facts.redirection)
    return _unserved(facts) or _not_outside(facts) or _outside(facts)


def _not_outside(facts: LadderFacts) -> LadderSentence | None:
    """Return why no other machine can come, whatever the firewall does; None if it may."""
    if facts.listening and all(is_loopback(address) for address in facts.listening):
        return _loopback_only(facts)
    if _open(facts.own):
        return None
    if open_inside(facts.inner, facts.port):
        return inner_only(facts)
    if through := only_through_device(facts):
        return through
    if facts.own:
        return None
    alone = _("This machine has no address but loopback at present: no other machine can reach it.")
    if facts.inner:
        alone = _("This machine has no address at a network that leads outside at present.")
    advice = _("Connect this machine to a network.")
    return LadderSentence(Reach.THIS_MACHINE_ONLY, alone, advice)


def _outside(facts: LadderFacts) -> LadderSentence:
    """Return what a client from outside meets: the firewall first, then the server."""
    if facts.firewall is FirewallCheckVerdict.BLOCKED:
        return LadderSentence(
            Reach.BLOCKED,
            join_sentences(
                _(
                    "It listens on {places}, but the firewall of this machine blocks it: a client "
                    "on another machine gets no answer."
                ).format(places=_places(facts)),
                _firewall_says(facts),
            ),
            _("Allow TCP port {port} through the firewall.").format(port=facts.port),
        )
    open_outside = _open(facts.own)
    return _reachable(facts, open_outside) if open_outside else _closed_outside(facts)


def _unserved(facts: LadderFacts) -> LadderSentence | None:
    """Return why clients of this machine itself get no answer; None where they do, or may."""
    tried = (*facts.loopback, *facts.own, *((one.address, one.verdict) for one in facts.inner))
    if facts.trouble is not None:
        return _in_trouble(facts, facts.trouble)
    if _open(tried):
        return None
    if any(verdict is Verdict.HUNG_UP for _address, verdict in tried):
        return _hanging_up(facts)
    return None if facts.listening else _nothing_listens(facts)


def _hanging_up(facts: LadderFacts) -> LadderSentence:
    return LadderSentence(
        Reach.HANGS_UP,
        _(
            "TCP port {port} accepts connections and ends them at once: no client gets an answer, "
            "not even from this machine."
        ).format(port=facts.port),
        _(
            "What the listener forwards to may be missing: check the container, tunnel or "
            "port forwarding, or the server's log."
        ),
    )


def _in_trouble(facts: LadderFacts, trouble: ListenerTrouble) -> LadderSentence:
    sentence = join_sentences(
        _("It listens on {places}.").format(places=_places(facts)), trouble.sentence
    )
    reach = Reach.SUSPENDED if trouble.is_suspended else Reach.HANGS
    return LadderSentence(reach, sentence, trouble.advice)


def _firewall_says(facts: LadderFacts) -> str:
    """Return the firewall's reason as a sentence of its own, empty where there is none."""
    if not facts.firewall_detail:
        return ""
    return _("Firewall: {reason}").format(reason=facts.firewall_detail)


def _open(tried: Iterable[tuple[str, Verdict]]) -> list[str]:
    return [address for address, verdict in tried if verdict is Verdict.OPEN]


def _places(facts: LadderFacts) -> str:
    words = {ANY_IPV4: _("all IPv4 addresses (0.0.0.0)"), ANY_IPV6: _("all addresses (::)")}
    places = dict.fromkeys(words.get(one, one) for one in facts.listening)
    return join_and(list(places)) or _("the port")


def _endpoints(addresses: Iterable[str], port: int) -> str:
    return join_list(endpoint_text(Endpoint(address, port)) for address in addresses)


def _nothing_listens(facts: LadderFacts) -> LadderSentence:
    if facts.bound:
        return LadderSentence(
            Reach.NOTHING_LISTENS,
            _(
                "A program has bound TCP port {port}, but does not listen yet: "
                "every client is refused."
            ).format(port=facts.port),
            _("Wait until the program is ready, or see why it does not start."),
        )
    return LadderSentence(
        Reach.NOTHING_LISTENS,
        _("Nothing listens on TCP port {port}: every client is refused.").format(port=facts.port),
        _("Start the server, or check its port number."),
    )


def _loopback_only(facts: LadderFacts) -> LadderSentence:
    where = join_and(list(dict.fromkeys(facts.listening)))
    own = facts.own[0][0] if facts.own else _("an address of this machine")
    if _open(facts.own):
        return LadderSentence(
            Reach.UNCERTAIN,
            _(
                "It listens on {where} only, and yet {endpoints} answers: "
                "something forwards it, so a client on another machine may get "
                "through."
            ).format(where=where, endpoints=_endpoints(_open(facts.own), facts.port)),
            _("Check for a proxy, a container or a port forwarding."),
        )
    if not _open(facts.loopback):
        return LadderSentence(
            Reach.HANGS,
            _(
                "It listens on {where} only and does not accept connections even there; a client "
                "on another machine is refused."
            ).format(where=where),
            _(
                "Check the server: it hangs or is overloaded. Then have it listen on "
                "{any_ipv4} or {own}."
            ).format(any_ipv4=ANY_IPV4, own=own),
        )
    return LadderSentence(
        Reach.THIS_MACHINE_ONLY,
        _("It listens on {where} only: a client on another machine is refused.").format(
            where=where
        ),
        _("Have the server listen on {any_ipv4} (all addresses) or {own}.").format(
            any_ipv4=ANY_IPV4, own=own
        ),
    )


def _closed_outside(facts: LadderFacts) -> LadderSentence:
    verdicts = {verdict for _unused, verdict in facts.own}
    if Verdict.FILTERED in verdicts and not _open(facts.loopback):
        return LadderSentence(
            Reach.HANGS,
            _(
                "It listens on {places}, but accepts no connection, not even "
                "from this machine: a client on another machine gets no answer "
                "either."
            ).format(places=_places(facts)),
            _("Check the server: it hangs, or its queue of new connections is full."),
        )
    if Verdict.FILTERED in verdicts:
        silent = _endpoints((address for address, _unused in facts.own), facts.port)
        return LadderSentence(
            Reach.BLOCKED,
            _(
                "It listens on {places}, but {silent} does not answer even from "
                "this machine: a firewall drops it, for other machines too."
            ).format(places=_places(facts), silent=silent),
            _("Allow TCP port {port} through the firewall.").format(port=facts.port),
        )
    if _open(facts.loopback):
        return LadderSentence(
            Reach.THIS_MACHINE_ONLY,
            _(
                "It answers on loopback only, and refuses at every address that "
                "other machines can use."
            ),
            _("Have the server listen on {any_ipv4} (all addresses).").format(any_ipv4=ANY_IPV4),
        )
    return LadderSentence(
        Reach.UNCERTAIN,
        _(
            "The socket table shows it listening on {places}, but every "
            "connection is refused: it just ended, or it belongs to another "
            "network namespace."
        ).format(places=_places(facts)),
        _("Check again."),
    )


def _reachable(facts: LadderFacts, open_outside: list[str]) -> LadderSentence:
    at = _endpoints(open_outside, facts.port)
    reach, sentence = (
        Reach.REACHABLE,
        _("A client on another machine can connect to {at}.").format(at=at),
    )
    also = open_inside_too(facts)
    says = _firewall_says(facts)
    if facts.firewall is FirewallCheckVerdict.PARTLY:
        reach = Reach.SOME
        sentence = join_sentences(
            _(
                "Some clients on other machines can connect to {at}: the firewall lets in those "
                "that its rules name."
            ).format(at=at),
            says,
        )
    elif facts.firewall is FirewallCheckVerdict.UNKNOWN:
        reach = Reach.UNCERTAIN
        unknown = (
            _(
                "A client on another machine can connect to {at}, unless a firewall stops it, "
                "which can't be determined."
            )
            if says
            else _(
                "A client on another machine can connect to {at}, unless a firewall stops it, "
                "which was not checked."
            )
        )
        sentence = join_sentences(unknown.format(at=at), says)
    sentence = join_sentences(sentence, also)
    refusing = [address for address, verdict in facts.own if verdict is not Verdict.OPEN]
    if not facts.listening:
        sentence = join_sentences(sentence, _("The socket table does not show who listens."))
        advice = _("It may be a container, a port forwarding, or a program that has just started.")
        return LadderSentence(reach, sentence, advice)
    if refusing:
        silent = _("It does not answer at {endpoints}.")
        sentence = join_sentences(
            sentence, silent.format(endpoints=_endpoints(refusing, facts.port))
        )
        families = {":" in address for address in open_outside}
        if families.isdisjoint({":" in address for address in refusing}):
            used = "IPv6" if True in families else "IPv4"
            return LadderSentence(
                reach,
                join_sentences(sentence, _("It speaks {used} only.").format(used=used)),
                _(
                    "Have the server listen on {any_ipv6} with both families, if "
                    "clients use the other one."
                ).format(any_ipv6=ANY_IPV6),
            )
        return LadderSentence(
            reach,
            sentence,
            _("Have the server listen on {any_ipv4} to be found at each address.").format(
                any_ipv4=ANY_IPV4
            ),
        )
    return LadderSentence(reach, sentence)
