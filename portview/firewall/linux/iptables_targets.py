"""The targets of iptables (iptables-extensions(8)) as statements of nftables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

Reader = Callable[[dict[str, Sequence[str]]], list[dict[str, Any]] | None]
"""From the options of a target to statements; None where they are not understood."""

_FULL_MASK = 0xFFFFFFFF


def _simple(kind: str) -> Reader:
    return lambda _options: [{kind: None}]


def _rejected(options: dict[str, Sequence[str]]) -> list[dict[str, Any]]:
    kind = (options.get("--reject-with") or [""])[0]
    return [{"reject": {"type": "tcp reset"} if kind == "tcp-reset" else {"expr": kind}}]


def _sent_on(options: dict[str, Sequence[str]]) -> list[dict[str, Any]] | None:
    values = options.get("--to-destination") or []
    if len(values) != 1:
        return None
    if _is_address(values[0]):
        return [{"dnat": {"addr": values[0]}}]
    host, _, port = values[0].rpartition(":")
    address = host.strip("[]")
    if not port.isdecimal() or (host and not _is_address(address)):
        return None
    return [{"dnat": {"addr": address, "port": int(port)} if host else {"port": int(port)}}]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _redirected(options: dict[str, Sequence[str]]) -> list[dict[str, Any]] | None:
    values = options.get("--to-ports") or []
    if not values:
        return [{"redirect": None}]
    return [{"redirect": {"port": int(values[0])}}] if values[0].isdecimal() else None


def _marked(options: dict[str, Sequence[str]]) -> list[dict[str, Any]]:
    value, _, mask = (options.get("--set-xmark") or options.get("--set-mark") or [""])[0].partition(
        "/"
    )
    is_whole = not mask or int(mask, 0) == _FULL_MASK
    number = int(value, 0) if value and is_whole else None
    return [{"mangle": {"key": {"meta": {"key": "mark"}}, "value": number}}]


def _tracking(options: dict[str, Sequence[str]]) -> list[dict[str, Any]]:
    return [{"notrack": None}] if "--notrack" in options else [{"counter": None}]


TARGETS: dict[str, Reader] = {
    "ACCEPT": _simple("accept"),
    "DROP": _simple("drop"),
    "RETURN": _simple("return"),
    "REJECT": _rejected,
    "DNAT": _sent_on,
    "REDIRECT": _redirected,
    "SNAT": _simple("masquerade"),
    "MASQUERADE": _simple("masquerade"),
    "MARK": _marked,
    "CT": _tracking,
    "NOTRACK": _simple("notrack"),
    "QUEUE": _simple("queue"),
    "NFQUEUE": _simple("queue"),
    "LOG": _simple("log"),
    "NFLOG": _simple("log"),
    "TEE": _simple("dup"),
}
"""What is understood of each target; any other may do anything."""
