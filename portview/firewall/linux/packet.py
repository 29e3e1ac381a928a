"""The packets that are asked about, many at once: a box of addresses and ports. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from portview.firewall.linux.intervals import Intervals, common, without

SYN, SYN_ACK, ACK, DATA = 0x02, 0x12, 0x10, 0x18
"""The flags of TCP's segments as a conversation has them (RFC 9293)."""


class Side(Enum):
    """A number of a packet that rules can distinguish packets by."""

    SOURCE = "saddr"
    DESTINATION = "daddr"
    SOURCE_PORT = "sport"
    PORT = "dport"


class Target(NamedTuple):
    """An address and port, and where packets to it go: here, or out through an interface."""

    daddr: Intervals
    dport: Intervals
    is_local: bool = True
    outward: str | None = ""


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet of a conversation, or the same one of several conversations at once.

    ``version`` is 4 or 6. ``inward`` is the interface it came in through, ``outward`` the one it
    leaves by, "" where it stays, None where that is not known. ``flags`` are TCP's.

    ``tracked`` is what connection tracking says of it: "invalid" as long as it has not looked, else
    what it ``becomes`` then ("new", "established", "invalid"), or "untracked". ``is_reply`` is the
    direction, ``entry`` who sent the first packet that was tracked ("client", "server", nobody).
    ``mark`` and ``ct_mark`` are None where nothing is known of them.

    ``called`` are the address and port it was sent to, where rules sent it elsewhere: to
    ``target``, which is None once it has that address. ``is_placed`` where it has been settled
    whether rules send it elsewhere. ``ttl`` and ``length`` (of the whole packet) are ranges.
    """

    version: int
    protocol: str
    inward: str | None
    saddr: Intervals
    daddr: Intervals
    sport: Intervals
    dport: Intervals
    outward: str | None = ""
    flags: int = SYN
    tracked: str = "invalid"
    becomes: str = "new"
    is_reply: bool = False
    entry: str = ""
    mark: int | None = 0
    ct_mark: int | None = 0
    called: tuple[Intervals, Intervals] | None = None
    target: Target | None = None
    is_placed: bool = False
    is_local_source: bool = False
    is_local_target: bool = True
    ttl: Intervals = ((1, 255),)
    length: Intervals = ((20, 65575),)

    def range_of(self, side: Side) -> Intervals:
        """Return the values that one of its numbers can have."""
        value: Intervals = getattr(self, side.value)
        return value

    def narrowed(self, side: Side, values: Intervals) -> Packet:
        """Return the same packets, those with other values of one number left out."""
        if values == self.range_of(side):
            return self
        return replace(self, **{side.value: values})  # type: ignore[arg-type]

    def divided(self, side: Side, values: Intervals) -> tuple[Packet | None, Packet | None]:
        """Return those with such values of one number, and those without."""
        own = self.range_of(side)
        inside, outside = common(own, values), without(own, values)
        return (
            self.narrowed(side, inside) if inside else None,
            self.narrowed(side, outside) if outside else None,
        )

    def looked_at(self) -> Packet:
        """Return it after connection tracking has looked at it."""
        return replace(self, tracked=self.becomes) if self.tracked == "invalid" else self

    def readdressed(self) -> Packet:
        """Return it with the address and port that rules gave to its conversation."""
        if self.target is None:
            return self
        daddr, dport, is_local, outward = self.target
        return replace(
            self,
            daddr=daddr,
            dport=dport,
            is_local_target=is_local,
            outward=outward,
            target=None,
        )

    def addressed_back(self) -> Packet:
        """Return an answer with the address and port that the client called as its source."""
        if not self.is_reply or self.called is None or self.tracked == "untracked":
            return self
        return replace(self, saddr=self.called[0], sport=self.called[1])
