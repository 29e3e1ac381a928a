"""What a row of the table fills into the forms of the Test window. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.address_matching import is_wildcard
from portview.domain.sockets.socket_row import Protocol, awaits_clients, endpoint_text
from portview.domain.user_input.browser_url import browser_url, why_no_browser

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.sockets.entry import SocketEntry


class RowTargets(NamedTuple):
    """Where a row is tested: for a server its own port, for a client the server it talks to.

    ``entry`` is the row, ``host`` what is scanned, ``endpoint`` HOST:PORT, ``place`` where a bind
    is tried, ``url`` empty where no browser could be sent; ``port`` is the row's own.
    """

    entry: SocketEntry
    host: str
    endpoint: str
    place: str
    url: str
    port: int
    protocol: Protocol


def targets_of(entry: SocketEntry, entries: Iterable[SocketEntry]) -> RowTargets:
    """Return where a row is tested; ``entries`` say whether its connection came in."""
    row = entry.row
    local = row.local
    comes_in = row.remote is not None and any(
        other.row.local.port == local.port
        and other.row.protocol is row.protocol
        and awaits_clients(other.row)
        for other in entries
    )
    aim = local if row.remote is None or comes_in else row.remote
    is_local = aim is local
    host = "localhost" if is_local and is_wildcard(aim.address) else aim.address
    endpoint = f"localhost:{aim.port}" if host == "localhost" else endpoint_text(aim)
    place = str(local.port) if is_wildcard(local.address) else endpoint_text(local)
    url = browser_url(row) if is_local and not why_no_browser(row) else ""
    return RowTargets(entry, host, endpoint, place, url, local.port, row.protocol)
