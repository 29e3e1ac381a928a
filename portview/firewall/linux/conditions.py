"""What narrows a rule, in short phrases for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.firewall.linux.steps import rate_text
from portview.i18n import N_, _, join_and, join_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.firewall.linux.ruleset import Expression, Rule

_MOST_VALUES = 5
_PAYLOADS = {
    "saddr": N_("from {values}"),
    "daddr": N_("to {values}"),
    "sport": N_("from port {values}"),
    "dport": N_("port {values}"),
    "protocol": N_("protocol {values}"),
    "nexthdr": N_("protocol {values}"),
    "flags": N_("TCP flags {values}"),
}
_META = {
    "l4proto": N_("protocol {values}"),
    "nfproto": N_("over {values}"),
    "iif": N_("in through {values}"),
    "iifname": N_("in through {values}"),
    "oif": N_("out through {values}"),
    "oifname": N_("out through {values}"),
    "pkttype": N_("packets of kind {values}"),
    "mark": N_("mark {values}"),
}


def conditions_of(rule: Rule) -> tuple[str, ...]:
    """Return each condition of a rule as a phrase, those that PortView does not know as nft's."""
    return tuple(phrase for one in rule.expressions for phrase in _phrases(one))


def _phrases(expression: Expression) -> Iterator[str]:
    kind, body = next(iter(expression.items()))
    if kind == "match" and isinstance(body, dict):
        if _is_of_icmp(body.get("left")):
            yield _("ICMP of one kind")
            return
        operator = str(body.get("op"))
        bound = f"{operator} " if operator in {"<", ">", "<=", ">="} else ""
        phrase = _left(body.get("left")).format(values=f"{bound}{_values(body.get('right'))}")
        yield _("not {condition}").format(condition=phrase) if operator == "!=" else phrase
    elif kind == "vmap" and isinstance(body, dict):
        yield _("by {key}").format(key=_left(body.get("key")).format(values="").strip())
    elif kind == "limit" and isinstance(body, dict):
        rate = _("above {rate}") if body.get("inv") else _("below {rate}")
        yield rate.format(rate=rate_text(body))
    elif kind in {"limit", "quota"}:
        yield f"{kind} {body}"
    elif kind == "meter":
        yield _("by what each source sent before")
    elif kind == "xt" and isinstance(body, dict) and body.get("type") == "match":
        yield _("the match {get} of iptables").format(get=body.get("name"))


def _is_of_icmp(left: Any) -> bool:
    payload = left.get("payload") if isinstance(left, dict) else None
    return isinstance(payload, dict) and str(payload.get("protocol")).startswith("icmp")


def _left(left: Any) -> str:
    """Return a template with the field ``values`` for what is compared with them."""
    if not isinstance(left, dict) or len(left) != 1:
        return _("something {values}")
    kind, body = next(iter(left.items()))
    if kind == "concat" and isinstance(body, list):
        # Every part but the last without values: they are compared together.
        parts = [_left(part).format(values="").strip() for part in body]
        return f"{_escaped(join_and(parts))} {{values}}"
    if kind == "&" and isinstance(body, list) and body:
        return _left(body[0])
    words = _words_of_left(kind, body) if isinstance(body, dict) else ""
    return words or f"{_escaped(_as_nft_has_it(kind, body))} {{values}}"


def _words_of_left(kind: str, body: dict[str, Any]) -> str:  # noqa: PLR0911 - likewise
    if kind == "payload":
        return _(_PAYLOADS.get(str(body.get("field")), ""))
    if kind == "meta":
        return _(_META.get(str(body.get("key")), ""))
    if kind == "ct" and body.get("key") == "state":
        return _("state of connection {values}")
    if kind == "fib" and body.get("result") != "type":
        return _("way back exists: {values}")
    if kind == "fib":
        return (
            _("target address of kind {values}")
            if "daddr" in (body.get("flags") or ())
            else _("source address of kind {values}")
        )
    if kind == "exthdr":
        name = _escaped(str(body.get("name")))
        return _("header {name} present: {values}").format(name=name, values="{values}")
    return ""


def _as_nft_has_it(kind: str, body: Any) -> str:
    if not isinstance(body, dict):
        return kind
    if kind == "payload":
        return f"{body.get('protocol', '')} {body.get('field', 'bytes')}".strip()
    return f"{kind} {body.get('key', body.get('name', ''))}".strip()


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _values(right: Any) -> str:
    values = right.get("set") if isinstance(right, dict) and "set" in right else right
    if not isinstance(values, list):
        return _value(values)
    shown = join_list(map(_value, values[:_MOST_VALUES]))
    more = len(values) - _MOST_VALUES
    return _("{shown} and {more} more").format(shown=shown, more=more) if more > 0 else shown


def _value(value: Any) -> str:  # noqa: PLR0911 - likewise
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if not isinstance(value, dict):
        return str(value)
    if "prefix" in value:
        return f"{value['prefix'].get('addr')}/{value['prefix'].get('len')}"
    if "range" in value:
        return "-".join(map(_value, value["range"]))
    if "concat" in value:
        return join_and([_value(one) for one in value["concat"]])
    if "elem" in value:
        return _value(value["elem"].get("val"))
    return _("something")
