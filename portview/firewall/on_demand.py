"""A firewall that is opened with the first question, for several who ask."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.firewall import OwnRule, RuleChange, RuleWish
    from portview.firewall.firewall import Firewall, FirewallRules


class FirewallOnDemand:
    """Opens another firewall when it is first needed, and lets in one caller at a time.

    Any thread; a call waits for the one before it.
    """

    def __init__(self, open_it: Callable[[], Firewall]) -> None:
        """Take what opens the firewall; it is called once, on the thread of the first caller."""
        self._open = open_it
        self._lock = Lock()
        self._firewall: Firewall | None = None

    def read(self) -> FirewallRules:
        """Return the rules as they are now."""
        with self._lock:
            return self._opened().read()

    def plan(self, wish: RuleWish, rules: FirewallRules) -> RuleChange:
        """Return how a rule would be made. Raises PortViewError."""
        with self._lock:
            return self._opened().plan(wish, rules)

    def plan_removal(self, own: OwnRule) -> RuleChange:
        """Return how a rule of PortView's would be taken back."""
        with self._lock:
            return self._opened().plan_removal(own)

    def apply(self, change: RuleChange) -> None:
        """Run the commands of a change. Raises PortViewError."""
        with self._lock:
            self._opened().apply(change)

    def close(self) -> None:
        """Free what watches the rules, if anything was opened. Safe to call twice."""
        with self._lock:
            firewall, self._firewall = self._firewall, None
            if firewall is not None:
                firewall.close()

    def _opened(self) -> Firewall:
        if self._firewall is None:
            self._firewall = self._open()
        return self._firewall
