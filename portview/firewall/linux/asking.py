"""What the rules ask of a machine and its traffic beside addresses, ports and states. Pure."""

from __future__ import annotations

from typing import Any

# untranslated: a code
LISTENERS_AT = "listeners at "
"""Before an address: whether any listens there matters only if it is this machine's own."""

# untranslated: statements, as nft names them
_ASKED_BY_KIND = {
    "tcp option": "flags",
    "socket": "listeners",
    "redirect": "listeners",
    "ct count": "connections",
}
_ASKED_BY_KEY = {
    ("payload", "flags"): "flags",
    ("payload", "length"): "flags",
    ("meta", "length"): "flags",
    ("meta", "time"): "time",
    ("meta", "hour"): "time",
    ("meta", "day"): "time",
    ("meta", "skuid"): "listeners",
}


def asked_by(expression: Any) -> set[str]:
    """Return what an expression asks: "flags", "time", "listeners", "connections".

    Also "listeners at ADDRESS", for an address that packets are sent on to.
    """
    if isinstance(expression, list):
        return {asked for one in expression for asked in asked_by(one)}
    if not isinstance(expression, dict):
        return set()
    found: set[str] = set()
    for kind, body in expression.items():
        if asked := _ASKED_BY_KIND.get(kind):
            found.add(asked)
        if kind == "dnat":
            address = body.get("addr") if isinstance(body, dict) else None
            found.add(f"{LISTENERS_AT}{address}" if isinstance(address, str) else "listeners")
        if isinstance(body, dict):
            key = str(body.get("key", body.get("field"))).removeprefix("utc ")
            if asked := _ASKED_BY_KEY.get((kind, key)):
                found.add(asked)
        found |= asked_by(body)
    return found


def limits_of(expression: Any) -> set[int]:
    """Return the limits on open connections in an expression."""
    if isinstance(expression, list):
        return {limit for one in expression for limit in limits_of(one)}
    if not isinstance(expression, dict):
        return set()
    body = expression.get("ct count")  # untranslated: nft
    own = {body["val"]} if isinstance(body, dict) and isinstance(body.get("val"), int) else set()
    return own | {limit for one in expression.values() for limit in limits_of(one)}
