"""The matches of iptables' extensions (iptables-extensions(8)) as those of nftables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Option(NamedTuple):
    """An option, its values, and whether a "!" stands before it."""

    name: str
    values: Sequence[str] = ()
    is_turned: bool = False


Reader = Callable[[Option, str], list[dict[str, Any]] | None]
"""From an option and the family to expressions; None where the option is not understood."""

_STATES = frozenset({"NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"})
_UNITS = {"sec": "second", "min": "minute", "hour": "hour", "day": "day"}
_FULL_MASK = 0xFFFFFFFF
_MASK_AND_FLAGS = 2
_FLAG_WORDS = {"ALL": ["fin", "syn", "rst", "psh", "ack", "urg"], "NONE": []}


_TUPLE_OPTIONS = {
    f"--ct{short}{end}": (f"{kind}{side}" if kind else name, way)
    for short, way in (("orig", "original"), ("repl", "reply"))
    for end, name, kind, side in (
        ("src", "saddr", "", ""),
        ("dst", "daddr", "", ""),
        ("srcport", "", "proto-", "src"),
        ("dstport", "", "proto-", "dst"),
    )
}
_TTL_OPTIONS = {
    "--ttl-eq": "==",
    "--ttl-lt": "<",
    "--ttl-gt": ">",
    "--hl-eq": "==",
    "--hl-lt": "<",
    "--hl-gt": ">",
}
_DAY_NUMBERS = {str(number): number % 7 for number in range(1, 8)}


def compared(left: Any, right: Any, *, is_turned: bool = False) -> dict[str, Any]:
    """Return a match expression, "!=" where it is turned."""
    return {"match": {"op": "!=" if is_turned else "==", "left": left, "right": right}}


def readable(value: str) -> str | int:
    """Return a number as one, and any other word as it is."""
    return int(value) if value.isdecimal() else value


def prefix(value: str) -> Any:
    """Return an address with or without a mask as an address or a network."""
    address, _unused, length = value.partition("/")
    if not length or length == ("128" if ":" in address else "32"):
        return address
    if length.isdecimal():
        return {"prefix": {"addr": address, "len": int(length)}}
    return {"unknown": value}  # a mask with gaps


def _ports(values: Sequence[str]) -> dict[str, Any]:
    found: list[Any] = []
    for value in ",".join(values).split(","):
        low, is_range, high = value.partition(":")
        found.append({"range": [readable(low), readable(high)]} if is_range else readable(low))
    return {"set": found}


def _port(option: Option, protocol: str) -> dict[str, Any] | None:
    side = {"--dport": "dport", "--dports": "dport", "--sport": "sport", "--sports": "sport"}
    if option.name not in side:
        return None
    left = {"payload": {"protocol": protocol, "field": side[option.name]}}
    ports = _ports(option.values)
    only = ports["set"][0] if len(ports["set"]) == 1 else ports
    return compared(left, only, is_turned=option.is_turned)


def _tcp(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if port := _port(option, "tcp"):
        return [port]
    if option.name == "--tcp-flags" and len(option.values) == _MASK_AND_FLAGS:
        mask, wanted = (_FLAG_WORDS.get(value, value.lower().split(",")) for value in option.values)
        flags = {"payload": {"protocol": "tcp", "field": "flags"}}
        return [compared({"&": [flags, mask]}, wanted or 0, is_turned=option.is_turned)]
    return None


def _udp(option: Option, _family: str) -> list[dict[str, Any]] | None:
    port = _port(option, "udp")
    return [port] if port else None


def _several_ports(option: Option, _family: str) -> list[dict[str, Any]] | None:
    port = _port(option, "th")
    return [port] if port else None


def _any_of(key: str, words: list[str], option: Option) -> dict[str, Any]:
    operator = "!" if option.is_turned else "in"
    return {"match": {"op": operator, "left": {"ct": {"key": key}}, "right": words}}


def _tracked(  # noqa: PLR0911 - a line for each option
    option: Option, _family: str
) -> list[dict[str, Any]] | None:
    words = ",".join(option.values).split(",")
    if option.name in {"--ctstate", "--state"} and _STATES.issuperset(words):
        return [_any_of("state", [word.lower() for word in words], option)]
    if (option.name, words) == ("--ctstate", ["DNAT"]) or option.name == "--ctstatus":
        status = [word.lower().replace("_", "-") for word in words]
        if status == ["none"]:
            return None
        return [_any_of("status", status, option)]
    if option.name == "--ctdir":
        direction = {"ct": {"key": "direction"}}
        return [compared(direction, words[0].lower(), is_turned=option.is_turned)]
    if option.name == "--ctproto" and option.values:
        left = {"ct": {"key": "protocol"}}
        return [compared(left, readable(option.values[0]), is_turned=option.is_turned)]
    if option.name in _TUPLE_OPTIONS and option.values:
        key, way = _TUPLE_OPTIONS[option.name]
        left = {"ct": {"key": key, "dir": way}}
        right = _ports(option.values) if key.startswith("proto") else prefix(option.values[0])
        return [compared(left, right, is_turned=option.is_turned)]
    return None


def _address_kind(option: Option, _family: str) -> list[dict[str, Any]] | None:
    side = {"--dst-type": "daddr", "--src-type": "saddr"}.get(option.name)
    if side is None:
        return None
    words = [word.lower() for word in ",".join(option.values).split(",")]
    kind = {"fib": {"result": "type", "flags": [side]}}
    return [compared(kind, {"set": words}, is_turned=option.is_turned)]


def _rate(value: str, *, is_above: bool = False) -> dict[str, Any] | None:
    amount, _unused, unit = value.partition("/")
    per = next((long for short, long in _UNITS.items() if unit.startswith(short)), None)
    if not amount.isdecimal() or per is None:
        return None
    return {"limit": {"rate": int(amount), "per": per, "inv": is_above}}


def _limit(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if option.name == "--limit-burst":
        return []
    rate = (
        _rate(option.values[0])
        if option.name == "--limit" and option.values and not option.is_turned
        else None
    )
    return [rate] if rate else None


def _limit_of_each(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if option.name in {"--hashlimit-upto", "--hashlimit", "--hashlimit-above"} and option.values:
        rate = _rate(option.values[0], is_above=option.name.endswith("above"))
        return [{"meter": {"stmt": rate}}] if rate else None
    return [] if option.name.startswith("--hashlimit-") else None


def _address_range(option: Option, family: str) -> list[dict[str, Any]] | None:
    side = {"--src-range": "saddr", "--dst-range": "daddr"}.get(option.name)
    ends = option.values[0].split("-") if option.values else []
    if side is None or len(ends) != 2:  # noqa: PLR2004 - a first and a last
        return None
    left = {"payload": {"protocol": "ip" if family == "ip" else "ip6", "field": side}}
    return [compared(left, {"range": ends}, is_turned=option.is_turned)]


def _mark(option: Option, _family: str) -> list[dict[str, Any]] | None:
    return _of_mark({"meta": {"key": "mark"}}, option)


def _connection_mark(option: Option, _family: str) -> list[dict[str, Any]] | None:
    return _of_mark({"ct": {"key": "mark"}}, option)


def _of_mark(mark: Any, option: Option) -> list[dict[str, Any]] | None:
    if option.name != "--mark" or not option.values:
        return None
    value, _unused, mask = option.values[0].partition("/")
    try:
        wanted, bits = int(value, 0), int(mask or str(_FULL_MASK), 0)
    except ValueError:
        return None
    return [
        compared(
            mark if bits == _FULL_MASK else {"&": [mark, bits]}, wanted, is_turned=option.is_turned
        )
    ]


def _packet_kind(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if option.name != "--pkt-type" or not option.values:
        return None
    return [compared({"meta": {"key": "pkttype"}}, option.values[0], is_turned=option.is_turned)]


def _way_back(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if option.name in {"--loose", "--validmark", "--accept-local"}:
        return []
    if option.name != "--invert":
        return None
    return [compared({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, right=False)]


def read_recent(options: Sequence[Option]) -> list[dict[str, Any]] | None:
    """Read the count of one source's packets in some seconds, which ufw limits with."""
    words = {option.name: option.values for option in options}
    if "--set" in words:
        return []  # notes the source, and always matches
    count, seconds = words.get("--hitcount"), words.get("--seconds")
    if not ({"--update", "--rcheck"} & set(words) and count and seconds):
        return None
    limit = {"rate": count[0], "per": f"{seconds[0]} s", "inv": True}
    return [{"meter": {"stmt": {"limit": limit}}}]


