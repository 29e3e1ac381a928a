"""A firewall that is opened with the first question, for several who look at it."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.firewall.interface import FirewallReader, FirewallRules


class FirewallOnDemand:
    """Opens another firewall when it is first needed, and lets in one caller at a time.

    Any thread; a call waits for the one before it.
    """

    def __init__(self, open_it: Callable[[], FirewallReader]) -> None:
        """Store what opens the firewall; it is called once, on the thread of the first caller."""
        self._open = open_it
        self._lock = Lock()
        self._firewall: FirewallReader | None = None

    def read(self) -> FirewallRules:
        """Return the rules as they are now."""
        with self._lock:
            if self._firewall is None:
                self._firewall = self._open()
            return self._firewall.read()

    def close(self) -> None:
        """Free what watches the rules, if anything was opened. Safe to call twice."""
        with self._lock:
            firewall, self._firewall = self._firewall, None
            if firewall is not None:
                firewall.close()
