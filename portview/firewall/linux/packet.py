"""The packets that are asked about, many at once: a box of addresses and ports. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from portview.firewall.linux.intervals import Intervals, common, without


class Side(Enum):
    """A number of a packet that rules can tell packets apart by."""

    SOURCE = "saddr"
    DESTINATION = "daddr"
    SOURCE_PORT = "sport"
    PORT = "dport"


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a new conversation, or of several at once.

    ``version`` is 4 or 6. ``inward`` is the interface it came in through, ``outward`` the one it
    leaves by, "" where it stays, None where that is not known. ``tracked`` is what connection
    tracking says of it: "invalid" as long as it has not looked, else "new", "established" or
    "untracked". ``mark`` is None where nothing is known of it. ``called`` are the address and
    port it was sent to, where rules sent it elsewhere.
    """

    version: int
    protocol: str
    inward: str | None
    saddr: Intervals
    daddr: Intervals
    sport: Intervals
    dport: Intervals
    outward: str | None = ""
    tracked: str = "invalid"
    mark: int | None = None
    called: tuple[Intervals, Intervals] | None = None
    is_local_source: bool = False
    is_local_target: bool = True

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
