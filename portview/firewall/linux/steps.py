"""What one rule does to packets: leaves them alone, ends their way, or nobody can say. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from portview.firewall.linux.fields import value_of
from portview.i18n import N_, _

if TYPE_CHECKING:
    from portview.firewall.linux.matching import Lookup, Matching
    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.ruleset import Rule

_VERDICTS = frozenset(
    {"accept", "drop", "reject", "return", "continue", "jump", "goto"}
    | {"dnat", "redirect", "snat", "masquerade"}
)
# untranslated: statements of nft
_TRANSPARENT = frozenset(
    {"counter", "log", "flow", "dup", "last", "secmark", "map", "notrack"}
    | {"ct helper", "ct timeout", "ct expectation"}
)
_XT_TRANSPARENT = frozenset(
    {"LOG", "NFLOG", "ULOG", "AUDIT", "TRACE", "CHECKSUM", "CLASSIFY", "SET", "SECMARK"}
    | {"TCPMSS", "TCPOPTSTRIP", "DSCP", "TOS", "TTL", "HL", "CONNSECMARK"}
    | {"IDLETIMER", "RATEEST", "LED", "comment"}
)
_QUOTA = N_("how much went through before")
_CONNECTIONS = N_("how many connections are open")
_HARMLESS_KEYS = frozenset({"priority", "nftrace", "secmark", "rtclassid"})
"""What of "meta" a rule may set without changing what becomes of a packet."""
_HARMLESS_CT_KEYS = frozenset({"helper", "label", "event", "secmark"})
_HARMLESS_FIELDS = frozenset({"dscp", "ecn", "flowlabel", "id", "checksum"})
_ENDS = {
    "queue": N_("a program that decides about packets"),
    "tproxy": N_("a proxy that takes the packets"),
    "synproxy": N_("a proxy that answers for the server"),
    "fwd": N_("where it sends packets on to"),
    "mangle": N_("what it rewrites"),
    "xt": N_("an extension of iptables"),
}
# untranslated: a code
UNKNOWN_END = "unknown end"
"""The verdict of a statement that may drop, let continue, or do nothing."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Packets that continue to the next rule."""

    packet: Packet


