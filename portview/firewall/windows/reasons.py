"""Why one profile of the firewall does what it does, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.firewall import ProfileState, RuleEffect
from portview.domain.plain_text import inert
from portview.firewall.windows.describe import networks, part, quoted_name
from portview.firewall.windows.evaluation import ALLOWED, BLOCKED, UNKNOWN, Evaluation
from portview.firewall.windows.policy import Store
from portview.i18n import N_, _, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from portview.firewall.windows.fit import Match
    from portview.firewall.windows.surroundings import Profile, Surroundings

_LONGEST_DOUBT = 120
_DOUBTED = {
    RuleEffect.ALLOW: N_("It can't be determined. {rule} may allow it {networks}, but {doubt}."),
    RuleEffect.BLOCK: N_("It can't be determined. {rule} may block it {networks}, but {doubt}."),
    RuleEffect.OTHER: N_("It can't be determined. {rule} may apply {networks}, but {doubt}."),
}
_DOUBTED_IN_PART = {
    RuleEffect.ALLOW: N_("{rule} may allow some of it {networks}: {doubt}."),
    RuleEffect.BLOCK: N_("{rule} may block some of it {networks}: {doubt}."),
    RuleEffect.OTHER: N_("{rule} may apply to some of it {networks}: {doubt}."),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence that holds for one or more profiles, for which it has the field ``networks``.

    ``template`` is translated already; ``fields`` are its others. ``is_negative`` is for "no rule
    ... on any network", because "no rule ... on every network" would allow one on some.
    """

    template: str
    fields: tuple[tuple[str, str], ...] = ()
    next_step: str = ""
    is_negative: bool = False
    has_leaks: bool = False

    def text(self, profiles: Collection[Profile]) -> str:
        """Return the sentence for some profiles."""
        where = networks(profiles, is_negative=self.is_negative)
        text = self.template.format(networks=where, **dict(self.fields))
        if not self.has_leaks:
            return text
        return join_sentences(text, _("Some network interfaces are left out of the firewall."))


def explain(
    evaluation: Evaluation,
    state: ProfileState,
    counted: Sequence[Match],
    elsewhere: Sequence[Match],
    surroundings: Surroundings,
) -> Reason:
    """Return why a profile decides as it does.

    ``counted`` are the rules that it counts, ``elsewhere`` those about the same traffic that only
    other profiles count.
    """
    match = evaluation.match
    if match is not None:
        return _by_rule(evaluation, match, counted, surroundings)
    if evaluation.verdict is ALLOWED:
        if not state.is_on:
            return Reason(_("The firewall is off {networks}."))
        return Reason(_("What no rule blocks is allowed {networks}."))
    if state.blocks_all_inbound:
        return Reason(
            _("All inbound connections are blocked {networks}, whatever the rules allow."),
            next_step=_(
                "Switch off “Block all incoming connections” in the settings of Windows' firewall."
            ),
        )
    return _by_default(state, counted, elsewhere, surroundings)


def _by_rule(
    evaluation: Evaluation, match: Match, counted: Sequence[Match], surroundings: Surroundings
) -> Reason:
    store = match.rule.store
    name = quoted_name(match, surroundings)
    rule = (
        _("The {store} rule {name}").format(store=_(store.value), name=name)
        if store.is_hardening
        else _("The rule {name}").format(name=name)
    )
    named = ("rule", rule)
    if evaluation.verdict is UNKNOWN:
        doubt = inert(match.doubts[0], _LONGEST_DOUBT) if match.doubts else _("it has exceptions")
        return Reason(_(_of_effect(_DOUBTED, match)), (named, ("doubt", doubt)))
    if evaluation.verdict is ALLOWED:
        return Reason(_("{rule} allows it {networks}."), (named,))
    if evaluation.verdict is BLOCKED:
        beaten = not store.is_hardening and any(
            one.rule.effect is RuleEffect.ALLOW for one in counted
        )
        return Reason(
            _("{rule} blocks it {networks}, and a block rule wins over every allow rule.")
            if beaten
            else _("{rule} blocks it {networks}."),
            (named,),
            _("Switch off or narrow this rule.") if store is Store.LOCAL else _asking(store),
        )
    return _by_part(rule, match)


def _of_effect(sentences: dict[RuleEffect, str], match: Match) -> str:
    return sentences.get(match.rule.effect, sentences[RuleEffect.ALLOW])


def _by_part(rule: str, match: Match) -> Reason:
    """Return the reason for a verdict that is only for some of the traffic."""
    effect, which = match.rule.effect, part(match)
    fields = (("rule", rule), ("which", which))
    if effect is RuleEffect.BYPASS:
        return Reason(
            _("{rule} lets it past the block rules {networks}, but only {which}."), fields
        )
    if match.doubts:
        doubt = inert(match.doubts[0], _LONGEST_DOUBT)
        return Reason(_(_of_effect(_DOUBTED_IN_PART, match)), (("rule", rule), ("doubt", doubt)))
    if not which:
        return Reason(_("{rule} blocks it {networks}, with exceptions."), fields[:1])
    if effect is RuleEffect.BLOCK:
        return Reason(_("{rule} blocks it {networks}, {which}; the rest is not blocked."), fields)
    return Reason(_("{rule} allows it {networks}, but only {which}."), fields)


def _asking(store: Store) -> str:
    if store in {Store.POLICY, Store.MDM}:
        return _("Ask the administrator of this computer; the rule comes from {store}.").format(
            store=_(store.value)
        )
    return _("Windows itself protects this service or app; that can't be changed with a rule.")


def _by_default(
    state: ProfileState,
    counted: Sequence[Match],
    elsewhere: Sequence[Match],
    surroundings: Surroundings,
) -> Reason:
    step = _("Allow it through the firewall with a rule for this port.")
    allowing = [m for m in elsewhere if m.rule.effect is RuleEffect.ALLOW and not m.doubts]
    for match in allowing:
        name = quoted_name(match, surroundings)
        profiles = match.rule.profiles
        if match.rule.store is Store.LOCAL and not state.counts_local_rules:
            return Reason(
                _(
                    "No rule allows it {networks}: {name} does not apply there, because Group "
                    "Policy leaves local rules out."
                ),
                (("name", name),),
                _("Ask the administrator of this computer for a rule in Group Policy."),
                is_negative=True,
            )
        if profiles is not None and profiles.isdisjoint(surroundings.active):
            return Reason(
                _("No rule allows it {networks}: {name} does so only {others}."),
                (("name", name), ("others", networks(profiles))),
                step,
                is_negative=True,
            )
    trusted = sorted({kind for match in counted for kind in match.rule.trusted})
    if trusted:
        return Reason(
            _(
                "No rule allows it {networks}, so it is blocked by default, except what Windows "
                "itself trusts ({trusted})."
            ),
            (("trusted", inert(join_list(trusted), _LONGEST_DOUBT)),),
            step,
            is_negative=True,
        )
    return Reason(
        _("No rule allows it {networks}, so it is blocked by default."),
        next_step=step,
        is_negative=True,
    )
