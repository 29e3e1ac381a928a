"""The questions that every firewall answers, whichever system keeps its rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from portview.domain.destination import ClientOrigin, Destination
    from portview.domain.facts import Fact
    from portview.domain.firewall import (
        FirewallAnswer,
        FirewallQuestion,
        FirewallStatus,
        ManagedRule,
        RuleChange,
        RuleSpec,
    )


class FirewallRules(Protocol):
    """All rules and settings as they were at one moment. Immutable; any thread; does no I/O."""

    @property
    def generation(self) -> int:
        """Return a number that changes whenever rules or settings were read again and differ."""
        ...

    @property
    def status(self) -> FirewallStatus:
        """Return the state of the firewall as a whole."""
        ...

    @property
    def managed_rules(self) -> tuple[ManagedRule, ...]:
        """Return the rules that PortView made."""
        ...

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        """Return what happens to the traffic that the question describes."""
        ...

    def destinations(
        self, question: FirewallQuestion, origin: ClientOrigin
    ) -> Fact[tuple[Destination, ...]]:
        """Return where clients of one origin arrive that call the port of the question.

        Its ``local_address`` is the address that they call, None for any of this machine's.
        ``portview.firewall.destination`` asks for several origins at once.
        """
        ...


class FirewallReader(Protocol):
    """The firewall of this machine, to look at. ``read`` blocks; any thread, one call at a time."""

    def read(self) -> FirewallRules:
        """Return the rules as they are now; cheap where nothing changed since the last call.

        Never raises: what could not be read is the ``problem`` of the status, and every answer is
        then UNKNOWN with that reason.
        """
        ...

    def close(self) -> None:
        """Free what watches the rules."""
        ...


class Firewall(FirewallReader, Protocol):
    """The firewall of this machine, to look at and to change.

    ``apply`` blocks and may run on any thread, one call at a time.
    """

    def plan(self, rule_spec: RuleSpec, rules: FirewallRules) -> RuleChange:
        """Return how a rule would be made. Changes nothing. Raises PortViewError."""
        ...

    def plan_removal(self, own: ManagedRule) -> RuleChange:
        """Return how a rule of PortView's would be revoked. Changes nothing."""
        ...

    def apply(self, change: RuleChange) -> None:
        """Run the commands of a change. Raises PortViewError, NEEDS_ADMIN where that is why.

        That it returns is no proof: read the rules again.
        """
        ...