@dataclass(frozen=True, slots=True)
class ApplyVerdict:
    """Packets on which a rule gives a verdict; ``body`` is what belongs to it."""

    packet: Packet
    verdict: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Packets for which one of several options will be true; ``what`` decides, unknown yet.

    ``is_rate``: the first option holds below a rate, the second above it.
    """

    packet: Packet
    what: str
    options: tuple[tuple[Step, ...], ...]
    is_rate: bool = False


Step: TypeAlias = Continue | ApplyVerdict | Branch


class _Condition(NamedTuple):
    """What decides a statement; ``is_turned`` where it matches above a rate, not below."""

    what: str
    is_rate: bool = False
    is_turned: bool = False


_NO_CONDITION = _Condition("")
_NEVER = _Condition("never")


def steps_of(  # noqa: PLR0911, PLR0912, C901 - an end for each kind of statement
    rule: Rule, packet: Packet, matching: Matching, start: int = 0
) -> tuple[Step, ...]:
    """Return what a rule does to packets, from one of its expressions on."""
    aside: list[Step] = []
    for place in range(start, len(rule.expressions)):
        kind, body = next(iter(rule.expressions[place].items()))
        if kind in _VERDICTS or kind == "vmap":
            break
        if kind == "match":
            division = matching.divide(body, rule, packet)
            condition = _Condition(division.unsure)
            if not division.unsure:
                aside += map(Continue, division.outside)
                if len(division.inside) != 1:
                    for one in division.inside:
                        aside += steps_of(rule, one, matching, place + 1)
                    return tuple(aside)
                packet = division.inside[0]
        else:
            packet, condition = _changed(kind, body, packet, matching)
        if condition is _NEVER:
            return (*aside, Continue(packet))
        if condition.what == UNKNOWN_END:
            return (*aside, ApplyVerdict(packet, UNKNOWN_END, _end_words(kind, body)))
        if condition.what:
            options = (steps_of(rule, packet, matching, place + 1), (Continue(packet),))
            ordered = options[::-1] if condition.is_turned else options
            return (*aside, Branch(packet, condition.what, ordered, condition.is_rate))
    else:
        return (*aside, Continue(packet))
    if kind == "reject" and not _is_rejected(body, packet):
        return (*aside, Continue(packet))
    if kind == "vmap":
        return (*aside, *_looked_up(body, rule, packet, matching))
    if kind in {"dnat", "redirect"} and (field := _field_with_map(body)):
        found = _found_in_map(body[field]["map"], rule, packet, matching)
        if isinstance(found, str):
            return (*aside, ApplyVerdict(packet, UNKNOWN_END, found))
        targets = (ApplyVerdict(one, kind, {**body, field: value}) for one, value in found.found)
        return (*aside, *targets, *map(Continue, found.missed))
    return (*aside, ApplyVerdict(packet, kind, body))


def _condition(  # noqa: PLR0911 - an end for each kind of statement
    kind: str, body: Any, matching: Matching
) -> _Condition:
    """Return what decides a statement; ``UNKNOWN_END`` where it may end the way of a packet."""
    if kind in _TRANSPARENT:
        return _NO_CONDITION
    if not isinstance(body, dict):
        words = (
            _("the {kind} named “{body}”").format(kind=kind, body=body)
            if kind in {"limit", "quota"}
            else UNKNOWN_END
        )
        return _Condition(words)
    if kind == "ct count":
        return _of_connections(body, matching)
    if kind == "limit":
        return _Condition(rate_text(body), is_rate=True, is_turned=bool(body.get("inv")))
    if kind in {"set", "meter"}:
        return _of_each(body.get("stmt") or (), matching)
    if kind == "xt":
        return _of_xt(str(body.get("type")), str(body.get("name")))
    return _Condition(_(_QUOTA) if kind == "quota" else UNKNOWN_END)


def _of_connections(body: Any, matching: Matching) -> _Condition:
    """Return the condition of a limit on open connections, which may be far away today."""
    if body.get("val") in matching.machine.surroundings.limits_kept:
        return _NEVER if body.get("inv") else _NO_CONDITION
    return _Condition(_(_CONNECTIONS))


def _of_each(statements: Any, matching: Matching) -> _Condition:
    """Return the condition of a set that counts each source for itself."""
    listed = [statements] if isinstance(statements, dict) else statements
    firsts = [next(iter(one.items())) for one in listed if one]
    conditions = [_condition(kind, body, matching) for kind, body in firsts]
    if _NEVER in conditions:
        return _NEVER
    announcing = [one for one in conditions if one.what]
    if not announcing:
        return _NO_CONDITION
    if len(announcing) == 1 and announcing[0].is_rate:
        return announcing[0]._replace(
            what=_("{what} for each source").format(what=announcing[0].what)
        )
    return _Condition(_("what was counted before"))


def _of_xt(kind: str, name: str) -> _Condition:
    """Return the condition of an extension of iptables of which only the name is known."""
    if name in _XT_TRANSPARENT:
        return _NO_CONDITION
    return _Condition(
        _("the match “{name}” of iptables").format(name=name) if kind == "match" else UNKNOWN_END
    )


def _end_words(kind: str, body: Any) -> str:
    """Name what may end the way of a packet."""
    if kind == "mangle" and isinstance(body, dict) and "ct" in (body.get("key") or {}):
        return _("ct {get}, which it sets").format(get=body["key"]["ct"].get("key"))
    if kind == "xt" and isinstance(body, dict) and body.get("name"):
        return _("the target “{body}” of iptables").format(body=body["name"])
    return _(_ENDS.get(kind, "")) or _("the statement “{kind}”").format(kind=kind)


def rate_text(body: Any) -> str:
    """Return a rate as nft writes it."""
    unit = str(body.get("rate_unit", "packets"))
    amount = f"{body.get('rate')}" + (f" {unit}" if unit != "packets" else "")
    return f"{amount}/{body.get('per', 'second')}"


def _is_rejected(body: Any, packet: Packet) -> bool:
    """Return whether a rejection is about packets of this kind.

    nft leaves out of its listing what the kind of an answer says anyhow: ICMP is for IPv4, ICMPv6
    for IPv6, a reset for TCP.
    """
    kind = body.get("type") if isinstance(body, dict) else None
    versions = {"icmp": 4, "icmpv6": 6}
    if kind in versions:
        return packet.version == versions[kind]
    return kind != "tcp reset" or packet.protocol == "tcp"


def _field_with_map(body: Any) -> str:
    """Return which field of a new target is looked up in a map, empty where none is."""
    fields = body if isinstance(body, dict) else {}
    return next((one for one in ("addr", "port") if "map" in _dict(fields.get(one))), "")


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _found_in_map(looked_up: Any, rule: Rule, packet: Packet, matching: Matching) -> Lookup | str:
    """Return what packets find in a map, or a text on what nobody can say."""
    body = _dict(looked_up)
    lookup = matching.look_up(body.get("key"), body.get("data"), rule, packet)
    return lookup.unsure or lookup


def _looked_up(body: Any, rule: Rule, packet: Packet, matching: Matching) -> tuple[Step, ...]:
    lookup = matching.look_up(body.get("key"), body.get("data"), rule, packet)
    found = [
        ApplyVerdict(one, *next(iter(value.items())))
        for one, value in lookup.found
        if isinstance(value, dict) and value
    ]
    missed = [Continue(one) for one in lookup.missed]
    if lookup.unsure:
        if not found:
            return (ApplyVerdict(packet, UNKNOWN_END, lookup.unsure),)
        every: tuple[Step, ...] = (*found, *missed)
        return (Branch(packet, lookup.unsure, tuple((one,) for one in every)),)
    return (*found, *missed)


def _changed(kind: str, body: Any, packet: Packet, matching: Matching) -> tuple[Packet, _Condition]:
    """Return packets after a statement, and the condition on which it lets them continue."""
    if kind == "notrack" and packet.tracked == "invalid":
        return replace(packet, tracked="untracked"), _NO_CONDITION
    if kind != "mangle" or not isinstance(body, dict):
        return packet, _condition(kind, body, matching)
    return _rewritten(body.get("key"), body.get("value"), packet, matching)


def _rewritten(  # noqa: PLR0911 - an end for each kind of field
    key: Any, value: Any, packet: Packet, matching: Matching
) -> tuple[Packet, _Condition]:
    """Return packets of which a rule sets a mark or rewrites a field."""
    kind, what = next(iter(key.items())) if isinstance(key, dict) and key else ("", {})
    name = str(what.get("key", what.get("field"))) if isinstance(what, dict) else ""
    match kind:
        case "meta" if name == "mark":
            mark = value_of(value, packet, matching.machine)
            return replace(packet, mark=mark), _NO_CONDITION
        case "ct" if name == "mark":
            if packet.tracked not in {"new", "established"}:
                return packet, _NO_CONDITION
            mark = value_of(value, packet, matching.machine)
            return replace(packet, ct_mark=mark), _NO_CONDITION
        case "payload" if name in {"ttl", "hoplimit"} and isinstance(value, int):
            return replace(packet, ttl=((value, value),)), _NO_CONDITION
        case "meta" if name in _HARMLESS_KEYS:
            return packet, _NO_CONDITION
        case "ct" if name in _HARMLESS_CT_KEYS:
            return packet, _NO_CONDITION
        case "payload" if name in _HARMLESS_FIELDS:
            return packet, _NO_CONDITION
        case "tcp option":
            return packet, _NO_CONDITION
    return packet, _Condition(UNKNOWN_END)
