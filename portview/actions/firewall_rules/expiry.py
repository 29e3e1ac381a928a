"""Which rules of PortView's have expired, and why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from portview.actions.firewall_rules.plan import RevokePlan, plan_revoke
from portview.actions.firewall_rules.times import describe_moment
from portview.domain.owners.process import FieldProblem, ProcessKey
from portview.i18n import _
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.firewall import ManagedRule
    from portview.firewall.interface import Firewall, FirewallRules

_SAME_START_MS = 5000
"""From one run to the next a start time may move with an adjusted clock (Linux); a PID that passes
on to another process within seconds of its first owner's start does not occur."""


def plan_expired(
    firewall: Firewall, rules: FirewallRules | None = None, *, now_ms: int | None = None
) -> tuple[RevokePlan, ...]:
    """Plan to revoke every rule of PortView's that has expired. Changes nothing; blocks."""
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    rules = firewall.read() if rules is None else rules
    return tuple(
        plan_revoke(firewall, own, reason)
        for own in rules.managed_rules
        if (reason := why_expired(own, now_ms))
    )


def has_expired(rules: FirewallRules) -> bool:
    """Return whether a rule of PortView's has expired. Asks for no process where none ends."""
    now_ms = time.time_ns() // 1_000_000
    return any(why_expired(own, now_ms) for own in rules.managed_rules)


def why_expired(
    own: ManagedRule,
    now_ms: int,
    key_of: Callable[[int], ProcessKey | FieldProblem] = process_key,
) -> str:
    """Return why a rule has expired, in a few words; empty where it has not."""
    expires, until = own.rule_spec.expires_at_ms, own.rule_spec.until
    if expires is not None and expires <= now_ms:
        return _("it expired at {moment}").format(moment=describe_moment(expires))
    if until is None:
        return ""
    now = key_of(until.pid)
    if isinstance(now, ProcessKey):
        is_same = not until.started_ms or abs(now.started_ms - until.started_ms) <= _SAME_START_MS
        return (
            ""
            if is_same
            else _("process {pid}, which it was for, has exited").format(pid=until.pid)
        )
    # What can't be looked at may well be the process.
    if now is not FieldProblem.PROCESS_GONE:
        return ""
    return _("process {pid}, which it was for, has exited").format(pid=until.pid)