def read_time(options: Sequence[Option]) -> list[dict[str, Any]] | None:
    """Read a span of the day and some days of the week, which count in UTC."""
    found: list[dict[str, Any]] = []
    words = {option.name: option for option in options}
    if set(words) - {"--timestart", "--timestop", "--weekdays", "--utc"}:
        return None
    start, stop = words.get("--timestart"), words.get("--timestop")
    if start or stop:
        ends = [
            one.values[0] if one else other
            for one, other in ((start, "00:00:00"), (stop, "23:59:59"))
        ]
        found.append(compared({"meta": {"key": "utc hour"}}, {"range": ends}))  # untranslated: nft
    if days := words.get("--weekdays"):
        named = [_DAY_NUMBERS.get(one, one) for one in ",".join(days.values).split(",")]
        left = {"meta": {"key": "utc day"}}  # untranslated: nft
        found.append(compared(left, {"set": named}, is_turned=days.is_turned))
    return found


def read_connections(options: Sequence[Option]) -> list[dict[str, Any]] | None:
    """Read a limit on open connections."""
    for option in options:
        if option.name in {"--connlimit-above", "--connlimit-upto"} and option.values:
            if not option.values[0].isdecimal():
                return None
            is_above = (option.name == "--connlimit-above") != option.is_turned
            count = {"val": int(option.values[0]), **({"inv": True} if is_above else {})}
            return [{"ct count": count}]  # untranslated: nft
    return None


