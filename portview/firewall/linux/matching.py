"""Which packets of a box a condition is about, which not, and where nobody can say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.firewall.linux.facts_of_packets import (
    ABSENT,
    Field,
    KnownField,
    RangedField,
    UncertainField,
)
from portview.firewall.linux.fields import field_of
from portview.firewall.linux.intervals import Intervals, common, joined
from portview.firewall.linux.packet import Packet, Side
from portview.firewall.linux.values import holds, number_of, number_ranges, ranges_of
from portview.i18n import _

if TYPE_CHECKING:
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.ruleset import ChainKey, Rule, Ruleset

_LARGEST = (1 << 128) - 1


@dataclass(frozen=True, slots=True)
class Division:
    """Packets distinguished: ``inside`` are those that match.

    Where ``unsure`` names what nobody can know in advance, either part holds them all.
    """

    inside: tuple[Packet, ...] = ()
    outside: tuple[Packet, ...] = ()
    unsure: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Packets distinguished by a map: each with the value that it finds, and those that find none.

    Where ``unsure`` says why, each of the values may be found, or none.
    """

    found: tuple[tuple[Packet, Any], ...] = ()
    missed: tuple[Packet, ...] = ()
    unsure: str = ""


class Matching:
    """Reports packets apart by the conditions of a ruleset."""

    def __init__(self, ruleset: Ruleset, machine: Machine) -> None:
        """Create it for one ruleset, whose sets it looks things up in, on one machine."""
        self.ruleset = ruleset
        self.machine = machine

    def divide(self, match: Any, rule: Rule, packet: Packet) -> Division:
        """Divide packets by a match expression."""
        left, right = match.get("left"), match.get("right")
        operator = str(match.get("op", "=="))
        if operator in {"<", ">", "<=", ">="}:
            return self._compare(operator, left, right, packet)
        fields = self._fields_of(left, packet)
        if ABSENT in fields:
            return Division((), (packet,))
        if operator not in {"==", "in", "!=", "!"}:
            return Division(
                (packet,), (packet,), _("the comparison “{operator}”").format(operator=operator)
            )
        # "in" asks whether any of some flags is set, "!" whether none is.
        division = self._divide_by(fields, right, rule, packet, is_any=operator in {"in", "!"})
        if operator not in {"!=", "!"} or division.unsure:
            return division
        return Division(division.outside, division.inside)

    def look_up(self, key: Any, data: Any, rule: Rule, packet: Packet) -> Lookup:
        """Divide packets by the key of a map."""
        fields = self._fields_of(key, packet)
        elements = self._elements(data, rule)
        if elements is None:
            return Lookup(unsure=_("a map that is not listed"))
        pairs = [one for one in map(_pair, elements) if one]
        if self._changes(data, rule):
            return Lookup(
                tuple((packet, value) for _unused, value in pairs), (packet,), _("a changing map")
            )
        pairs.sort(key=lambda pair: pair[0] == ["*"])  # what fits no other comes last
        found: list[tuple[Packet, Any]] = []
        rest = [packet]
        for parts, value in pairs:
            left_over: list[Packet] = []
            for one in rest:
                division = _by_element(fields, parts, one)
                if division.unsure:
                    every = tuple((packet, value) for _unused, value in pairs)
                    return Lookup(every, (packet,), division.unsure)
                found.extend((hit, value) for hit in division.inside)
                left_over.extend(division.outside)
            rest = left_over
        return Lookup(tuple(found), tuple(rest))

    def _fields_of(self, left: Any, packet: Packet) -> list[Field]:
        if isinstance(left, dict) and isinstance(left.get("concat"), list):
            return [field_of(part, packet, self.machine) for part in left["concat"]]
        return [field_of(left, packet, self.machine)]

    def _divide_by(  # noqa: PLR0911 - an end for each kind of field
        self, fields: list[Field], right: Any, rule: Rule, packet: Packet, *, is_any: bool
    ) -> Division:
        if self._changes(right, rule):
            return Division((packet,), (packet,), _("a set that traffic changes"))
        if len(fields) == 1 and isinstance(fields[0], Side):
            return self._by_range(fields[0], right, rule, packet)
        if len(fields) == 1 and isinstance(fields[0], RangedField):
            ranges = number_ranges(map(_plain, self._elements(right, rule) or ({},)))
            return (
                _unknown_value(packet) if ranges is None else _by_overlap(fields[0], ranges, packet)
            )
        if is_any and len(fields) == 1 and (found := _any_flag(fields[0], right)) is not None:
            return Division((packet,), ()) if found else Division((), (packet,))
        elements = self._elements(right, rule)
        if elements is None:
            return Division((packet,), (packet,), _unsure_among(fields) or _("an unknown value"))
        inside: list[Packet] = []
        rest = [packet]
        unsure = ""
        for element in elements:
            left_over: list[Packet] = []
            for one in rest:
                division = _by_element(fields, _parts(element), one)
                if division.unsure:
                    # Another element may still settle it.
                    unsure = division.unsure
                    left_over.append(one)
                    continue
                inside.extend(division.inside)
                left_over.extend(division.outside)
            rest = left_over
        if unsure and rest:
            return Division((packet,), (packet,), unsure)
        return Division(tuple(inside), tuple(rest))

    def _by_range(self, side: Side, right: Any, rule: Rule, packet: Packet) -> Division:
        ranges = self._union(side, right, rule, packet.version)
        return _unknown_value(packet) if ranges is None else _by_ranges(side, ranges, packet)

    def _union(self, side: Side, right: Any, rule: Rule, version: int) -> Intervals | None:
        """Return all values of a set at once; a set can have very many."""
        name = _set_name(right, rule)
        known = self.ruleset.unions
        if name is None:
            return self._joined(side, right, rule, version)
        key = (name, side.value, version)
        if key not in known:
            known[key] = self._joined(side, right, rule, version)
        union: Intervals | None = known[key]
        return union

    def _joined(self, side: Side, right: Any, rule: Rule, version: int) -> Intervals | None:
        elements = self._elements(right, rule)
        several = [ranges_of(_plain(one), side, version) for one in elements or ()]
        known = [ranges for ranges in several if ranges is not None]
        if elements is None or len(known) < len(several):
            return None
        return joined(one for ranges in known for one in ranges)

    def _compare(self, operator: str, left: Any, right: Any, packet: Packet) -> Division:
        fields = self._fields_of(left, packet)
        field = fields[0]
        if field is ABSENT:
            return Division((), (packet,))
        bound: int | None = None
        if len(fields) == 1 and isinstance(field, RangedField):
            bound = number_of(right, "number")
        if len(fields) == 1 and isinstance(field, Side):
            ranges = ranges_of(right, field, packet.version)
            bound = ranges[0][0] if ranges else None
        elif isinstance(field, KnownField) and field.kind.startswith(
            ("number", "masked n", "clock")  # untranslated: kinds
        ):
            bound = number_of(right, field.kind)
        if bound is None:
            return Division((packet,), (packet,), _unsure_among(fields) or "a comparison")
        wanted = {
            "<": ((0, bound - 1),),
            "<=": ((0, bound),),
            ">": ((bound + 1, _LARGEST),),
            ">=": ((bound, _LARGEST),),
        }[operator]
        if isinstance(field, Side):
            return _by_ranges(field, wanted, packet)
        if isinstance(field, RangedField):
            return _by_overlap(field, wanted, packet)
        assert isinstance(field, KnownField)  # noqa: S101 - by the branch above
        is_inside = wanted[0][0] <= field.value <= wanted[0][1]
        return Division((packet,), ()) if is_inside else Division((), (packet,))

    def _elements(self, right: Any, rule: Rule) -> list[Any] | None:
        name = _set_name(right, rule)
        if name:
            named = self.ruleset.sets.get(name)
            return None if named is None else list(named.elements)
        if isinstance(right, dict):
            if isinstance(right.get("set"), list):
                return list(right["set"])
            known = {"prefix", "range", "concat", "elem", "|"}
            return [right] if known & set(right) else None
        return [right]

    def _changes(self, right: Any, rule: Rule) -> bool:
        name = _set_name(right, rule)
        named = self.ruleset.sets.get(name) if name else None
        return named is not None and named.changes


