"""What rules ask of this machine beside its network, and what changes without them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

_EPOCH = datetime.fromtimestamp(0, UTC)
_NOT_READ: Unreadable = Unreadable(N_("it was not requested"))


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that takes what comes to a port: listening TCP, or unconnected UDP.

    ``address`` is a number, 0 for all addresses of its IP version; ``takes_both`` where a socket
    of IPv6 may take IPv4 as well. ``user_id`` is its owner, None where several processes hold it
    with different ones.
    """

    protocol: str
    version: int
    address: int
    port: int
    takes_both: bool = False
    user_id: int | None = None

    def takes(self, protocol: str, version: int, address: int | None, port: int) -> bool:
        """Return whether it takes what comes to an address (None: any) and port."""
        if (protocol, port) != (self.protocol, self.port):
            return False
        if version != self.version and not self.takes_both:
            return False
        return address is None or self.address in {0, address}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The state of this machine that rules refer to, as far as the rules ask for it.

    ``now`` is the clock. ``limits_kept`` are the limits on open connections that are far from
    being reached. ``listeners`` are the sockets of this network namespace. ``cpus`` is how many
    processors it can have, 0 where that is not known; ``ttl`` with what its own packets start.
    """

    now: datetime = _EPOCH
    limits_kept: frozenset[int] = frozenset()
    listeners: Fact[tuple[Listener, ...]] = field(default_factory=lambda: _NOT_READ)
    cpus: int = 0
    ttl: int = 64

    def listeners_on(
        self, protocol: str, version: int, addresses: Iterable[int], port: int
    ) -> Fact[tuple[Listener, ...]]:
        """Return what listens at a port of any of some addresses; Absent where nothing does."""
        if not isinstance(self.listeners, Known):
            return self.listeners
        numbers = tuple(addresses) or (None,)
        found = tuple(
            one
            for one in self.listeners.value
            if any(one.takes(protocol, version, number, port) for number in numbers)
        )
        return Known(found) if found else Absent()
