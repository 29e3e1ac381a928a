"""Would a server start at this port? Bound *and* listened to for real, and let go at once.

On Linux two programs that set SO_REUSEADDR can both bind a port at which nobody listens, and only
the second ``listen`` fails: a test that merely binds would call the port free.
"""

from __future__ import annotations

import contextlib
import errno
import random
import socket
import sys
from dataclasses import dataclass
from enum import StrEnum

from portview.domain.sockets.socket_row import Family, Protocol
from portview.probes.connecting import close_at_once
from portview.probes.os_errors import error_codes

_NO_SUCH_FAMILY = error_codes("EAFNOSUPPORT", "EPROTONOSUPPORT")
_PATIENCE_S = 0.3
_CONTROL_TRIES = 3
_CONTROL_PORTS = (20_000, 32_000)
"""Below the dynamic ranges of Windows and Linux, above what servers usually have."""


class BindStep(StrEnum):
    """The system call at which it failed."""

    SOCKET = "socket"
    BIND = "bind"
    LISTEN = "listen"


@dataclass(frozen=True, slots=True)
class ServerBind:
    """How it went at one address.

    ``code`` is the error number of a usual server, None where it would start: SO_REUSEADDR for TCP
    on Linux, exclusive use on Windows, no option for UDP. ``plain_code`` is that of a program that
    sets no option at all.
    """

    address: str
    family: Family
    code: int | None
    step: BindStep | None = None
    plain_code: int | None = None

    @property
    def is_family_missing(self) -> bool:
        """Return whether this system has no such address family at all."""
        return self.code in _NO_SUCH_FAMILY and self.step is BindStep.SOCKET


def try_to_serve(address: str, port: int, protocol: Protocol) -> ServerBind:
    """Start and end a server at a numeric address. A few microseconds; any thread."""
    family = Family.IPV6 if ":" in address else Family.IPV4
    code, step = _attempt(address, family, port, protocol, is_usual=True)
    plain, _ = _attempt(address, family, port, protocol, is_usual=False)
    return ServerBind(address, family, code, step, plain)


def try_any_port(protocol: Protocol) -> int | None:
    """Ask the system for a port of its choice; return None or the error number."""
    address = "0.0.0.0"  # noqa: S104 - bound for a moment, and never listened on for UDP
    code, _ = _attempt(address, Family.IPV4, 0, protocol, is_usual=False)
    return code


def try_control_ports(protocol: Protocol) -> int | None:
    """Try some ports that have nothing to do with the question; return None or the last error.

    Where even these are refused the reason is no port, but a policy or filter.
    """
    code: int | None = None
    for _ in range(_CONTROL_TRIES):
        port = random.randint(*_CONTROL_PORTS)  # noqa: S311 - no secret
        code, _ = _attempt("127.0.0.1", Family.IPV4, port, protocol, is_usual=False)
        if code is None:
            return None
    return code


def _attempt(
    address: str, family: Family, port: int, protocol: Protocol, *, is_usual: bool
) -> tuple[int | None, BindStep | None]:
    step = BindStep.SOCKET
    kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
    domain = socket.AF_INET if family is Family.IPV4 else socket.AF_INET6
    try:
        with socket.socket(domain, kind) as server:
            _set_options(server, family, protocol, is_usual=is_usual)
            step = BindStep.BIND
            server.bind(_sockaddr(address, family, port))
            if protocol is Protocol.TCP and sys.platform != "win32":
                step = BindStep.LISTEN
                server.listen(1)
    except OSError as error:
        return error.errno or errno.EINVAL, step
    except OverflowError:
        return errno.EINVAL, step
    return None, None


def _set_options(
    server: socket.socket, family: Family, protocol: Protocol, *, is_usual: bool
) -> None:
    if sys.platform == "win32":
        # SO_REUSEADDR would take the port from whoever has it.
        if is_usual:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        if family is Family.IPV6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    elif is_usual and protocol is Protocol.TCP:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def _sockaddr(
    address: str, family: Family, port: int
) -> tuple[str, int] | tuple[str, int, int, int]:
    if family is Family.IPV4:
        return (address, port)
    infos = socket.getaddrinfo(address, port, socket.AF_INET6, 0, 0, socket.AI_NUMERICHOST)
    sockaddr: tuple[str, int, int, int] = infos[0][4]  # type: ignore[assignment]
    return sockaddr


def is_shadowed(port: int, addresses: tuple[str, ...]) -> str | None:
    """Return the first own address at which a server of our own is not reached by ourselves.

    Something stands in front of the server then: a NAT rule sends the connection elsewhere. Listens
    for a moment on all IPv4 addresses; TCP alone. None where the server is reached everywhere or
    can't be started.
    """
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind(("0.0.0.0", port))  # noqa: S104 - for a moment, to be called by ourselves
            server.listen(8)
            server.settimeout(_PATIENCE_S)
        except OSError:
            return None
        return next((one for one in addresses if not _arrives(server, one, port)), None)


def _arrives(server: socket.socket, address: str, port: int) -> bool:
    """Return whether a connection to an address comes to this server."""
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        client.settimeout(_PATIENCE_S)
        client.connect((address, port))
        own = client.getsockname()
        while True:
            accepted, peer = server.accept()
            # Reset, not closed: a TIME_WAIT at the port would keep the next server from it.
            close_at_once(accepted)
            if peer[1] == own[1]:
                return True
    except (ConnectionRefusedError, TimeoutError):
        return False
    except OSError:
        return True  # no answer to the question
    finally:
        close_at_once(client)