def _by_element(fields: list[Field], parts: list[Any], packet: Packet) -> Division:
    """Divide packets by one element; of a chained one, every part has to fit."""
    if parts == ["*"]:
        return Division((packet,), ())
    if len(parts) != len(fields):
        return Division((packet,), (packet,), _("an element of another shape"))
    inside, unsure = packet, ""
    outside: list[Packet] = []
    for field, part in zip(fields, parts, strict=True):
        division = _by_part(field, part, inside)
        if not division.inside:
            return Division((), (packet,))
        unsure = unsure or division.unsure
        if not division.unsure:
            inside = division.inside[0]
            outside += division.outside
    if unsure:
        return Division((packet,), (packet,), unsure)
    return Division((inside,), tuple(outside))


def _by_part(field: Field, part: Any, packet: Packet) -> Division:
    if isinstance(field, UncertainField):
        return Division((packet,), (packet,), field.what)
    if isinstance(field, Side):
        ranges = ranges_of(part, field, packet.version)
        return _unknown_value(packet) if ranges is None else _by_ranges(field, ranges, packet)
    verdict = False if field is ABSENT else holds(field, part, packet.version)
    if verdict is None:
        what = field.what if isinstance(field, RangedField) else _("an unknown value")
        return Division((packet,), (packet,), what)
    return Division((packet,), ()) if verdict else Division((), (packet,))


