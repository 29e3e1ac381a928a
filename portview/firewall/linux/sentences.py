"""The end of a walk in words: which rule decides, for whom, and why. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.firewall import (
    FirewallAnswer,
    FirewallRule,
    FirewallVerdict,
    RuleEffect,
    RuleFit,
    RuleMatch,
)
from portview.firewall.linux.asking import asked_by
from portview.firewall.linux.conditions import conditions_of
from portview.firewall.linux.intervals import Intervals, joined, networks_of, without
from portview.firewall.linux.naming import effect_of, managed_name_of, name_of
from portview.i18n import N_, _, join_list, join_phrases, join_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.ruleset import Rule
    from portview.firewall.linux.traversal_result import PacketFate, TraversalResult

_MOST_NAMED = 3
_MOST_LISTED = 12
_LONGEST_RULE = 120


def answer_of(
    outcome: TraversalResult,
    asked: Sequence[Packet],
    fits: Mapping[Rule, RuleFit],
    order: Mapping[Rule, int],
) -> FirewallAnswer:
    """Return the answer that people are reported."""
    fates = outcome.fates
    deciding: Rule | None = None
    match outcome.verdict:
        case FirewallVerdict.UNKNOWN:
            undecidable = outcome.undecidable
            deciding = undecidable.rule if undecidable else None
            what = undecidable.what if undecidable else _("something that is not known")
            if deciding is None:
                reason = _("Can't be determined in advance: it depends on {what}.").format(
                    what=what
                )
            else:
                reason = _(
                    "Can't be determined in advance: {rule_words} depends on {what}."
                ).format(rule_words=_rule_words(deciding), what=what)
        case FirewallVerdict.PARTLY:
            deciding = _of_allowed(fates)
            reason = _part_sentence(fates, asked)
        case FirewallVerdict.ALLOWED:
            deciding = _of_allowed(fates)
            reason = _allowed_sentence(fates)
        case _:
            deciding = next((fate.rule for fate in fates if fate.rule), None)
            reason = _blocked_sentence(fates)
    if any(_asks_for_time(rule) for rule in fits):
        reason = join_sentences(reason, _("This is so now; it depends on the time."))
    deciders = {fate.rule for fate in fates} | {deciding}
    last = len(order)
    matches = tuple(
        RuleMatch(reported(rule), fit, decides=rule in deciders)
        for rule, fit in sorted(fits.items(), key=lambda pair: order.get(pair[0], last))
    )
    return FirewallAnswer(
        outcome.verdict, reason, reported(deciding) if deciding else None, matches
    )


def _asks_for_time(rule: Rule) -> bool:
    return any("time" in asked_by(expression) for expression in rule.expressions)


def reported(rule: Rule) -> FirewallRule:
    """Return a rule as people are informed of it."""
    return FirewallRule(
        id=rule.id,
        name=name_of(rule),
        effect=effect_of(rule),
        source=_("chain {chain}").format(chain=rule.chain),
        text=rule.text,
        conditions=conditions_of(rule),
    )


def _of_allowed(fates: Iterable[PacketFate]) -> Rule | None:
    return next((fate.rule for fate in fates if fate.is_allowed and fate.rule), None)


def _rule_words(rule: Rule | None) -> str:
    if rule is None:
        return _("the verdict")
    text = managed_name_of(rule) or rule.text
    text = text if len(text) <= _LONGEST_RULE else f"{text[: _LONGEST_RULE - 1]}…"
    return _("the rule “{text}” in chain {chain}").format(text=text, chain=rule.chain)


def _allowed_sentence(fates: Sequence[PacketFate]) -> str:
    fate = next((one for one in fates if one.rule), fates[0])
    if fate.rule:
        sentence = _("Allowed by {rule_words}.").format(rule_words=_rule_words(fate.rule))
    elif fate.chain:
        sentence = _("No rule blocks it, and the policy of chain {chain_key} is accept.").format(
            chain_key=fate.chain.key
        )
    else:
        sentence = _("No firewall rule is about incoming traffic, so nothing is blocked.")
    return join_sentences(sentence, _sent_on_sentence(fates))


def _blocked_sentence(fates: Sequence[PacketFate]) -> str:
    ways: dict[str, set[int]] = {}
    for fate in fates:
        ways.setdefault(_blocking_sentence(fate), set()).add(fate.packet.version)
    (text, versions), *others = ways.items()
    further = ""
    if len(others) == 1:
        other, other_versions = others[0]
        is_by_version = len(versions) == len(other_versions) == 1 and versions != other_versions
        further = (
            _("Over IPv{version}: {sentence}").format(version=min(other_versions), sentence=other)
            if is_by_version
            else _("For others: {sentence}").format(sentence=other)
        )
    elif others:
        further = _("Others are blocked in {count} more ways.").format(count=len(others))
    return join_sentences(text, further, _sent_on_sentence(fates))


_BY_POLICY = {
    "first": N_("Dropped silently by the policy of chain {chain}."),
    "answer": N_(
        "Let in, but the server's answer is dropped silently by the policy of chain {chain}."
    ),
    "later": N_(
        "Let in at first, but what the client sends after its first packet is dropped silently by "
        "the policy of chain {chain}."
    ),
}
_DROPPED = {
    "first": N_("Dropped silently by {rule_words}."),
    "answer": N_("Let in, but the server's answer is dropped silently by {rule_words}."),
    "later": N_(
        "Let in at first, but what the client sends after its first packet is dropped silently by "
        "{rule_words}."
    ),
}
_REJECTED = {
    "first": N_("Rejected by {rule_words}."),
    "answer": N_("Let in, but the server's answer is rejected by {rule_words}."),
    "later": N_(
        "Let in at first, but what the client sends after its first packet is rejected by "
        "{rule_words}."
    ),
}


def _blocking_sentence(fate: PacketFate) -> str:
    if fate.because:
        return _("Blocked: {because}.").format(because=fate.because)
    if fate.is_unserved:
        return _unserved_sentence(fate)
    when = "answer" if fate.is_answer else "later" if fate.is_later else "first"
    if fate.rule is None:
        where = fate.chain.key if fate.chain else _("an unknown chain")
        return _(_BY_POLICY[when]).format(chain=where)
    sentences = _REJECTED if fate.effect is RuleEffect.REJECT else _DROPPED
    return _(sentences[when]).format(rule_words=_rule_words(fate.rule))


def _unserved_sentence(fate: PacketFate) -> str:
    """Return what clients meet that a rule sends to a port at which nothing listens."""
    if fate.packet.protocol == "tcp":
        return _("Refused: it is let in, but nothing listens where it is sent on to.")
    return _("Never answered: it is let in, but nothing listens where it is sent on to.")


def _sent_on_sentence(fates: Sequence[PacketFate]) -> str:
    for fate in fates:
        if fate.sent_on_by:
            target = _address_text(fate.packet, fate.packet.daddr[0][0])
            port = fate.packet.dport[0][0]
            target = f"[{target}]:{port}" if ":" in target else f"{target}:{port}"
            return _("It is sent on to {target} by {rule_words}.").format(
                target=target, rule_words=_rule_words(fate.sent_on_by)
            )
    return ""


def _address_text(packet: Packet, number: int) -> str:
    return str(_address(number, packet.version))


def _address(number: int, version: int) -> IPv4Address | IPv6Address:
    return IPv4Address(number) if version == 4 else IPv6Address(number)  # noqa: PLR2004


def _part_sentence(fates: Sequence[PacketFate], asked: Sequence[Packet]) -> str:
    allowed = [fate for fate in fates if fate.is_allowed]
    blocked = [fate for fate in fates if not fate.is_allowed]
    way_out = _blocking_sentence(blocked[0]) if blocked else _("Blocked.")
    limited = next((fate for fate in allowed if fate.rate and fate.is_below), None)
    if limited:
        return _(
            "Allowed by {rule_words} as long as new connections stay below {rate}. Beyond that: "
            "{sentence}"
        ).format(rate=limited.rate, rule_words=_rule_words(limited.limiter), sentence=way_out)
    if any(fate.rate and not fate.is_below for fate in allowed) and len(blocked) == 1:
        return _("Allowed as soon as new connections exceed {rate}. Below that: {sentence}").format(
            rate=blocked[0].rate, sentence=way_out
        )
    return join_sentences(
        _for_some(_of_allowed(fates), _scope(allowed, asked), _scope(blocked, asked), way_out),
        _sent_on_sentence(allowed),
    )


def _for_some(rule: Rule | None, whom: _Scope, not_whom: _Scope, way_out: str) -> str:
    fields = {"rule_words": _rule_words(rule), "sentence": way_out}
    if not_whom.words and (not whom.words or not_whom.rank < whom.rank):
        return (
            _("Allowed by {rule_words}, but not {not_whom}. There: {sentence}")
            if rule
            else _("Allowed, but not {not_whom}. There: {sentence}")
        ).format(not_whom=not_whom.words, **fields)
    if not whom.words:
        return (
            _("Allowed for some by {rule_words}. For others: {sentence}")
            if rule
            else _("Allowed for some. For others: {sentence}")
        ).format(**fields)
    return (
        _("Allowed {whom} by {rule_words}. For others: {sentence}")
        if rule
        else _("Allowed {whom}. For others: {sentence}")
    ).format(whom=whom.words, **fields)


class _Scope(NamedTuple):
    """For whom some packets stand, and whether that names all the rest instead."""

    words: str
    is_vague: bool

    @property
    def rank(self) -> tuple[bool, int]:
        """What names who is meant comes before what names all the rest."""
        return self.is_vague, len(self.words)


def scope_words(fates: Sequence[PacketFate], asked: Sequence[Packet]) -> str:
    """Return for whom some of the packets stand, in a few words."""
    return _scope(fates, asked).words


def _scope(fates: Sequence[PacketFate], asked: Sequence[Packet]) -> _Scope:
    parts = []
    versions = {fate.packet.version for fate in fates}
    if versions != {packet.version for packet in asked}:
        parts.append(
            _("over IPv{version}").format(version=versions.pop()) if len(versions) == 1 else ""
        )
    ways = {fate.packet.inward for fate in fates}
    is_from_here = any(packet.is_local_source for packet in asked)
    if not is_from_here and ways != {packet.inward for packet in asked}:
        parts.append(_("through {interfaces}").format(interfaces=join_list(sorted(map(str, ways)))))
    source, is_vague = _source_words(fates, asked)
    parts.append(source)
    if is_from_here or ways == {packet.inward for packet in asked}:
        # An interface says it all where each has addresses of its own.
        parts.append(_called_words(fates, asked))
    ports = joined(one for fate in fates for one in fate.packet.sport)
    if ports != joined(one for packet in asked for one in packet.sport):
        shown = join_list(
            str(low) if low == high else f"{low}-{high}" for low, high in ports[:_MOST_NAMED]
        )
        parts.append(_("from source port {shown}").format(shown=shown))
    return _Scope(join_phrases(*parts), is_vague)


def _called_words(fates: Sequence[PacketFate], asked: Sequence[Packet]) -> str:
    """Return which of this machine's addresses the packets go to, where that makes a difference."""
    called = {
        (fate.packet.version, number)
        for fate in fates
        if fate.packet.called is None and fate.packet.is_local_target
        for low, high in fate.packet.daddr
        for number in {low, high}
    }
    every = {
        (packet.version, number)
        for packet in asked
        for low, high in packet.daddr
        for number in {low, high}
    }
    versions = {version for version, _number in called}
    if not called or called == {one for one in every if one[0] in versions}:
        return ""
    shown = [str(_address(number, version)) for version, number in sorted(called)[:_MOST_NAMED]]
    more = len(called) - len(shown)
    words = join_list(shown)
    return (
        _("to {words} and {more} more addresses").format(words=words, more=more)
        if more > 0
        else _("to {words}").format(words=words)
    )


