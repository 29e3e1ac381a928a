"""The firewall of a Linux machine: read, decide, change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallStatus
from portview.firewall.linux.facts import read_machine
from portview.firewall.linux.netlink import read_generation
from portview.firewall.linux.reading import read_ruleset
from portview.firewall.linux.rules import LinuxRules, status_of

if TYPE_CHECKING:
    from portview.firewall.linux.machine import Machine


class LinuxFirewall:
    """nftables' rules through nft, changed through whoever keeps them."""

    def __init__(self) -> None:
        """Create a firewall that has read nothing yet."""
        self._last: LinuxRules | None = None
        self._kernel_generation: int | None = None

    def read(self) -> LinuxRules:
        """Return the rules as they are now; cheap where nothing changed since the last call."""
        generation, machine = read_generation(), read_machine()
        if self._is_current(generation, machine):
            assert self._last  # noqa: S101 - it is current
            return self._last
        reading = read_ruleset()
        number = self._last.generation + 1 if self._last else 1
        if reading.ruleset is None:
            status = FirewallStatus(
                "none",
                is_on=None,
                summary="Whether a firewall is on could not be read.",
                problem=reading.problem,
                hint=reading.hint,
            )
            self._last = LinuxRules(number, None, machine, status)
        else:
            self._last = LinuxRules(number, reading.ruleset, machine, status_of(reading.ruleset))
        self._kernel_generation = generation
        return self._last

    def _is_current(self, generation: int | None, machine: Machine) -> bool:
        last = self._last
        if last is None or generation is None or generation != self._kernel_generation:
            return False
        # What times out, or is added by traffic, changes without a new generation.
        is_steady = last.ruleset is not None and not last.ruleset.has_timeouts
        return is_steady and machine == last.machine

    def close(self) -> None:
        """Free what watches the rules: nothing does."""
