"""What narrows a rule, in short phrases for people. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.firewall.linux.steps import rate_text
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.firewall.linux.ruleset import Expression, Rule

_MOST_VALUES = 5
_PAYLOADS = {
    "saddr": N_("from"),
    "daddr": N_("to"),
    "sport": N_("from port"),
    "dport": N_("port"),
    "protocol": N_("protocol"),
    "nexthdr": N_("protocol"),
    "flags": N_("TCP flags"),
}
_META = {
    "l4proto": N_("protocol"),
    "nfproto": N_("over"),
    "iif": N_("in through"),
    "iifname": N_("in through"),
    "oif": N_("out through"),
    "oifname": N_("out through"),
    "pkttype": N_("packets of kind"),
    "mark": N_("mark"),
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
        turned = "not " if body.get("op") == "!=" else ""
        operator = str(body.get("op"))
        bound = f"{operator} " if operator in {"<", ">", "<=", ">="} else ""
        yield f"{turned}{_left(body.get('left'))} {bound}{_values(body.get('right'))}"
    elif kind == "vmap" and isinstance(body, dict):
        yield _("by {left}").format(left=_left(body.get("key")))
    elif kind == "limit" and isinstance(body, dict):
        yield f"{'above' if body.get('inv') else 'below'} {rate_text(body)}"
    elif kind in {"limit", "quota"}:
        yield f"{kind} {body}"
    elif kind == "meter":
        yield _("by what each source sent before")
    elif kind == "xt" and isinstance(body, dict) and body.get("type") == "match":
        yield _("the match {get} of iptables").format(get=body.get("name"))


def _is_of_icmp(left: Any) -> bool:
    payload = left.get("payload") if isinstance(left, dict) else None
    return isinstance(payload, dict) and str(payload.get("protocol")).startswith("icmp")


def _left(left: Any) -> str:  # noqa: PLR0911 - a line for each kind
    if not isinstance(left, dict) or len(left) != 1:
        return "something"
    kind, body = next(iter(left.items()))
    if kind == "concat" and isinstance(body, list):
        return " and ".join(map(_left, body))
    if kind == "&" and isinstance(body, list) and body:
        return _left(body[0])
    if not isinstance(body, dict):
        return str(kind)
    if kind == "payload":
        name = str(body.get("field", "bytes"))
        return _(_PAYLOADS.get(name, "")) or f"{body.get('protocol', '')} {name}".strip()
    if kind == "meta":
        key = str(body.get("key"))
        # untranslated: as nft writes it
        return _(_META.get(key, "")) or f"meta {key}"
    if kind == "ct" and body.get("key") == "state":
        return _("state of connection")
    if kind == "fib":
        side = "target" if "daddr" in (body.get("flags") or ()) else "source"
        return (
            _("{side} address of kind").format(side=side)
            if body.get("result") == "type"
            else _("way back exists:")
        )
    if kind == "exthdr":
        return _("header {get} present:").format(get=body.get("name"))
    return f"{kind} {body.get('key', body.get('name', ''))}".strip()


def _values(right: Any) -> str:
    values = right.get("set") if isinstance(right, dict) and "set" in right else right
    if not isinstance(values, list):
        return _value(values)
    shown = ", ".join(map(_value, values[:_MOST_VALUES]))
    more = len(values) - _MOST_VALUES
    return _("{shown} and {more} more").format(shown=shown, more=more) if more > 0 else shown


def _value(value: Any) -> str:  # noqa: PLR0911 - likewise
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, dict):
        return str(value)
    if "prefix" in value:
        return f"{value['prefix'].get('addr')}/{value['prefix'].get('len')}"
    if "range" in value:
        return "-".join(map(_value, value["range"]))
    if "concat" in value:
        return " and ".join(map(_value, value["concat"]))
    if "elem" in value:
        return _value(value["elem"].get("val"))
    return "something"
