"""Numeric addresses, ready for the socket calls."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from portview.domain.sockets.socket_row import Endpoint, Family

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Address:
    """One numeric address with a port; ``sockaddr`` is what ``socket.connect`` takes."""

    family: Family
    sockaddr: SocketAddress

    @property
    def endpoint(self) -> Endpoint:
        """Return the address as the socket table writes it."""
        return endpoint_of(self.sockaddr)

    @property
    def socket_family(self) -> socket.AddressFamily:
        """Return the constant of the socket module."""
        return socket.AF_INET if self.family is Family.IPV4 else socket.AF_INET6

    def with_port(self, port: int) -> SocketAddress:
        """Return the socket address of another port at the same address."""
        host, _, *rest = self.sockaddr
        return (host, port, *rest)  # type: ignore[return-value]


def endpoint_of(sockaddr: SocketAddress) -> Endpoint:
    """Turn a socket address into an endpoint; a scope becomes a zone in its numeric form."""
    host, port, *rest = sockaddr
    scope = rest[1] if rest else 0
    return Endpoint(f"{host}%{scope}" if scope and "%" not in host else host, port)
