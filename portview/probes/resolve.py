"""From a name to all its addresses, without making anyone wait for a slow name server."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Family
from portview.i18n import _
from portview.probes.addresses import Address

if TYPE_CHECKING:
    from portview.domain.cancellation import CancelToken
    from portview.probes.deadline import Deadline

_FAMILIES = {socket.AF_INET: Family.IPV4, socket.AF_INET6: Family.IPV6}
_SERVER_SILENT = getattr(socket, "EAI_AGAIN", None)


class UnresolvedError(PortViewError):
    """A name that has no address, or whose addresses could not be asked for."""


def resolve(
    host: str, port: int, cancel: CancelToken, deadline: Deadline | None = None
) -> tuple[Address, ...]:
    """Return all addresses of a host, in the order in which the system prefers them.

    Raises UnresolvedError, also when ``deadline`` passes, and Cancelled at once on ``cancel``: the
    system's resolver can't be interrupted, so a name is looked up on a thread of its own, which
    ends when the resolver gives up.
    """
    try:
        return _addresses(socket.getaddrinfo(host, port, 0, 0, 0, socket.AI_NUMERICHOST))
    except (socket.gaierror, UnicodeError):
        pass
    found: list[tuple[Address, ...] | OSError | UnicodeError] = []
    done = threading.Event()

    def look_up() -> None:
        try:
            found.append(_addresses(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            found.append(error)
        finally:
            done.set()

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    with cancel.waking(done.set):
        done.wait(None if deadline is None else deadline.left_s)
    cancel.raise_if_cancelled()
    if not found:
        raise _name_server_silent(host)
    result = found[0]
    if isinstance(result, Exception):
        raise _explained(host, result) from result
    return result


def _addresses(infos: list[tuple]) -> tuple[Address, ...]:  # type: ignore[type-arg]
    """Keep each IPv4 and IPv6 address once; getaddrinfo repeats them for each socket type."""
    return tuple(
        dict.fromkeys(
            Address(_FAMILIES[family], sockaddr)
            for family, _unused, _unused, _unused, sockaddr in infos
            if family in _FAMILIES
        )
    )


def _explained(host: str, error: OSError | UnicodeError) -> UnresolvedError:
    if isinstance(error, OSError) and _SERVER_SILENT and error.errno == _SERVER_SILENT:
        return _name_server_silent(host)
    if "%" in host:
        return UnresolvedError(
            "unknown_zone",
            _("The zone of {host} is not a network interface of this machine.").format(
                host=quoted(host)
            ),
            _("Use the name or number of one of its interfaces behind the %."),
            Outcome.NOT_DONE,
        )
    return UnresolvedError(
        "unknown_name",
        _("The name {host} has no address.").format(host=quoted(host)),
        _("Check the spelling, or use the numeric address."),
        Outcome.NOT_DONE,
    )


def _name_server_silent(host: str) -> UnresolvedError:
    return UnresolvedError(
        "name_server_silent",
        _("The name {host} could not be looked up: no name server answered.").format(
            host=quoted(host)
        ),
        _("Check the network connection, or use the numeric address."),
        Outcome.NOT_DONE,
    )
