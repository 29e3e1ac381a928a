"""Why one profile of the firewall does what it does, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.firewall import ProfileState, RuleEffect
from portview.domain.plain_text import inert
from portview.firewall.windows.describe import networks, part, quoted_name
from portview.firewall.windows.evaluation import ALLOWED, BLOCKED, UNKNOWN, Evaluation
from portview.firewall.windows.policy import Store
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from portview.firewall.windows.fit import Match
    from portview.firewall.windows.surroundings import Profile, Surroundings

_LONGEST_DOUBT = 120
_NO_RULE = N_("No rule allows it")
_MAY = {RuleEffect.BLOCK: N_("may block"), RuleEffect.OTHER: N_("may be about")}


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence that holds for one or more profiles, which stand between its two parts."""

    before: str
    after: str = ""
    next_step: str = ""

    def text(self, profiles: Collection[Profile]) -> str:
        """Return the sentence for some profiles, without a full stop."""
        # Not "no rule allows it on every network", which could be on some.
        each = _("any network") if self.before == _(_NO_RULE) else _("every network")
        return f"{self.before} {networks(profiles, each)}{self.after}"


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
            return Reason(_("The firewall is off"))
        return Reason(_("What no rule blocks is allowed"))
    if state.blocks_all_inbound:
        return Reason(
            _("All inbound connections are blocked"),
            _(", whatever the rules allow"),
            _("Switch off “Block all incoming connections” in the settings of Windows' firewall."),
        )
    return _by_default(state, counted, elsewhere, surroundings)


def _by_rule(
    evaluation: Evaluation, match: Match, counted: Sequence[Match], surroundings: Surroundings
) -> Reason:
    store = match.rule.store
    kind = (
        _("the {store} rule").format(store=_(store.value)) if store.is_hardening else _("the rule")
    )
    rule = f"{kind} {quoted_name(match, surroundings)}"
    if evaluation.verdict is UNKNOWN:
        verb = _(_MAY.get(match.rule.effect, N_("may allow")))
        doubt = inert(match.doubts[0], _LONGEST_DOUBT) if match.doubts else _("it has exceptions")
        return Reason(
            _("It can't be determined: {rule} {verb} it").format(rule=rule, verb=verb),
            _(", but {doubt}").format(doubt=doubt),
        )
    rule = f"T{rule[1:]}"
    if evaluation.verdict is ALLOWED:
        return Reason(_("{rule} allows it").format(rule=rule))
    if evaluation.verdict is BLOCKED:
        beaten = not store.is_hardening and any(
            one.rule.effect is RuleEffect.ALLOW for one in counted
        )
        return Reason(
            _("{rule} blocks it").format(rule=rule),
            _(", and a block rule wins over every allow rule") if beaten else "",
            _("Switch off or narrow this rule.") if store is Store.LOCAL else _asking(store),
        )
    return _by_part(rule, match)


def _by_part(rule: str, match: Match) -> Reason:
    """Return the reason for a verdict that is only for some of the traffic."""
    effect, which = match.rule.effect, part(match)
    if effect is RuleEffect.BYPASS:
        return Reason(
            _("{rule} lets it past the block rules").format(rule=rule),
            _(" only {which}").format(which=which),
        )
    if match.doubts:
        doubt = inert(match.doubts[0], _LONGEST_DOUBT)
        return Reason(
            _("{rule} {get} some of it").format(
                rule=rule, get=_(_MAY.get(effect, N_("may allow")))
            ),
            f": {doubt}",
        )
    if not which:
        return Reason(_("{rule} blocks it").format(rule=rule), _(" with exceptions"))
    if effect is RuleEffect.BLOCK:
        return Reason(
            _("{rule} blocks it").format(rule=rule),
            _(" {which}; the rest is not blocked").format(which=which),
        )
    return Reason(_("{rule} allows it").format(rule=rule), _(" only {which}").format(which=which))


def _asking(store: Store) -> str:
    if store in {Store.POLICY, Store.MDM}:
        return _("Ask whoever manages this computer; the rule comes from {store}.").format(
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
                _(_NO_RULE),
                _(
                    ": {name} does not count there, because Group Policy leaves local rules out"
                ).format(name=name),
                _("Ask whoever manages this computer for a rule in Group Policy."),
            )
        if profiles is not None and profiles.isdisjoint(surroundings.active):
            return Reason(
                _(_NO_RULE),
                _(": {name} does so only {networks}").format(
                    name=name, networks=networks(profiles)
                ),
                step,
            )
    trusted = sorted({kind for match in counted for kind in match.rule.trusted})
    which = (
        _(", except what Windows itself vouches for ({trusted})").format(trusted=", ".join(trusted))
        if trusted
        else ""
    )
    which = inert(which, _LONGEST_DOUBT)
    return Reason(_(_NO_RULE), _(", so it is blocked by default{which}").format(which=which), step)
