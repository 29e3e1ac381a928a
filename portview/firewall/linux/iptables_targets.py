"""The targets of iptables (iptables-extensions(8)) as statements of nftables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any

Reader = Callable[[dict[str, Sequence[str]]], list[dict[str, Any]] | None]
"""From the options of a target to statements; None where they are not understood."""

_FULL_MASK = 0xFFFFFFFF
_MARK, _CT_MARK = {"meta": {"key": "mark"}}, {"ct": {"key": "mark"}}


def _simple(kind: str) -> Reader:
    return lambda _options: [{kind: None}]


def _rejected(options: dict[str, Sequence[str]]) -> list[dict[str, Any]]:
    kind = (options.get("--reject-with") or [""])[0]
    # untranslated: a statement of nft
    return [{"reject": {"type": "tcp reset"} if kind == "tcp-reset" else {"expr": kind}}]


def _sent_on(options: dict[str, Sequence[str]]) -> list[dict[str, Any]] | None:
    values = options.get("--to-destination") or []
    if len(values) != 1:
        return None
    if _is_address(values[0]):
        return [{"dnat": {"addr": values[0]}}]
    host, _unused, port = values[0].rpartition(":")
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


def _marked(options: dict[str, Sequence[str]]) -> list[dict[str, Any]] | None:
    return _set_mark(_MARK, options)


def _set_mark(
    key: dict[str, Any], options: dict[str, Sequence[str]]
) -> list[dict[str, Any]] | None:
    """Return a statement that clears the bits of a mask and turns those of a value."""
    text = (options.get("--set-xmark") or options.get("--set-mark") or [""])[0]
    value, _unused, mask = text.partition("/")
    try:
        number, bits = int(value, 0), int(mask or hex(_FULL_MASK), 0)
    except ValueError:
        return [{"mangle": {"key": key, "value": None}}]
    if bits == _FULL_MASK:
        return [{"mangle": {"key": key, "value": number}}]
    return [{"mangle": {"key": key, "value": _turned(key, bits, number)}}]


def _turned(key: dict[str, Any], mask: int, value: Any) -> dict[str, Any]:
    return {"^": [{"&": [key, _FULL_MASK & ~mask]}, value]}


def _connection_mark(options: dict[str, Sequence[str]]) -> list[dict[str, Any]] | None:
    """Read what saves a packet's mark for its connection, or restores it."""
    is_saved = "--save-mark" in options
    if not is_saved and "--restore-mark" not in options:
        return _set_mark(_CT_MARK, options)
    try:
        of_packet, of_connection = (
            int((options.get(name) or [hex(_FULL_MASK)])[0], 0) for name in ("--nfmask", "--ctmask")
        )
    except ValueError:
        return None
    if is_saved:
        value = _turned(_CT_MARK, of_connection, {"&": [_MARK, of_packet]})
        return [{"mangle": {"key": _CT_MARK, "value": value}}]
    value = _turned(_MARK, of_packet, {"&": [_CT_MARK, of_connection]})
    return [{"mangle": {"key": _MARK, "value": value}}]


def _tracking(options: dict[str, Sequence[str]]) -> list[dict[str, Any]] | None:
    if "--notrack" in options:
        return [{"notrack": None}]
    is_harmless = not any(name.startswith("--zone") for name in options)
    return [{"counter": None}] if is_harmless else None


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
    "CONNMARK": _connection_mark,
    "CT": _tracking,
    "NOTRACK": _simple("notrack"),
    "QUEUE": _simple("queue"),
    "NFQUEUE": _simple("queue"),
    "LOG": _simple("log"),
    "NFLOG": _simple("log"),
    "TEE": _simple("dup"),
}
"""What is understood of each target; any other may do anything."""
