"""The places where a server can bind a port."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.address_matching import ANY_IPV4, ANY_IPV6, bound_device
from portview.domain.sockets.socket_row import Family
from portview.i18n import _
from portview.probes.own_addresses import own_addresses

if TYPE_CHECKING:
    from portview.probes.addresses import SocketAddress

__all__ = ("ANY_IPV4", "ANY_IPV6", "BindPlace", "bind_places", "wildcard_of")


@dataclass(frozen=True, slots=True)
class BindPlace:
    """An address to bind to; ``is_dual_stack`` is "::" together with all of IPv4.

    ``device`` is the network device that the socket is bound to as well (Linux), "" for none.
    """

    address: str
    family: Family
    is_dual_stack: bool = False
    device: str = ""

    def __str__(self) -> str:
        """Return the address, for people."""
        if self.address != ANY_IPV6:
            return self.text
        return (
            _("{text} (with IPv4)").format(text=self.text)
            if self.is_dual_stack
            else f"{self.text} (IPv6 only)"
        )

    @property
    def text(self) -> str:
        """Return the address as the socket table writes it."""
        return f"{self.address}%{self.device}" if self.device else self.address

    @property
    def is_wildcard(self) -> bool:
        """Return whether it stands for all addresses of its family."""
        return self.address in {ANY_IPV4, ANY_IPV6}

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

    With a numeric ``address`` only this one; "::" is then tried alone and dual-stack. A zone that
    is a network device ("0.0.0.0%eth0") is kept as such.
    """
    if address is None:
        own = tuple(BindPlace(one.address, one.family) for one in own_addresses())
        loopback = (BindPlace("127.0.0.1", Family.IPV4), BindPlace("::1", Family.IPV6))
        return tuple(
            dict.fromkeys((BindPlace(ANY_IPV4, Family.IPV4), *_any_ipv6(), *loopback, *own))
        )
    device = bound_device(address)
    bare = address.removesuffix(f"%{device}") if device else address
    if bare == ANY_IPV6:
        return _any_ipv6(device)
    return (BindPlace(bare, Family.IPV6 if ":" in bare else Family.IPV4, device=device),)


def wildcard_of(family: Family) -> BindPlace:
    """Return the place of all addresses of one family, and of that one alone."""
    return BindPlace(ANY_IPV4 if family is Family.IPV4 else ANY_IPV6, family)


def _any_ipv6(device: str = "") -> tuple[BindPlace, ...]:
    return (
        BindPlace(ANY_IPV6, Family.IPV6, device=device),
        BindPlace(ANY_IPV6, Family.IPV6, is_dual_stack=True, device=device),
    )