def _by_overlap(field: RangedField, wanted: Intervals, packet: Packet) -> Division:
    """Return whether a number is wanted of which only the range is known."""
    shared = common(field.values, wanted)
    if not shared:
        return Division((), (packet,))
    if shared == field.values:
        return Division((packet,), ())
    return Division((packet,), (packet,), field.what)


def _by_ranges(side: Side, ranges: Intervals, packet: Packet) -> Division:
    inside, outside = packet.divided(side, ranges)
    return Division((inside,) if inside else (), (outside,) if outside else ())


def _unknown_value(packet: Packet) -> Division:
    return Division((packet,), (packet,), _("an unknown value"))


def _any_flag(field: Field, right: Any) -> bool | None:
    """Return whether one of several flags is set, as a match without an operator asks."""
    if not isinstance(field, KnownField) or field.kind not in {"flags", "state", "status"}:
        return None
    number = number_of(right, field.kind)
    return None if number is None else bool(field.value & number)


def _unsure_among(fields: list[Field]) -> str:
    return next((field.what for field in fields if isinstance(field, UncertainField)), "")


def _set_name(right: Any, rule: Rule) -> ChainKey | None:
    if isinstance(right, str) and right.startswith("@"):
        return rule.chain._replace(name=right[1:])
    return None


def _plain(element: Any) -> Any:
    """Return the value of an element that may carry a timeout, a counter or a comment."""
    if isinstance(element, dict) and isinstance(element.get("elem"), dict):
        return element["elem"].get("val")
    return element


def _parts(element: Any) -> list[Any]:
    value = _plain(element)
    if isinstance(value, dict) and isinstance(value.get("concat"), list):
        return [_plain(part) for part in value["concat"]]
    return [value]


def _pair(element: Any) -> tuple[list[Any], Any] | None:
    if isinstance(element, list) and len(element) == 2:  # noqa: PLR2004 - a key and its value
        return _parts(element[0]), element[1]
    return None
