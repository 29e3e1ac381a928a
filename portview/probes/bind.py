"""Can a program on this machine take this port? Tried for real, and let go at once."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.sockets.port_ranges import PortRanges
from portview.domain.sockets.socket_row import Family, Protocol
from portview.domain.verdicts import Progress
from portview.probes.bind_places import BindPlace, bind_places
from portview.probes.os_errors import error_codes, error_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.cancellation import CancelToken

_IN_USE = error_codes("EADDRINUSE")
_DENIED = error_codes("EACCES", "EPERM")
NO_SUCH_PLACE = error_codes("EADDRNOTAVAIL", "EAFNOSUPPORT", "EPROTONOSUPPORT")
"""The address, or its whole family, is not there; nobody else has the port because of it."""

_UNPRIVILEGED_START = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


class BindVerdict(StrEnum):
    """How a bind ended.

    LEFTOVERS: only connections that are closing or still open hold the port, no listener; a
    server that sets SO_REUSEADDR can take it (Linux). RESERVED: the system keeps it from everyone
    (Windows' excluded ranges). EXCLUSIVE: another program, perhaps of another user, has it for
    itself (Windows' 10013). PRIVILEGED: only for administrators. FORBIDDEN: refused for another
    reason. NO_ADDRESS: this machine does not have the address now, or not the family.
    """

    FREE = "free"
    IN_USE = "in_use"
    LEFTOVERS = "leftovers"
    RESERVED = "reserved"
    EXCLUSIVE = "exclusive"
    PRIVILEGED = "privileged"
    FORBIDDEN = "forbidden"
    NO_ADDRESS = "no_address"
    ERROR = "error"


_WORST_FIRST = (
    BindVerdict.RESERVED,
    BindVerdict.IN_USE,
    BindVerdict.EXCLUSIVE,
    BindVerdict.PRIVILEGED,
    BindVerdict.FORBIDDEN,
    BindVerdict.LEFTOVERS,
    BindVerdict.ERROR,
    BindVerdict.NO_ADDRESS,
    BindVerdict.FREE,
)


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """How the bind at one place ended; ``code`` is the system's error number, None where free."""

    place: BindPlace
    verdict: BindVerdict
    detail: str
    hint: str = ""
    code: int | None = None


@dataclass(frozen=True, slots=True)
class BindReport:
    """Whether a port can be taken, everywhere or at some places only."""

    port: int
    protocol: Protocol
    verdict: BindVerdict
    detail: str
    hint: str
    places: tuple[PlaceReport, ...]

    @property
    def is_free(self) -> bool:
        """Tell whether the port can be taken wherever this machine has an address."""
        return self.verdict is BindVerdict.FREE


def probe_bind(
    port: int,
    *,
    protocol: Protocol = Protocol.TCP,
    address: str | None = None,
    ranges: PortRanges | None = None,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> BindReport:
    """Bind a port at all places where servers bind, or at one address, and close at once.

    Never listens, so that no client can meet the test; holds one socket for some microseconds,
    during which another program's bind would fail. ``ranges`` explain refusals on Windows.
    Any thread; takes a few milliseconds. Raises Cancelled.
    """
    places = bind_places(address)
    results: list[PlaceReport] = []
    for place in places:
        if cancel:
            cancel.raise_if_cancelled()
        results.append(probe_place(place, port, protocol, ranges or PortRanges()))
        if report:
            report(Progress(len(results), len(places), f"Binding {place}"))
    return summed_up(port, protocol, results)


def probe_place(place: BindPlace, port: int, protocol: Protocol, ranges: PortRanges) -> PlaceReport:
    """Bind at one place and say how it ended."""
    code = _try_bind(place, port, protocol, may_reuse=False)
    if code is None:
        return PlaceReport(place, BindVerdict.FREE, "It can be taken.")
    if (
        code in _IN_USE
        and protocol is Protocol.TCP
        and sys.platform != "win32"
        and _try_bind(place, port, protocol, may_reuse=True) is None
    ):
        # With SO_REUSEADDR Linux passes over sockets that don't listen and have the option as
        # well. This never reports "free": a program that is bound but does not listen yet looks
        # the same, and so do living connections of a server that ended (socket(7), ip(7)).
        return PlaceReport(
            place,
            BindVerdict.LEFTOVERS,
            "Nobody listens, but the port is held by connections of an earlier server, closing "
            "(TIME_WAIT) or still open, or by a program that does not listen yet.",
            "A server that sets SO_REUSEADDR can start now; any other has to wait up to a minute "
            "or until the last connection is closed.",
            code,
        )
    verdict, detail, hint = explain_refusal(code, port, ranges)
    return PlaceReport(place, verdict, detail, hint, code)


def _try_bind(place: BindPlace, port: int, protocol: Protocol, *, may_reuse: bool) -> int | None:
    """Bind and close; returns None or the error number."""
    kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
    try:
        with socket.socket(place.socket_family, kind) as holder:
            if sys.platform == "win32":
                # Without it Windows lets a bind succeed next to certain binds of others.
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            elif may_reuse:
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if place.family is Family.IPV6:
                is_v6_only = not place.is_dual_stack
                holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, is_v6_only)
            holder.bind(place.sockaddr(port))
    except OSError as error:
        return error.errno or 0
    return None


def explain_refusal(code: int, port: int, ranges: PortRanges) -> tuple[BindVerdict, str, str]:
    """Say what an error number of ``bind`` means: verdict, detail, hint."""
    exclusion = ranges.exclusion_of(port)
    if code in _IN_USE:
        return BindVerdict.IN_USE, "Another program has it.", "See who has it, or choose another."
    if code in _DENIED and exclusion and not exclusion.is_administered:
        return (
            BindVerdict.RESERVED,
            f"The system reserves ports {exclusion} (excluded port range).",
            (
                "Choose a port outside the excluded ranges; Hyper-V and WSL make them anew when "
                "Windows starts."
            ),
        )
    if code in _DENIED and sys.platform == "win32":
        return (
            BindVerdict.EXCLUSIVE,
            "Access is denied (10013): another program has it for itself, or a policy forbids it.",
            "See who has it; a program of another user counts as well.",
        )
    if code in _DENIED:
        return _explain_privilege(port)
    if code in NO_SUCH_PLACE:
        return BindVerdict.NO_ADDRESS, "This machine does not have such an address at present.", ""
    return BindVerdict.ERROR, f"It failed: {error_text(code)}.", ""


def _explain_privilege(port: int) -> tuple[BindVerdict, str, str]:
    try:
        start = int(_UNPRIVILEGED_START.read_bytes())
    except (OSError, ValueError):
        start = 1024  # what every other Unix has
    if port >= start:
        return (
            BindVerdict.FORBIDDEN,
            "The system refuses it, though the port is not a privileged one.",
            "A security policy (SELinux, AppArmor, seccomp) may forbid it.",
        )
    return (
        BindVerdict.PRIVILEGED,
        (
            f"Ports below {start} are for administrators "
            f"(net.ipv4.ip_unprivileged_port_start = {start})."
        ),
        (
            f"Choose a port from {start} on, give the program CAP_NET_BIND_SERVICE, or lower this "
            "setting."
        ),
    )


def summed_up(port: int, protocol: Protocol, places: Sequence[PlaceReport]) -> BindReport:
    """Join the places: free only if nothing but missing addresses stands in the way."""
    here = [one for one in places if one.verdict is not BindVerdict.NO_ADDRESS] or list(places)
    worst = min(here, key=lambda one: _WORST_FIRST.index(one.verdict))
    free = [one for one in here if one.verdict is BindVerdict.FREE]
    name = f"{protocol.value.upper()} port {port}"
    if worst.verdict is BindVerdict.FREE:
        detail = f"{name} can be taken at every address."
        if len(here) == 1:
            detail = f"{name} can be taken at {here[0].place}."
    elif not free:
        detail = f"{name} can't be taken. {worst.detail}"
    else:
        taken = ", ".join(str(one.place) for one in here if one.verdict is not BindVerdict.FREE)
        left = ", ".join(str(one.place) for one in free)
        detail = f"{name} can't be taken at {taken}, but at {left}. {worst.detail}"
    return BindReport(port, protocol, worst.verdict, detail, worst.hint, tuple(places))
