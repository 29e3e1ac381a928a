"""Would a server start at this port? Bound *and* listened to for real, and let go at once.

On Linux two programs that set SO_REUSEADDR can both bind a port at which nobody listens, and only
the second ``listen`` fails: a test that merely binds would call the port free.
"""

from __future__ import annotations

import contextlib
import errno
import random
import socket
from dataclasses import dataclass
from pathlib import Path

from portview.domain.address_matching import ANY_IPV4, ANY_IPV6, bound_device
from portview.domain.sockets.socket_row import Family, Protocol
from portview.probes.bind_attempt import WINDOWS, Binder, BindOption
from portview.probes.bind_places import BindPlace
from portview.probes.bind_report import MULTICAST_PORTS
from portview.probes.connecting import close_at_once
from portview.probes.os_errors import error_codes

_NO_SUCH_FAMILY = error_codes("EAFNOSUPPORT", "EPROTONOSUPPORT")
_PATIENCE_S = 0.3
_BIND_V6_ONLY = Path("/proc/sys/net/ipv6/bindv6only")
_CONTROL_TRIES = 3
_CONTROL_PORTS = (20_000, 32_000)
"""Below the dynamic ranges of Windows and Linux, above what servers usually have."""


@dataclass(frozen=True, slots=True)
class ServerBind:
    """How it went at one address.

    ``code`` is the error number of a usual server, None where it would start: SO_REUSEADDR for TCP
    on Linux, exclusive use on Windows, no option for UDP but what shares a multicast port.
    ``plain_code`` is that of a program that sets no option at all.
    """

    address: str
    family: Family
    code: int | None
    plain_code: int | None = None

    @property
    def is_family_missing(self) -> bool:
        """Return whether this system has no such address family at all."""
        return self.code in _NO_SUCH_FAMILY


def try_to_serve(
    address: str, port: int, protocol: Protocol, binder: Binder | None = None
) -> ServerBind:
    """Start and end a server at a numeric address. A few microseconds; any thread."""
    binder = binder or Binder()
    place = _place(address, binder)
    usual = BindOption.PLAIN
    if binder.platform == WINDOWS:
        usual = BindOption.EXCLUSIVE
    elif protocol is Protocol.TCP:
        usual = BindOption.REUSE
    code = _attempt(binder, place, port, protocol, usual)
    if code is not None and protocol is Protocol.UDP and port in MULTICAST_PORTS:
        # Who wants such a port sets what lets several programs have it.
        sharing = (BindOption.REUSE, BindOption.SHARE)
        if any(_attempt(binder, place, port, protocol, one) is None for one in sharing):
            code = None
    plain = _attempt(binder, place, port, protocol, BindOption.PLAIN)
    return ServerBind(address, place.family, code, plain)


def try_specific(port: int, protocol: Protocol, binder: Binder | None = None) -> int | None:
    """Bind a loopback address with no option; return None or the error number.

    Windows lets that pass beside a wildcard of the same user, unless that one is exclusive.
    """
    place = BindPlace("127.0.0.1", Family.IPV4)
    return _attempt(binder or Binder(), place, port, protocol, BindOption.PLAIN)


def try_any_port(protocol: Protocol) -> int | None:
    """Ask the system for a port of its choice; return None or the error number."""
    return _attempt(Binder(), BindPlace(ANY_IPV4, Family.IPV4), 0, protocol, BindOption.PLAIN)


def try_control_ports(protocol: Protocol) -> int | None:
    """Try some ports that have nothing to do with the question; return None or the last error.

    Where even these are refused the reason is not a port, but a policy or filter.
    """
    code: int | None = None
    place = BindPlace("127.0.0.1", Family.IPV4)
    for _attempt_number in range(_CONTROL_TRIES):
        port = random.randint(*_CONTROL_PORTS)  # noqa: S311 - no secret
        code = _attempt(Binder(), place, port, protocol, BindOption.PLAIN)
        if code is None:
            return None
    return code


def _attempt(
    binder: Binder, place: BindPlace, port: int, protocol: Protocol, option: BindOption
) -> int | None:
    code = binder.attempt(place, port, protocol, option, listens=True)
    # A zone that is no interface is refused by the resolver, whose numbers are others.
    return errno.EINVAL if code is not None and code <= 0 else code


def _place(address: str, binder: Binder) -> BindPlace:
    """Return where a usual server would bind: at "::" with IPv4, unless the default is off.

    On Windows that default is IPv6 alone.
    """
    device = bound_device(address)
    bare = address.removesuffix(f"%{device}") if device else address
    family = Family.IPV6 if ":" in bare else Family.IPV4
    is_dual = bare == ANY_IPV6 and binder.platform != WINDOWS and not _is_v6_only_usual()
    return BindPlace(bare, family, is_dual_stack=is_dual, device=device)


def _is_v6_only_usual() -> bool:
    try:
        return _BIND_V6_ONLY.read_bytes().strip() == b"1"
    except OSError:
        return False


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
