"""The places where a server can bind a port."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Family
from portview.probes.own_addresses import own_addresses

if TYPE_CHECKING:
    from portview.probes.addresses import SocketAddress

ANY_IPV4, ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104 - to be tried, and never listened on


@dataclass(frozen=True, slots=True)
class BindPlace:
    """An address to bind to; ``is_dual_stack`` is "::" together with all of IPv4."""

    address: str
    family: Family
    is_dual_stack: bool = False

    def __str__(self) -> str:
        """Return the address, for people."""
        if self.address != ANY_IPV6:
            return self.address
        return ":: (with IPv4)" if self.is_dual_stack else ":: (IPv6 only)"

    @property
    def socket_family(self) -> socket.AddressFamily:
        """Return the constant of the socket module."""
        return socket.AF_INET if self.family is Family.IPV4 else socket.AF_INET6

    def sockaddr(self, port: int) -> SocketAddress:
        """Return what ``socket.bind`` takes. Raises OSError for a zone that does not exist."""
        if self.family is Family.IPV4:
            return (self.address, port)
        infos = socket.getaddrinfo(self.address, port, socket.AF_INET6, 0, 0, socket.AI_NUMERICHOST)
        sockaddr: SocketAddress = infos[0][4]  # type: ignore[assignment]
        return sockaddr


def bind_places(address: str | None = None) -> tuple[BindPlace, ...]:
    """List the wildcards of both families, dual-stack as well, and each own address.

    With a numeric ``address`` only this one; "::" is then tried alone and dual-stack.
    """
    if address is None:
        own = tuple(BindPlace(one.address, one.family) for one in own_addresses())
        loopback = (BindPlace("127.0.0.1", Family.IPV4), BindPlace("::1", Family.IPV6))
        return tuple(
            dict.fromkeys((BindPlace(ANY_IPV4, Family.IPV4), *_any_ipv6(), *loopback, *own))
        )
    if address == ANY_IPV6:
        return _any_ipv6()
    return (BindPlace(address, Family.IPV6 if ":" in address else Family.IPV4),)


def _any_ipv6() -> tuple[BindPlace, ...]:
    return (
        BindPlace(ANY_IPV6, Family.IPV6),
        BindPlace(ANY_IPV6, Family.IPV6, is_dual_stack=True),
    )
