"""Why a connection was not closed, in one set of words for every system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow


def describe_connection(row: SocketRow) -> str:
    """Name a connection: "127.0.0.1:5000 -> 127.0.0.1:80"."""
    return f"{endpoint_text(row.local)} -> {endpoint_text(row.remote)}"


def connection_gone(row: SocketRow) -> PortViewError:
    """Return the error for a connection that is not there any more."""
    return PortViewError(
        "connection_gone",
        _("The connection {connection} no longer exists; nothing was done.").format(
            connection=describe_connection(row)
        ),
        "",
        Outcome.NOT_DONE,
    )


def connection_denied(row: SocketRow) -> PortViewError:
    """Return the error for a connection that only administrators may close."""
    return PortViewError(
        "access_denied",
        _("Closing {connection} needs administrator rights.").format(
            connection=describe_connection(row)
        ),
        _("Try again as administrator."),
        Outcome.NEEDS_ADMIN,
    )


def connection_unsupported(reason: str) -> PortViewError:
    """Return the error for a system that has no way of closing it."""
    return PortViewError(
        "not_supported",
        _("{reason} Nothing was done.").format(reason=reason),
        _("End the program that holds the connection instead."),
        Outcome.NOT_DONE,
    )


def connection_failed(row: SocketRow, reason: str) -> PortViewError:
    """Return the error for any other refusal of the system."""
    return PortViewError(
        "not_closed",
        _("{connection} was not closed: {reason}").format(
            connection=describe_connection(row), reason=reason
        ),
        _("End the program that holds the connection instead."),
        Outcome.NOT_DONE,
    )
