"""For which sockets a rule of the firewall can be made. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Protocol, State, awaits_clients, is_loopback
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow


def describe_port(row: SocketRow) -> str:
    """Name a row's port: ``TCP port 8080``."""
    return _("{protocol} port {port}").format(
        protocol=row.protocol.value.upper(), port=row.local.port
    )


def why_no_rule(row: SocketRow) -> str:
    """Return why no rule of the firewall would change anything for a row; empty where one may."""
    if row.protocol is Protocol.TCP and row.state is State.BOUND:
        return _("Nothing listens here yet, so there is nothing to allow clients to.")
    if not awaits_clients(row):
        return _("This is a connection; rules are about the port that something listens on.")
    if is_loopback(row.local.address):
        return _(
            "It listens on {address}, where this machine alone reaches it. No rule changes that."
        ).format(address=row.local.address)
    return ""
