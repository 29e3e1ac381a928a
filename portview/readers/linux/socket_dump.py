"""The kernel's list of TCP and UDP sockets, with every known message recognised."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Family, Protocol
from portview.i18n import N_, _
from portview.readers.linux.sock_diag import SockDiag
from portview.readers.linux.sock_diag_messages import (
    RefusedError,
    ReplyState,
    decode,
    dump_request,
    dump_tcp_request,
    scan,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from portview.domain.sockets.socket_row import SocketRow
    from portview.readers.linux.sock_diag_messages import DiagSocket, Identity

    Request: TypeAlias = Callable[[int], bytes]

_TRIES = 3
_INTERRUPTED_NOTE = N_(
    "The kernel's list of sockets changed while it was read; some may be missing until the next "
    "refresh."
)


class KnownSocket:
    """A socket by its message, and the rows that it makes. Compared as an object."""

    __slots__ = ("identity", "protocol", "rows", "socket", "stride")

    def __init__(
        self, identity: Identity, stride: int, protocol: Protocol, socket: DiagSocket
    ) -> None:
        """Store what the message says; ``stride`` leads to the message behind it."""
        self.identity = identity
        self.stride = stride
        self.protocol = protocol
        self.socket = socket
        self.rows: tuple[SocketRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The sockets of one reading. ``learned`` are the new ones, and maybe some gone already."""

    found: list[KnownSocket]
    learned: list[KnownSocket]
    notes: tuple[str, ...]


class SocketDump:
    """Reads the whole list and gives the same object for a socket that did not change.

    The caller reports with ``forget`` which sockets it no longer wants to be recognised.
    """

    def __init__(self, diag: SockDiag | None = None) -> None:
        """Open the netlink socket. Raises PortViewError where there is none."""
        self._diag = diag or SockDiag()
        self._known: dict[Protocol, dict[Identity, KnownSocket]] = {p: {} for p in Protocol}
        self._learned: list[KnownSocket] = []
        self._takes_both_families = True

    def read(self) -> Reading:
        """List all sockets. Raises PortViewError where the kernel does not say them."""
        self._learned = []
        found: list[KnownSocket] = []
        is_interrupted = False
        try:
            for protocol in Protocol:
                for request in self._requests(protocol):
                    part, is_torn = self._read_bounded(protocol, request)
                    found += part
                    is_interrupted |= is_torn
        except PortViewError:
            # The caller never hears of these, so they must be new to the next reading.
            for known in self._learned:
                self.forget(known)
            raise
        return Reading(found, self._learned, (_(_INTERRUPTED_NOTE),) if is_interrupted else ())

    def forget(self, known: KnownSocket) -> None:
        """Stop recognising a socket that has gone."""
        del self._known[known.protocol][known.identity]

    def close(self) -> None:
        """Close the netlink socket."""
        self._diag.close()

    def _requests(self, protocol: Protocol) -> list[Request]:
        if protocol is Protocol.TCP and self._takes_both_families:
            return [dump_tcp_request]
        return [partial(dump_request, protocol, family) for family in Family]

    def _read_bounded(self, protocol: Protocol, request: Request) -> tuple[list[KnownSocket], bool]:
        """Read one list, again where it went wrong; say whether it was torn to the last."""
        for tries_left in reversed(range(_TRIES)):
            try:
                found, is_torn = self._read_once(protocol, request)
            except RefusedError as error:
                self._diag.reopen()
                return self._after_refusal(protocol, request, error)
            except PortViewError:
                self._diag.reopen()
                if not tries_left:
                    raise
            else:
                if not is_torn:
                    return found, False
        return found, True

    def _read_once(self, protocol: Protocol, request: Request) -> tuple[list[KnownSocket], bool]:
        known = self._known[protocol]
        found: list[KnownSocket] = []
        state = ReplyState.MORE
        for piece, length in self._diag.ask(request):
            state |= scan(piece, length, known, partial(self._learn, protocol), found)
            if ReplyState.DONE in state:
                break
        return found, ReplyState.INTERRUPTED in state

    def _learn(
        self, protocol: Protocol, identity: Identity, stride: int, message: bytes
    ) -> KnownSocket | None:
        socket = decode(identity, protocol, message)
        if socket is None:
            return None
        known = KnownSocket(identity, stride, protocol, socket)
        self._known[protocol][identity] = known
        self._learned.append(known)
        return known

    def _after_refusal(
        self, protocol: Protocol, request: Request, error: RefusedError
    ) -> tuple[list[KnownSocket], bool]:
        if request is dump_tcp_request:
            self._takes_both_families = False
            parts = [self._read_bounded(protocol, single) for single in self._requests(protocol)]
            return [known for part, _ in parts for known in part], any(torn for _, torn in parts)
        if (
            isinstance(request, partial)
            and request.args[1] is Family.IPV6
            and error.error_number == errno.ENOENT
        ):
            return [], False  # This kernel has no IPv6.
        raise error
