"""Find ports that a server can really take, and keep them until it starts."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from portview.domain.cancellation import CancelToken
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import MAX_PORT
from portview.domain.verdicts import Progress
from portview.i18n import _, join_sentences, without_full_stop
from portview.probes.bind import probe_bind
from portview.probes.bind_places import ANY_IPV4, ANY_IPV6
from portview.probes.bind_refusal import IN_USE, NO_SUCH_PLACE
from portview.readers.socket_table import LazySocketTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from portview.probes.redirected import DestinationsOf


@dataclass(frozen=True, slots=True)
class Skipped:
    """A port that was passed over, and why."""

    port: int
    reason: str
    is_dynamic: bool = False


@dataclass(frozen=True, slots=True)
class PickReport:
    """The ports found, in the order asked for, and those passed over before the last one."""

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
    destinations: DestinationsOf | None = None,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> PickReport:
    """Return the first ``count`` ports of ``conditions`` that are free at every address.

    What "free" means is ``meaning_of_free``. Excluded ports are passed over, and dynamic ones too,
    as the system may give them to an outgoing connection at any time; each such range is reported
    once. Any thread. Raises PortViewError where there are too few, Cancelled.
    """
    ranges = ranges or PortRanges()
    cancel = cancel or CancelToken()
    found: list[int] = []
    skipped: list[Skipped] = []
    notes = dict.fromkeys(ranges.notes)
    bands: set[PortRange] = set()
    table = LazySocketTable()
    ordered = tuple(conditions)
    for done, port in enumerate(ordered):
        cancel.raise_if_cancelled()
        if report:
            report(Progress(done, len(ordered), _("Trying port {port}").format(port=port)))
        band = band_of(port, ranges, may_be_dynamic=may_be_dynamic)
        if band is not None:
            if band not in bands:
                bands.add(band)
                skipped.append(Skipped(port, _band_words(band, ranges), band == ranges.dynamic))
            continue
        bind = probe_bind(
            port, protocol=protocol, ranges=ranges, destinations=destinations, table=table
        )
        if not bind.is_free:
            skipped.append(Skipped(port, bind.reason))
            continue
        notes.update(dict.fromkeys(bind.notes))
        found.append(port)
        if len(found) == count:
            return PickReport(tuple(found), tuple(skipped), tuple(notes))
    raise _too_few(count, found, skipped)


def ports_near(
    port: int, reach: int = 200, ranges: PortRanges | None = None, *, may_be_dynamic: bool = False
) -> tuple[int, ...]:
    """List the ports around one: itself, those above by distance, then those below.

    ``reach`` counts ports that can be taken at all: ranges that are kept from everyone are jumped
    over as a whole, however wide they are, all but the port at which each is met.
    """
    ranges = ranges or PortRanges()

    def reached(ports: Iterable[int], most: int) -> Iterable[int]:
        met: set[PortRange] = set()
        for one in ports:
            band = band_of(one, ranges, may_be_dynamic=may_be_dynamic)
            if band is None:
                most -= 1
            elif band in met:
                continue
            else:
                met.add(band)
            yield one
            if most <= 0:
                return

    above = reached(range(port, MAX_PORT + 1), reach + 1)
    below = reached(range(port - 1, 0, -1), reach)
    return tuple(dict.fromkeys((*above, *below)))


def band_of(port: int, ranges: PortRanges, *, may_be_dynamic: bool) -> PortRange | None:
    """Return the range because of which a port is passed over, None where there is none."""
    exclusion = ranges.exclusion_of(port)
    if exclusion is None and ranges.is_dynamic(port) and not may_be_dynamic:
        return ranges.dynamic
    return exclusion


def _band_words(band: PortRange, ranges: PortRanges) -> str:
    if band == ranges.dynamic:
        return _("is in the dynamic range {range}").format(range=band)
    return _("is in the excluded range {range}").format(range=band)


def _too_few(count: int, found: list[int], skipped: list[Skipped]) -> PortViewError:
    message = (
        _("None of those asked for can be taken.")
        if count == 1
        else _("Only {found} of {count} ports can be taken of those asked for.").format(
            found=len(found), count=count
        )
    )
    only_dynamic = skipped and all(one.is_dynamic for one in skipped)
    if skipped:
        last = _("Port {port}: {reason}.").format(
            port=skipped[-1].port, reason=without_full_stop(skipped[-1].reason)
        )
        message = join_sentences(message, last)
    return PortViewError(
        "no_free_port",
        message,
        _("Allow dynamic ports, or choose a range outside them.")
        if only_dynamic
        else _("Choose a wider or another range."),
        Outcome.NOT_DONE,
    )


def _bind_beside_leftovers(holder: socket.socket, address: str, port: int) -> None:
    """Bind so that nobody else can; with SO_REUSEADDR only where leftovers have the port."""
    try:
        holder.bind((address, port))
    except OSError as error:
        if sys.platform == "win32" or error.errno not in IN_USE:
            raise
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((address, port))


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
                    _("Port {port} was taken before it could be held.").format(port=port),
                    _("Try again."),
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
                _bind_beside_leftovers(holder, address, port)
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