def _plain_range(values: Sequence[str]) -> Any:
    low, is_range, high = (values[0] if values else "").partition(":")
    return (
        {"range": [readable(low or "0"), readable(high or "65535")]} if is_range else readable(low)
    )


def _length(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if option.name != "--length":
        return None
    left = {"meta": {"key": "length"}}
    return [compared(left, _plain_range(option.values), is_turned=option.is_turned)]


def _hops(option: Option, family: str) -> list[dict[str, Any]] | None:
    operator = _TTL_OPTIONS.get(option.name)
    if operator is None or not option.values or not option.values[0].isdecimal():
        return None
    fields = (
        {"protocol": "ip", "field": "ttl"}
        if family == "ip"
        else {"protocol": "ip6", "field": "hoplimit"}
    )
    if option.is_turned:
        operator = {"==": "!="}.get(operator, "")
    match = {"op": operator, "left": {"payload": fields}, "right": int(option.values[0])}
    return [{"match": match}] if operator else None


def _owner(option: Option, _family: str) -> list[dict[str, Any]] | None:
    key = {"--uid-owner": "skuid", "--gid-owner": "skgid"}.get(option.name)
    if key is None or not option.values:
        return None
    low, is_range, high = option.values[0].partition("-")
    right = {"range": [readable(low), readable(high)]} if is_range else readable(low)
    return [compared({"meta": {"key": key}}, right, is_turned=option.is_turned)]


def _processor(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if option.name != "--cpu" or not option.values:
        return None
    return [
        compared({"meta": {"key": "cpu"}}, readable(option.values[0]), is_turned=option.is_turned)
    ]


def _segment_size(option: Option, _family: str) -> list[dict[str, Any]] | None:
    if option.name != "--mss":
        return None
    left = {"tcp option": {"name": "maxseg", "field": "size"}}  # untranslated: nft
    return [compared(left, _plain_range(option.values), is_turned=option.is_turned)]


def _nothing(*_unused: object) -> list[dict[str, Any]]:
    return []


def _no_such_header(*_unused: object) -> list[dict[str, Any]]:
    return [compared({"exthdr": {"name": "rt"}}, right=True)]


def _of_icmp(*_unused: object) -> list[dict[str, Any]]:
    left = {"payload": {"protocol": "icmp", "field": "type"}}
    return [compared(left, 0)]


MATCHES: dict[str, Reader] = {
    "tcp": _tcp,
    "udp": _udp,
    "multiport": _several_ports,
    "conntrack": _tracked,
    "state": _tracked,
    "addrtype": _address_kind,
    "comment": _nothing,
    "limit": _limit,
    "hashlimit": _limit_of_each,
    "iprange": _address_range,
    "mark": _mark,
    "connmark": _connection_mark,
    "length": _length,
    "ttl": _hops,
    "hl": _hops,
    "owner": _owner,
    "cpu": _processor,
    "tcpmss": _segment_size,
    "pkttype": _packet_kind,
    "rpfilter": _way_back,
    "icmp": _of_icmp,
    "icmp6": _of_icmp,
    "rt": _no_such_header,
    "frag": _no_such_header,
    "hbh": _no_such_header,
    "dst": _no_such_header,
}
"""What is understood of each extension; any other is an unknown match."""

WHOLE_MATCHES: dict[str, Callable[[Sequence[Option]], list[dict[str, Any]] | None]] = {
    "recent": read_recent,
    "time": read_time,
    "connlimit": read_connections,
}
"""Extensions whose options mean something only together."""
