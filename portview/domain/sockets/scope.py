"""The four scopes in which people look at sockets."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Protocol, State

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow

_HOLDS_A_PORT = frozenset({State.LISTEN, State.BOUND})


class Scope(StrEnum):
    """A part of the table.

    LISTENING is every TCP socket that holds a port without a peer: LISTEN, and BOUND as well,
    because both make another program's bind fail. CONNECTIONS is the rest of TCP.
    """

    LISTENING = "listening"
    CONNECTIONS = "connections"
    UDP = "udp"
    ALL = "all"


def scope_of(row: SocketRow) -> Scope:
    """Return the narrowest scope that holds a row (never ALL)."""
    if row.key.protocol is Protocol.UDP:
        return Scope.UDP
    return Scope.LISTENING if row.state in _HOLDS_A_PORT else Scope.CONNECTIONS


def in_scope(row: SocketRow, scope: Scope) -> bool:
    """Return whether a scope shows a row."""
    return scope is Scope.ALL or scope_of(row) is scope
