"""What is known of a packet's field in advance: a value, a range, or nothing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.firewall.linux.packet import Side

if TYPE_CHECKING:
    from portview.firewall.linux.intervals import Intervals


@dataclass(frozen=True, slots=True)
class KnownField:
    """A fact: the same for all packets of the box. ``kind`` says how rules write its values."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class FixedField:
    """A number that some packets of the box have and others may not, without their significant."""

    side: Side
    values: Intervals


@dataclass(frozen=True, slots=True)
class RangedField:
    """A number that lies somewhere in these ranges. ``what`` names it in nft's words."""

    what: str
    values: Intervals


@dataclass(frozen=True, slots=True)
class UncertainField:
    """Nobody can say in advance. ``what`` names it in nft's words."""

    what: str


ABSENT = KnownField("absent", None)
"""The packet has no such header, so that the rule does not match, whatever it compares."""

Field = Side | KnownField | FixedField | RangedField | UncertainField