def _source_words(fates: Sequence[PacketFate], asked: Sequence[Packet]) -> _Scope:
    names: list[str] = []
    is_vague = False
    for version in (4, 6):
        of_all = joined(
            one for packet in asked if packet.version == version for one in packet.saddr
        )
        of_these = joined(
            one for fate in fates if fate.packet.version == version for one in fate.packet.saddr
        )
        if not of_these or of_these == of_all:
            continue
        found, is_rest = _network_words(of_these, of_all, is_v6=version == 6)  # noqa: PLR2004
        names += found
        is_vague = is_vague or is_rest
    if not names:
        return _Scope("", is_vague)
    words, more = join_list(names[:_MOST_NAMED]), len(names) - _MOST_NAMED
    return _Scope(
        _("from {words} and {more} more networks").format(words=words, more=more)
        if more > 0
        else _("from {words}").format(words=words),
        is_vague,
    )


def _network_words(these: Intervals, every: Intervals, *, is_v6: bool) -> tuple[list[str], bool]:
    """Return few networks for some of all addresses; this machine's own are in neither.

    And whether they name what is left out instead.
    """
    listed = networks_of(_bridged(these, every), is_v6=is_v6, limit=_MOST_LISTED)
    if listed is not None:
        return listed, False
    left_out = without(every, these)
    excluded = networks_of(_bridged(left_out, every), is_v6=is_v6, limit=_MOST_LISTED)
    if excluded is None:
        return [_("{count} ranges of addresses").format(count=len(these))], True
    shown, more = join_list(excluded[:_MOST_NAMED]), len(excluded) - _MOST_NAMED
    words = (
        _("anywhere except {shown} and {more} more").format(shown=shown, more=more)
        if more > 0
        else _("anywhere except {shown}").format(shown=shown)
    )
    return [words], True


def _bridged(these: Intervals, every: Intervals) -> Intervals:
    """Return addresses together with the small gaps of what is not asked about."""
    gaps = without(((0, every[-1][1]),), every)
    starts, ends = {low for low, _unused in these}, {high for _unused, high in these}
    between = [gap for gap in gaps if gap[0] - 1 in ends and gap[1] + 1 in starts]
    return joined((*these, *between))
