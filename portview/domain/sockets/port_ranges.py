"""Ranges of ports that the system keeps for itself or for others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortRange:
    """Ports from ``first`` to ``last``, both included.

    ``is_administered`` is an exclusion that an administrator made: a program that asks for one of
    its ports by number still gets it. Other exclusions refuse everyone.
    """

    first: int
    last: int
    is_administered: bool = False

    def __contains__(self, port: int) -> bool:
        """Return whether a port is in the range."""
        return self.first <= port <= self.last

    def __str__(self) -> str:
        """Return ``first-last``."""
        return f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class PortRanges:
    """What the system does with ports of one protocol.

    ``dynamic`` is where it takes ports for outgoing connections (None: not known), ``excluded``
    what it gives to nobody who does not ask for it by number, or to nobody at all. ``notes`` says
    in plain sentences what could not be read.
    """

    dynamic: PortRange | None = None
    excluded: tuple[PortRange, ...] = ()
    notes: tuple[str, ...] = ()

    def exclusion_of(self, port: int) -> PortRange | None:
        """Return the exclusion that holds a port; one that refuses everyone goes first."""
        holding = [one for one in self.excluded if port in one]
        return min(holding, key=lambda one: one.is_administered, default=None)

    def is_dynamic(self, port: int) -> bool:
        """Return whether the system may give a port to any outgoing connection."""
        return self.dynamic is not None and port in self.dynamic
