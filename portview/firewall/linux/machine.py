"""What of this machine's network the rules refer to: interfaces, addresses, routes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from portview.firewall.linux.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = IPv4Network | IPv6Network

LOOPBACK = "lo"


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface.

    ``addresses`` are this machine's own, with the length of their network ("10.0.0.1/24").
    ``is_inner`` is set for a bridge behind which only containers or virtual machines of this
    machine can be, so that no client on another machine comes in through it; ``is_bridge`` for any
    bridge, because what it passes on is filtered once more. ``lower`` are the interfaces that it
    stands upon: the ports of a bridge, the card of a VLAN. ``link`` is its kind (ARPHRD_...) and
    ``group`` its group as numbers, None where they are not known.
    """

    name: str
    addresses: tuple[str, ...] = ()
    is_inner: bool = False
    is_bridge: bool = False
    lower: tuple[str, ...] = ()
    link: int | None = None
    group: int | None = None

    def networks(self, version: int) -> list[Network]:
        """Return the networks it is connected to, IPv4 or IPv6."""
        found = [ip_network(address, strict=False) for address in self.addresses]
        return [network for network in found if network.version == version]

    def own(self, version: int) -> list[int]:
        """Return its addresses of one family as numbers."""
        found = [ip_address(address.partition("/")[0]) for address in self.addresses]
        return [int(address) for address in found if address.version == version]


@dataclass(frozen=True, slots=True)
class Route:
    """A way to a network, through an interface."""

    network: Network
    interface: str
    metric: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """The network of this machine at one moment. ``forwards`` names the IP versions it routes.

    ``surroundings`` is what else rules refer to.
    """

    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    forwards: frozenset[int] = field(default_factory=frozenset)
    surroundings: Surroundings = field(default_factory=Surroundings)

    def own_addresses(self, version: int) -> set[int]:
        """Return every address of this machine, of one family."""
        return {number for interface in self.interfaces for number in interface.own(version)}

    def outer(self) -> list[Interface]:
        """Return the interfaces through which clients on other machines come."""
        real = [one for one in self.interfaces if one.name != LOOPBACK]
        return [one for one in real if not one.is_inner] or real

    def is_bridge(self, name: str | None) -> bool:
        """Return whether an interface is a bridge."""
        return any(one.name == name and one.is_bridge for one in self.interfaces)

    def lower_of(self, name: str | None) -> tuple[str, ...]:
        """Return the interfaces that an interface stands upon."""
        return next((one.lower for one in self.interfaces if one.name == name), ())

    def is_neighbour(self, address: str) -> bool:
        """Return whether an address is in a network that this machine is connected to."""
        target = ip_address(address)
        return any(target in route.network for route in self._connected())

    def way_to(self, address: str) -> str | None:
        """Return the interface through which an address is reached, None where none is known."""
        target = ip_address(address)
        found = _longest(self.routes, target) or _longest(self._connected(), target)
        return found.interface if found else None

    def holder_of(self, address: str) -> str | None:
        """Return the interface that has an address."""
        target = ip_address(address)
        for interface in self.interfaces:
            if int(target) in interface.own(target.version):
                return interface.name
        return None

    def _connected(self) -> list[Route]:
        return [
            Route(network, interface.name)
            for interface in self.interfaces
            for version in (4, 6)
            for network in interface.networks(version)
        ]


def _longest(routes: Iterable[Route], target: IPv4Address | IPv6Address) -> Route | None:
    fitting = [route for route in routes if target in route.network]
    return max(fitting, key=lambda one: (one.network.prefixlen, -one.metric), default=None)
