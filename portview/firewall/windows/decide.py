"""What Windows does with a new inbound connection, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from portview.domain.firewall import (
    FirewallAnswer,
    FirewallVerdict,
    ProfileState,
    RuleEffect,
    RuleFit,
    RuleMatch,
)
from portview.domain.plain_text import inert
from portview.firewall.windows import describe
from portview.firewall.windows.evaluation import (
    ALLOWED,
    BLOCKED,
    PARTLY,
    UNKNOWN,
    Evaluation,
    evaluate,
    evaluate_hardening,
)
from portview.firewall.windows.fit import match_rule, traffic_of
from portview.firewall.windows.policy import Store
from portview.firewall.windows.reasons import Reason, explain
from portview.firewall.windows.surroundings import Profile
from portview.i18n import _, join_sentences

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from portview.domain.firewall import FirewallQuestion
    from portview.firewall.windows.fit import Match, Traffic
    from portview.firewall.windows.index import RuleIndex
    from portview.firewall.windows.surroundings import Surroundings

_STRICTEST_FIRST = (BLOCKED, UNKNOWN, PARTLY, ALLOWED)
# Where nothing says which profile is active, the one for networks that nobody trusts comes first.
_LEAST_TRUSTED_FIRST = (Profile.PUBLIC, Profile.PRIVATE, Profile.DOMAIN)
_EFFECTS_IN_ORDER = (RuleEffect.BYPASS, RuleEffect.OTHER, RuleEffect.BLOCK, RuleEffect.ALLOW)
_FITS_IN_ORDER = (RuleFit.FULL, RuleFit.PART, RuleFit.MAYBE)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one profile does with the traffic; ``considered`` are the rules that count there."""

    profile: Profile
    evaluation: Evaluation
    reason: Reason
    considered: tuple[Match, ...]


def decide(
    question: FirewallQuestion,
    index: RuleIndex,
    profiles: Mapping[Profile, ProfileState],
    surroundings: Surroundings,
    leaky: Container[Profile] = (),
) -> FirewallAnswer:
    """Return the verdict on some traffic with its reason. Pure.

    ``leaky`` are the profiles that leave some network interfaces out.
    """
    try:
        traffic = traffic_of(question, surroundings)
    except ValueError as error:
        return FirewallAnswer(
            UNKNOWN, _("It can't be determined: {error}.").format(error=inert(str(error)))
        )
    early = _without_rules(traffic)
    if early is not None:
        return early
    found = (match_rule(rule, traffic) for rule in index.about(traffic))
    matches = sorted((match for match in found if match), key=_order)
    asked = [one for one in Profile if one in surroundings.active] or _LEAST_TRUSTED_FIRST
    judged = [_judge(profile, profiles[profile], matches, traffic) for profile in asked]
    judged = [_with_leaks(one) if one.profile in leaky else one for one in judged]
    if surroundings.active or len({one.evaluation.verdict for one in judged}) == 1:
        return _answer(judged, surroundings)
    strictest = min(judged, key=lambda one: _STRICTEST_FIRST.index(one.evaluation.verdict))
    answer = _answer([strictest], surroundings)
    return replace(
        answer,
        reason=join_sentences(
            answer.reason,
            _(
                "Windows does not say which networks are connected, so the strictest answer is "
                "assumed."
            ),
        ),
    )


def _without_rules(traffic: Traffic) -> FirewallAnswer | None:
    """Answer where no rule is asked: within this machine, and for a server that is only there."""
    remote, local, question = traffic.remote, traffic.local, traffic.question
    is_within = remote is not None and (
        remote.is_loopback or remote in traffic.surroundings.addresses
    )
    if is_within and traffic.package is not None:
        return FirewallAnswer(
            UNKNOWN,
            _(
                "It can't be determined: Windows keeps apps from packages away from "
                "this machine's loopback unless they are exempted."
            ),
        )
    if is_within:
        return FirewallAnswer(ALLOWED, _("Windows does not filter what a machine sends to itself."))
    if local is not None and local.is_loopback:
        return FirewallAnswer(
            BLOCKED,
            _(
                "The server listens on {local_address} only, which other "
                "machines can't reach, whatever the firewall does."
            ).format(local_address=question.local_address),
            next_step=_(
                "Have the server listen on an address of the network, or on all addresses."
            ),
        )
    if remote is not None and local is not None and remote.version != local.version:
        return FirewallAnswer(
            BLOCKED,
            _(
                "A client at {remote} can't reach a server that listens on "
                "{local_address} only: one is IPv4 and the other IPv6."
            ).format(remote=question.remote, local_address=question.local_address),
        )
    return None


