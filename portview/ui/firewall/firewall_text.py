"""What is said of verdicts, rules and profiles of the firewall. No Qt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallVerdict, RuleEffect, RuleFit
from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import State, awaits_clients, is_loopback
from portview.i18n import N_, _, join_sentences, ngettext, pgettext
from portview.ui.firewall.rule_targets import describe_port
from portview.ui.widgets.result import DisplayedResult, ResultRow

if TYPE_CHECKING:
    from portview.domain.firewall import (
        FirewallAnswer,
        FirewallStatus,
        ProfileState,
        RuleMatch,
    )
    from portview.domain.sockets.socket_row import SocketRow

MATCH_COLUMNS = (
    N_("Order"),
    N_("Rule"),
    N_("Does"),
    N_("Applies to"),
    N_("Conditions"),
    N_("Where"),
    N_("As written"),
)

EFFECT_LABELS = {
    RuleEffect.ALLOW: N_("Allows"),
    RuleEffect.BLOCK: N_("Blocks"),
    RuleEffect.REJECT: N_("Rejects"),
    RuleEffect.BYPASS: N_("Allows authenticated connections"),
    RuleEffect.OTHER: N_("Keeps running"),
}
_FIT_LABELS = {
    RuleFit.FULL: N_("All of it"),
    RuleFit.PART: N_("Some of it"),
    RuleFit.MAYBE: N_("Can't be determined"),
}
_VERDICT_SEVERITIES = {
    FirewallVerdict.ALLOWED: Severity.GOOD,
    FirewallVerdict.BLOCKED: Severity.BAD,
    FirewallVerdict.PARTLY: Severity.NOTE,
    FirewallVerdict.UNKNOWN: Severity.NOTE,
}
_EFFECT_SEVERITIES = {
    RuleEffect.ALLOW: Severity.GOOD,
    RuleEffect.BYPASS: Severity.GOOD,
    RuleEffect.BLOCK: Severity.BAD,
    RuleEffect.REJECT: Severity.BAD,
    RuleEffect.OTHER: Severity.NOTE,
}


def not_applicable_result(row: SocketRow) -> DisplayedResult | None:
    """Return why the firewall is not asked about a row; None where it is."""
    port = row.local.port
    if not awaits_clients(row):
        if row.state is State.BOUND:
            return DisplayedResult(
                Severity.NOTE,
                _("Nothing listens on {port}").format(port=describe_port(row)),
                _("The port is held, but clients are refused, whatever the firewall does."),
                _("Check again when the program listens."),
            )
        return DisplayedResult(
            Severity.NOTE,
            _("This is a connection"),
            _("Firewall results apply only to listening sockets."),
            _("Choose the socket that listens on port {port}, if there is one.").format(port=port),
        )
    if is_loopback(row.local.address):
        return DisplayedResult(
            Severity.NOTE,
            _("Only this machine reaches {port}").format(port=describe_port(row)),
            _(
                "It listens on {address}, which is this machine alone. The "
                "firewall has no part in that."
            ).format(address=row.local.address),
            _(
                "To be reached from other machines the server has to listen on "
                "all addresses or on one of the network."
            ),
        )
    return None


def verdict_result(
    row: SocketRow, answer: FirewallAnswer, status: FirewallStatus
) -> DisplayedResult:
    """Put an answer into a sentence with its next step."""
    port = describe_port(row)
    word = {
        FirewallVerdict.ALLOWED: _("The firewall lets other machines in to {port}").format(
            port=port
        ),
        FirewallVerdict.BLOCKED: _("The firewall keeps other machines from {port}").format(
            port=port
        ),
        FirewallVerdict.PARTLY: _("The firewall lets some machines in to {port}").format(port=port),
        FirewallVerdict.UNKNOWN: _("What the firewall does to {port} can't be determined").format(
            port=port
        ),
    }[answer.verdict]
    is_unread = answer.verdict is FirewallVerdict.UNKNOWN and status.problem
    next_step = answer.next_step or (status.hint if is_unread else "")
    return DisplayedResult(
        _VERDICT_SEVERITIES[answer.verdict],
        word,
        answer.reason,
        next_step,
        tuple(map(_, MATCH_COLUMNS)),
        tuple(_match_row(number, match) for number, match in enumerate(answer.matches, 1)),
    )


def rules_title(answer: FirewallAnswer, status: FirewallStatus) -> str:
    """Return what the list of rules is, or why it is empty."""
    many = len(answer.matches)
    if not many and status.problem:
        return _("The rules could not be read.")
    if not many:
        return _("No rule is about this port.")
    title = ngettext(
        "{count:,} rule is about this port.",
        "{count:,} rules are about this port, in the order in which they decide.",
        many,
    ).format(count=many)
    if answer.rule or status.problem:
        return title
    return join_sentences(title, _("None of them decides: the default does."))


def describe_profile(profile: ProfileState) -> str:
    """Describe the state of a profile or zone in one line."""
    name = profile.name
    if profile.is_active:
        name = _("{name} (active)").format(name=name)
    if not profile.is_on:
        parts = [_("off, everything gets in")]
    elif profile.blocks_all_inbound:
        parts = [_("on, blocks everything that comes in, whatever the rules say")]
    elif profile.inbound_default is RuleEffect.ALLOW:
        parts = [_("on, allows what no rule blocks")]
    elif profile.inbound_default is RuleEffect.REJECT:
        parts = [_("on, refuses what no rule allows")]
    elif profile.inbound_default is RuleEffect.BLOCK:
        parts = [_("on, blocks what no rule allows")]
    else:
        parts = [_("on")]
    if profile.is_on and not profile.counts_local_rules:
        parts.append(_("only rules of Group Policy count"))
    # Translators: a profile of the firewall and its state.
    shown = pgettext("profile", "{name}: {state}").format(name=name, state=parts[0])
    return "; ".join((shown, *parts[1:], *profile.notes))


def profile_lines(status: FirewallStatus) -> tuple[str, ...]:
    """Describe all profiles or zones, the active ones first."""
    ordered = sorted(status.profiles, key=lambda profile: not profile.is_active)
    # Windows writes its profiles with a capital; the name of a zone is an identifier.
    is_windows = status.manager == "windows"
    return tuple(
        describe_profile(replace(one, name=one.name.capitalize()) if is_windows else one)
        for one in ordered
    )


def _match_row(number: int, match: RuleMatch) -> ResultRow:
    rule = match.rule
    name = rule.name or rule.id
    return ResultRow(
        (
            _("{number}, decides").format(number=number) if match.decides else str(number),
            name if rule.is_enabled else _("{name} (switched off)").format(name=name),
            _(EFFECT_LABELS[rule.effect]),
            _(_FIT_LABELS[match.fit]),
            "; ".join(rule.conditions),
            rule.source,
            rule.text,
        ),
        _match_severity(match) if match.decides else None,
    )


def _match_severity(match: RuleMatch) -> Severity:
    return Severity.NOTE if match.fit is RuleFit.MAYBE else _EFFECT_SEVERITIES[match.rule.effect]
