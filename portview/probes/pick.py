"""Find ports that a server can really take, and keep them until it starts."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from portview.domain.cancellation import CancelToken
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.port_ranges import PortRanges
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import MAX_PORT
from portview.domain.verdicts import Progress
from portview.probes.bind import NO_SUCH_PLACE, probe_bind
from portview.probes.bind_places import ANY_IPV4, ANY_IPV6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class Skipped:
    """A port that was passed over, and why."""

    port: int
    reason: str


@dataclass(frozen=True, slots=True)
class PickReport:
    """The ports found, in the order of the wishes, and those passed over before the last one."""

    ports: tuple[int, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()


def pick_ports(
    conditions: Iterable[int],
    *,
    count: int = 1,
    protocol: Protocol = Protocol.TCP,
    ranges: PortRanges | None = None,
    may_be_dynamic: bool = False,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> PickReport:
    """Return the first ``count`` ports of ``conditions`` that can be bound at every address.

    Excluded ports are passed over, and dynamic ones too, as the system may give them to an
    outgoing connection at any time. Any thread. Raises PortViewError where there are too few,
    Cancelled.
    """
    ranges = ranges or PortRanges()
    cancel = cancel or CancelToken()
    found: list[int] = []
    skipped: list[Skipped] = []
    ordered = tuple(conditions)
    for done, port in enumerate(ordered):
        cancel.raise_if_cancelled()
        if report:
            report(Progress(done, len(ordered), f"Trying port {port}"))
        reason = _reason_to_skip(port, protocol, ranges, may_be_dynamic=may_be_dynamic)
        if reason:
            skipped.append(Skipped(port, reason))
            continue
        found.append(port)
        if len(found) == count:
            return PickReport(tuple(found), tuple(skipped), ranges.notes)
    raise _too_few(count, found, skipped)


def ports_near(port: int, reach: int = 200) -> tuple[int, ...]:
    """List the ports around one: itself, those above by distance, then those below."""
    above = range(port, min(MAX_PORT, port + reach) + 1)
    below = range(port - 1, max(0, port - reach - 1), -1)
    return (*above, *below)


def _reason_to_skip(
    port: int, protocol: Protocol, ranges: PortRanges, *, may_be_dynamic: bool
) -> str:
    exclusion = ranges.exclusion_of(port)
    if exclusion:
        return f"is in the excluded range {exclusion}"
    if ranges.is_dynamic(port) and not may_be_dynamic:
        return f"is in the dynamic range {ranges.dynamic}"
    bind = probe_bind(port, protocol=protocol, ranges=ranges)
    return "" if bind.is_free else bind.detail


def _too_few(count: int, found: list[int], skipped: list[Skipped]) -> PortViewError:
    wanted = "No port" if count == 1 else f"Only {len(found)} of {count} ports"
    only_dynamic = skipped and all("dynamic range" in one.reason for one in skipped)
    last = f" Port {skipped[-1].port}: {skipped[-1].reason}" if skipped else ""
    return PortViewError(
        "no_free_port",
        f"{wanted} of those asked for can be taken.{last.rstrip('.')}.",
        "Allow dynamic ports, or choose a range outside them."
        if only_dynamic
        else "Choose a wider or another range.",
        Outcome.NOT_DONE,
    )


class HeldPorts:
    """Ports kept from everybody else by bound sockets that don't listen.

    What is possible: while they are held, no other program can bind them and the system does not
    hand them out; a client that connects is refused. The program that shall use a port can't take
    it either, on any system, so they are released the moment before it starts. From then until it
    binds nobody keeps them; ``pick_ports`` lowers this risk by passing over the dynamic range, from
    which the system itself would take. Children don't inherit the sockets.
    """

    def __init__(self, ports: Iterable[int], protocol: Protocol = Protocol.TCP) -> None:
        """Bind all ports, or none. Raises PortViewError for the one that was taken meanwhile."""
        self._sockets: list[socket.socket] = []
        self.ports = tuple(ports)
        for port in self.ports:
            try:
                self._hold(port, protocol)
            except OSError as error:
                self.release()
                raise PortViewError(
                    "port_taken",
                    f"Port {port} was taken before it could be held.",
                    "Try again.",
                    Outcome.NOT_DONE,
                ) from error

    def _hold(self, port: int, protocol: Protocol) -> None:
        kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
        families = [(socket.AF_INET, ANY_IPV4)]
        if socket.has_ipv6:
            families.append((socket.AF_INET6, ANY_IPV6))
        for family, address in families:
            try:
                holder = socket.socket(family, kind)
                self._sockets.append(holder)
                if sys.platform == "win32":
                    holder.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
                if family == socket.AF_INET6:
                    holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                holder.bind((address, port))
            except OSError as error:
                if error.errno not in NO_SUCH_PLACE:  # one family may be switched off
                    raise

    def release(self) -> None:
        """Let the ports go. More calls do nothing."""
        while self._sockets:
            self._sockets.pop().close()

    def __enter__(self) -> Self:
        """Hold until the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release."""
        self.release()
