"""What a window that starts again goes on with: scope, filter and chosen socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.scope import Scope
    from portview.domain.sockets.socket_row import SocketKey, SocketRow

SCOPE_OPTION, FILTER_OPTION, SELECT_OPTION = "--scope", "--filter", "--select"
_LONGEST = 2000
"""A longer filter is left behind: a command line has an end (32,767 characters on Windows)."""


class CarriedView(NamedTuple):
    """A scope, the text of a filter, and a socket as ``socket_text`` names it; empty for none."""

    scope: Scope
    query: str = ""
    socket: str = ""

    def arguments(self) -> list[str]:
        """Return the options with which a window shows this."""
        arguments = [SCOPE_OPTION, self.scope.value]
        for option, text in ((FILTER_OPTION, self.query), (SELECT_OPTION, self.socket)):
            if text and len(text) <= _LONGEST:
                # One word, for a filter may begin as an option does.
                arguments.append(f"{option}={text}")
        return arguments


def socket_text(row: SocketRow) -> str:
    """Return a name for a socket without its owner, whom another account may see or not."""
    key = row.key
    ends = [f"{end.address} {end.port}" for end in (key.local, key.remote) if end is not None]
    return " ".join((key.protocol.value, *ends))


def carried(scope: Scope, query: str, selected: Sequence[SocketEntry]) -> CarriedView:
    """Return what is shown, with the first of the selected sockets."""
    return CarriedView(scope, query, socket_text(selected[0].row) if selected else "")


def key_of(socket: str, entries: Iterable[SocketEntry]) -> SocketKey | None:
    """Return the key of the socket of this name; None where there is none any more."""
    return next((each.row.key for each in entries if socket_text(each.row) == socket), None)
