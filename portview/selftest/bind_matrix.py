"""Who may bind beside whom: the outcomes of two binds of one user, tried on this machine.

Microsoft has a table of them in "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE". Sockets are bound on
loopback and the wildcard and never listen, so that no firewall asks anything.
"""

# untranslated file: a record for developers
from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_WILDCARD, _SPECIFIC = "0.0.0.0", "127.0.0.1"  # noqa: S104 - bound for a moment, never listening
_SO_REUSEADDR_WINDOWS, _SO_EXCLUSIVEADDRUSE = 4, -5
IN_USE, DENIED = 10048, 10013
_TRIES = 2

KINDS: Final = tuple(
    f"{option} {place}" for option in ("default", "reuse", "exclusive") for place in ("any", "one")
)
"""How a socket is bound: with no option, SO_REUSEADDR or SO_EXCLUSIVEADDRUSE; to the wildcard or
to one address."""

_ROWS: Final = {
    "default any": (IN_USE, 0, DENIED, 0, IN_USE, 0),
    "default one": (0, IN_USE, 0, DENIED, IN_USE, IN_USE),
    "reuse any": (IN_USE, 0, 0, 0, IN_USE, 0),
    "reuse one": (0, IN_USE, 0, 0, IN_USE, IN_USE),
    "exclusive any": (IN_USE, DENIED, DENIED, DENIED, IN_USE, DENIED),
    "exclusive one": (0, IN_USE, 0, DENIED, IN_USE, IN_USE),
}
DOCUMENTED: Final = {
    first: dict(zip(KINDS, outcomes, strict=True)) for first, outcomes in _ROWS.items()
}
"""Microsoft's table for one user, Windows Server 2003 and later: first bind, second bind, error."""


def bind_matrix(
    open_socket: Callable[..., Any] = socket.socket, platform: str = sys.platform
) -> dict[str, dict[str, int]]:
    """Bind two sockets in every combination and return the error number of each second bind.

    0 is success. Systems without SO_EXCLUSIVEADDRUSE have the other two options alone. Raises
    OSError where not even the first socket can be bound. Blocks for some milliseconds. Any thread.
    """
    kinds = [kind for kind in KINDS if platform == "win32" or not kind.startswith("exclusive")]
    return {
        first: {second: _outcome(first, second, open_socket, platform) for second in kinds}
        for first in kinds
    }


def differences(matrix: dict[str, dict[str, int]]) -> list[str]:
    """Return in which cells a machine differs from Microsoft's table, one sentence each."""
    return [
        f"{first}, then {second}: {got}, documented {DOCUMENTED[first][second]}"
        for first, row in matrix.items()
        for second, got in row.items()
        if got != DOCUMENTED[first][second]
    ]


def _outcome(first: str, second: str, open_socket: Callable[..., Any], platform: str) -> int:
    """Try one cell, twice where it fails: the port may be a stranger's at the other address."""
    code = 0
    for _attempt in range(_TRIES):
        with _prepared(first, open_socket, platform) as holder:
            holder.bind((_address(first), 0))
            port = holder.getsockname()[1]
            with _prepared(second, open_socket, platform) as other:
                try:
                    other.bind((_address(second), port))
                except OSError as error:
                    code = int(getattr(error, "winerror", 0) or error.errno or -1)
                else:
                    return 0
    return code


def _prepared(kind: str, open_socket: Callable[..., Any], platform: str) -> Any:
    option = kind.partition(" ")[0]
    made = open_socket(socket.AF_INET, socket.SOCK_STREAM)
    if option == "exclusive":
        made.setsockopt(socket.SOL_SOCKET, _SO_EXCLUSIVEADDRUSE, 1)
    elif option == "reuse":
        name = _SO_REUSEADDR_WINDOWS if platform == "win32" else socket.SO_REUSEADDR
        made.setsockopt(socket.SOL_SOCKET, name, 1)
    return made


def _address(kind: str) -> str:
    return _WILDCARD if kind.endswith("any") else _SPECIFIC