def _order(match: Match) -> tuple[int, int, int, str, str, str]:
    """Return where a rule stands: the order in which they decide, the same for any order read."""
    rule = match.rule
    if rule.store.is_hardening:
        stage = 0 if rule.effect is RuleEffect.ALLOW else 1
    else:
        stage = 2 + _EFFECTS_IN_ORDER.index(rule.effect)
    doubtful = _FITS_IN_ORDER.index(match.fit)
    return stage, doubtful, len(match.doubts), rule.store.value, rule.id, rule.path


def _judge(
    profile: Profile, state: ProfileState, matches: Sequence[Match], traffic: Traffic
) -> _Judged:
    of_profile = [
        match for match in matches if match.rule.profiles is None or profile in match.rule.profiles
    ]
    hardening = [match for match in of_profile if match.rule.store.is_hardening]
    ordinary = [match for match in of_profile if not match.rule.store.is_hardening]
    counted = [
        match
        for match in ordinary
        if state.counts_local_rules or match.rule.store is not Store.LOCAL
    ]
    # Nobody asks about the connections that Windows' own services vouch for; they are only named.
    asked = [match for match in counted if not match.rule.trusted]
    first = evaluate_hardening(hardening, traffic.families)
    second = _evaluate_profile(state, asked, traffic.families)
    # Where both block, no rule and no interface that is left out opens what hardening blocks.
    by_hardening = first.verdict is BLOCKED or (
        _STRICTEST_FIRST.index(first.verdict) < _STRICTEST_FIRST.index(second.verdict)
    )
    evaluation = first if by_hardening else second
    considered = {id(match) for match in (*hardening, *counted)}
    elsewhere = [match for match in matches if id(match) not in considered]
    reason = explain(evaluation, state, counted, elsewhere, traffic.surroundings)
    return _Judged(profile, evaluation, reason, (*hardening, *counted))


def _with_leaks(judged: _Judged) -> _Judged:
    """Return what a profile does that leaves some network interfaces out of the firewall."""
    match = judged.evaluation.match
    if judged.evaluation.verdict is not BLOCKED or (match and match.rule.store.is_hardening):
        return judged
    return replace(
        judged,
        evaluation=Evaluation(PARTLY, match),
        reason=replace(judged.reason, has_leaks=True),
    )


def _evaluate_profile(
    state: ProfileState, matches: Sequence[Match], families: frozenset[int]
) -> Evaluation:
    if not state.is_on:
        return Evaluation(ALLOWED)
    if state.blocks_all_inbound:
        return Evaluation(BLOCKED)
    is_default_allow = state.inbound_default is RuleEffect.ALLOW
    return evaluate(matches, families, is_default_allow=is_default_allow)


def _answer(judged: Sequence[_Judged], surroundings: Surroundings) -> FirewallAnswer:
    verdicts = {one.evaluation.verdict for one in judged}
    verdict = _combined(verdicts)
    # Where they differ, the strictest profile speaks: that is where something is to be done.
    leading = min(
        judged,
        key=lambda one: (
            one.evaluation.verdict is not verdict,
            _STRICTEST_FIRST.index(one.evaluation.verdict),
        ),
    )
    deciding = {id(one.evaluation.match) for one in judged}
    considered = {id(match): match for one in judged for match in one.considered}
    shown = {
        key: describe.shown_rule(match.rule, surroundings) for key, match in considered.items()
    }
    texts = []
    for reason in dict.fromkeys(one.reason for one in judged):
        where = [one.profile for one in judged if one.reason == reason]
        texts.append(reason.text(where))
    return FirewallAnswer(
        verdict,
        join_sentences(*texts),
        shown[id(leading.evaluation.match)] if leading.evaluation.match else None,
        tuple(
            RuleMatch(shown[id(match)], match.fit, decides=id(match) in deciding)
            for match in sorted(considered.values(), key=_order)
        ),
        tuple(profile.value for profile in Profile if profile in {one.profile for one in judged}),
        leading.reason.next_step,
    )


def _combined(verdicts: set[FirewallVerdict]) -> FirewallVerdict:
    if len(verdicts) == 1:
        return next(iter(verdicts))
    if PARTLY in verdicts or {ALLOWED, BLOCKED} <= verdicts:
        return PARTLY
    return UNKNOWN
