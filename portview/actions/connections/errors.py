"""Why a connection was not closed, in one set of words for every system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import endpoint_text

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow


def describe_connection(row: SocketRow) -> str:
    """Name a connection: "127.0.0.1:5000 -> 127.0.0.1:80"."""
    return f"{endpoint_text(row.local)} -> {endpoint_text(row.remote)}"


def connection_gone(row: SocketRow) -> PortViewError:
    """Return the error for a connection that is not there any more."""
    return PortViewError(
        "connection_gone",
        f"The connection {describe_connection(row)} is not there any more; nothing was done.",
        "",
        Outcome.NOT_DONE,
    )


def connection_denied(row: SocketRow) -> PortViewError:
    """Return the error for a connection that only administrators may close."""
    return PortViewError(
        "access_denied",
        f"Closing {describe_connection(row)} needs administrator rights.",
        "Do it as administrator.",
        Outcome.NEEDS_ADMIN,
    )


def connection_unsupported(reason: str) -> PortViewError:
    """Return the error for a system that has no way of closing it."""
    return PortViewError(
        "not_supported",
        f"{reason} Nothing was done.",
        "End the program that holds the connection instead.",
        Outcome.NOT_DONE,
    )


def connection_failed(row: SocketRow, reason: str) -> PortViewError:
    """Return the error for any other refusal of the system."""
    return PortViewError(
        "not_closed",
        f"{describe_connection(row)} was not closed: {reason}",
        "End the program that holds the connection instead.",
        Outcome.NOT_DONE,
    )
