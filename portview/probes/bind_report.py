"""How a port stands for a server that wants it: one meaning of "free" for every command."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.address_matching import is_wildcard
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _, join_and, join_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.sockets.socket_row import SocketRow
    from portview.probes.bind_places import BindPlace

MULTICAST_PORTS = frozenset({1900, 3702, 5353, 5355})
"""UDP ports that programs share on purpose: SSDP, WS-Discovery, mDNS (RFC 6762, 15.1), LLMNR."""


class BindVerdict(StrEnum):
    """How a bind ended.

    FREE: a server can start. LEFTOVERS: a usual server can start; connections of an earlier server
    still have the number, closing (TIME_WAIT) or open. SHARED: UDP sockets of others have it and
    let a further one in that sets SO_REUSEADDR as they do; free on the ports that are there to be
    shared (mDNS, SSDP). REDIRECTED: it can be bound, but a NAT rule sends the clients elsewhere.
    RESERVED: the system keeps it from everyone (Windows' excluded ranges). EXCLUSIVE: another
    program, perhaps of another user, has it for itself (Windows' 10013). PRIVILEGED: only for
    administrators. FORBIDDEN: refused for another reason. NO_ADDRESS: this machine does not have
    the address now, or not the family.
    """

    FREE = "free"
    IN_USE = "in_use"
    LEFTOVERS = "leftovers"
    SHARED = "shared"
    REDIRECTED = "redirected"
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
    BindVerdict.ERROR,
    BindVerdict.REDIRECTED,
    BindVerdict.SHARED,
    BindVerdict.LEFTOVERS,
    BindVerdict.NO_ADDRESS,
    BindVerdict.FREE,
)


def meaning_of_free(platform: str = sys.platform) -> str:
    """Return the sentence that says what every command means by a free port."""
    if platform == "win32":
        return _(
            "Free means: a server that asks for exclusive use (SO_EXCLUSIVEADDRUSE) can bind the "
            "port, or nothing but connections of an earlier server has it."
        )
    return _(
        "Free means: a server that sets SO_REUSEADDR, as servers usually do, can bind the port and "
        "listen, and no NAT rule sends its clients elsewhere; connections of an earlier server "
        "don't matter."
    )


@dataclass(frozen=True, slots=True)
class PlaceReport:
    """How the bind at one place ended; ``code`` is the system's error number, None where free.

    ``has_second_opinion`` says that another usual way of binding worked at this place, though
    the first one collided with some socket: which one, the socket table reports.
    """

    place: BindPlace
    verdict: BindVerdict
    detail: str
    hint: str = ""
    code: int | None = None
    has_second_opinion: bool = False


@dataclass(frozen=True, slots=True)
class BindReport:
    """Whether a port can be taken, everywhere or at some places only.

    ``users`` are the sockets that the socket table shows in the way or as leftovers. ``notes``
    are sentences about what could not be found out.
    """

    port: int
    protocol: Protocol
    verdict: BindVerdict
    detail: str
    hint: str
    places: tuple[PlaceReport, ...]
    users: tuple[SocketRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Return why the verdict is what it is, without naming the port again."""
        return next((one.detail for one in self.places if one.verdict is self.verdict), self.detail)

    @property
    def named_places(self) -> str:
        """Return where it was bound, as "0.0.0.0 and ::".

        What is bound beside the wildcards are this machine's own addresses, which go without
        saying.
        """
        named = list(dict.fromkeys(one.place.text for one in self.places))
        return join_and([place for place in named if is_wildcard(place)] or named)

    @property
    def is_free(self) -> bool:
        """Return whether a usual server can take the port and gets its clients."""
        return is_free_for_a_server(self.verdict, self.port, self.protocol)


def is_free_for_a_server(verdict: BindVerdict, port: int, protocol: Protocol) -> bool:
    """Return whether a verdict is the one meaning of "free"."""
    if verdict is BindVerdict.SHARED:
        return protocol is Protocol.UDP and port in MULTICAST_PORTS
    return verdict in {BindVerdict.FREE, BindVerdict.LEFTOVERS}


def port_name(port: int, protocol: Protocol) -> str:
    """Return "TCP port 8080", for people."""
    return _("{protocol} port {port}").format(protocol=protocol.value.upper(), port=port)


def summed_up(port: int, protocol: Protocol, places: Sequence[PlaceReport]) -> BindReport:
    """Join the places: free only if nothing but missing addresses is in the way."""
    here = [one for one in places if one.verdict is not BindVerdict.NO_ADDRESS] or list(places)
    worst = min(here, key=lambda one: _WORST_FIRST.index(one.verdict))
    usable = [one for one in here if is_free_for_a_server(one.verdict, port, protocol)]
    name = port_name(port, protocol)
    if worst.verdict is BindVerdict.FREE and len(here) == 1:
        detail = _("{port} can be taken at {place}.").format(port=name, place=here[0].place)
    elif worst.verdict is BindVerdict.FREE:
        detail = _("{port} can be taken at every address.").format(port=name)
    elif len(usable) == len(here):
        detail = _("{port} can be taken. {detail}").format(port=name, detail=worst.detail)
    elif not usable:
        detail = _("{port} can't be taken. {detail}").format(port=name, detail=worst.detail)
    else:
        taken = join_list(str(one.place) for one in here if one not in usable)
        left = join_list(str(one.place) for one in usable)
        detail = _("{port} can't be taken at {taken}, but can be taken at {left}. {detail}").format(
            port=name, taken=taken, left=left, detail=worst.detail
        )
    return BindReport(port, protocol, worst.verdict, detail, worst.hint, tuple(places))
