"""Stands in where PortView has no way to read the firewall, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Unreadable
from portview.domain.firewall import FirewallAnswer, FirewallStatus, FirewallVerdict
from portview.i18n import N_, _, without_full_stop

if TYPE_CHECKING:
    from portview.domain.destination import ClientOrigin, Destination
    from portview.domain.facts import Fact
    from portview.domain.firewall import FirewallQuestion, ManagedRule, RuleChange, RuleSpec
    from portview.firewall.interface import FirewallRules

_HINT = N_("Use the firewall's own tools.")


class UnreadableRules:
    """No rules, and every answer is that nothing is known. ``reason`` is one sentence."""

    def __init__(self, reason: str, hint: str = "") -> None:
        """Remember why nothing can be read."""
        self._reason = reason
        self._hint = hint or _(_HINT)

    @property
    def generation(self) -> int:
        """Return 0: nothing is ever read again."""
        return 0

    @property
    def status(self) -> FirewallStatus:
        """Return that nothing is known, and why."""
        return FirewallStatus(
            "none",
            None,
            _("The firewall of this system can't be read."),
            problem=self._reason,
            hint=self._hint,
        )

    @property
    def managed_rules(self) -> tuple[ManagedRule, ...]:
        """Return none."""
        return ()

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        """Return that it is not known."""
        del question
        return FirewallAnswer(FirewallVerdict.UNKNOWN, self._reason, next_step=self._hint)

    def destinations(
        self, question: FirewallQuestion, origin: ClientOrigin
    ) -> Fact[tuple[Destination, ...]]:
        """Return that it is not known."""
        del question, origin
        return Unreadable(without_full_stop(self._reason))


class UnreadableFirewall:
    """A firewall that is neither read nor changed."""

    def __init__(self, reason: str, hint: str = "") -> None:
        """Remember why."""
        self._reason = reason
        self._hint = hint or _(_HINT)

    def read(self) -> FirewallRules:
        """Return rules that say why there are none."""
        return UnreadableRules(self._reason, self._hint)

    def plan(self, rule_spec: RuleSpec, rules: FirewallRules) -> RuleChange:
        """Refuse, with the reason."""
        del rule_spec, rules
        self._refuse()

    def plan_removal(self, own: ManagedRule) -> RuleChange:
        """Refuse, with the reason."""
        del own
        self._refuse()

    def apply(self, change: RuleChange) -> None:
        """Refuse, with the reason."""
        del change
        self._refuse()

    def close(self) -> None:
        """Do nothing: nothing is watched."""

    def _refuse(self) -> NoReturn:
        raise PortViewError(
            "firewall_unsupported",
            _("{reason} Nothing was done.").format(reason=self._reason),
            self._hint,
            Outcome.NOT_DONE,
        )
