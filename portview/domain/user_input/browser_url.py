"""The address under which a browser on this machine reaches a listening socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.address_matching import bound_device, is_wildcard
from portview.domain.browser_ports import browser_note
from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow

_TLS_PORTS = frozenset({443, 8443})


def why_no_browser(row: SocketRow) -> str:
    """Return why a browser can't be sent to a socket; empty where it can."""
    if row.protocol is not Protocol.TCP:
        return _("A browser speaks TCP; this is a UDP socket.")
    if row.state is not State.LISTEN:
        return _("Only a listening socket answers a browser.")
    if note := browser_note(row.local.port):
        return note
    if bound_device(row.local.address):
        return _(
            "It takes only what comes in through a network device, not this machine's browser."
        )
    if "%" in row.local.address:
        return _("Browsers take no address with a zone.")
    return ""


def browser_url(row: SocketRow) -> str:
    """Return the URL of a socket for which ``why_no_browser`` has nothing to say.

    A wildcard address is reached as localhost. https is a guess from the port: 443 and 8443.
    """
    address, port = row.local
    host = "localhost" if is_wildcard(address) else address
    if ":" in host:
        host = f"[{host}]"
    scheme = "https" if port in _TLS_PORTS else "http"
    return f"{scheme}://{host}:{port}/"
