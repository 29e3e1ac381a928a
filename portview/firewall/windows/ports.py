"""Sets of ports as rules name them: single ones, ranges and keywords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_RANGE = re.compile(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?")
_LAST = 65535
_SURE = {"mdns": frozenset([5353]), "rpc-epmap": frozenset([135])}
"""Ports that keywords stand for by their standard (RFC 6762, the endpoint mapper of DCE RPC)."""

_POSSIBLE = {
    "mdns": frozenset[int](),
    "rpc-epmap": frozenset([593]),
    "iptlsin": frozenset([443]),
    "iphttpsin": frozenset([443]),
    "dhcp": frozenset([67, 68, 546, 547]),
}
"""Ports that keywords may stand for; those that are not here may stand for any."""


@dataclass(frozen=True, slots=True)
class PortSet:
    """Ports that a rule names; keywords as written stand for ports that only the system knows."""

    ranges: tuple[tuple[int, int], ...]
    keywords: tuple[str, ...] = ()

    def contains(self, port: int) -> bool:
        """Return whether a port is certainly in the set."""
        return any(first <= port <= last for first, last in self.ranges) or any(
            port in _SURE.get(word.lower(), ()) for word in self.keywords
        )

    def doubtful_keywords(self, port: int) -> list[str]:
        """Return the keywords that may stand for a port; only the system knows."""
        return [word for word in self.keywords if port in _POSSIBLE.get(word.lower(), [port])]

    @property
    def single_ports(self) -> tuple[int, ...] | None:
        """Return the ports if the set is a few certain ones, None otherwise."""
        if self.keywords or any(first != last for first, last in self.ranges):
            return None
        return tuple(first for first, _ in self.ranges)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the ports as a person writes them."""
        ranges = (f"{first}" if first == last else f"{first}-{last}" for first, last in self.ranges)
        return (*ranges, *self.keywords)

    @property
    def has_all(self) -> bool:
        """Return whether any port is in the set; port 0 is nobody's."""
        return any(first <= 1 and last >= _LAST for first, last in self.ranges)


@lru_cache(maxsize=1024)
def port_set(texts: tuple[str, ...]) -> PortSet:
    """Read ports of rules; lists with commas, which netsh takes, are read too."""
    ranges, keywords = [], []
    for text in (part for whole in texts for part in whole.split(",")):
        found = _RANGE.fullmatch(text)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first <= last <= _LAST:
            ranges.append((first, last))
        else:
            keywords.append(text.strip())
    return PortSet(tuple(ranges), tuple(keywords))
