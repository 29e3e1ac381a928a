"""What netsh prints, byte by byte, and what PortView reads in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.readers.port_ranges import parse_dynamic_range, parse_excluded_ranges
from portview.readers.windows.console_text import console_code_page, decode_console
from portview.readers.windows.http_state_text import parse_service_state, parse_url_reservations
from portview.readers.windows.netsh import NetshAnswer, ask_netsh

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.selftest.redaction import Redactor

COMMANDS = {
    "excluded_tcp": ("interface", "ipv4", "show", "excludedportrange", "protocol=tcp"),
    "dynamic_tcp": ("interface", "ipv4", "show", "dynamicport", "protocol=tcp"),
    "service_state": ("http", "show", "servicestate", "view=requestq"),
    "url_reservations": ("http", "show", "urlacl"),
}
_MOST_BYTES = 40_000


def read_netsh(redactor: Redactor, ask: Callable[..., NetshAnswer] = ask_netsh) -> dict[str, Any]:
    """Run every command that PortView reads. Some 100 ms each, at most 10 s; any thread.

    The bytes are those of the redacted text, in the code page in which they were printed.
    """
    page = console_code_page()
    read: dict[str, Any] = {"code_page": page}
    for name, words in COMMANDS.items():
        answer = ask(*words)
        text = redactor.text(decode_console(answer.output, page))
        raw = encode_console(text, page)[:_MOST_BYTES]
        read[name] = {
            "problem": answer.problem,
            "bytes": len(answer.output),
            "raw": raw.hex(),
            "read": parsed(name, raw, page),
        }
    return read


def parsed(name: str, raw: bytes, page: int) -> Any:
    """Return what PortView reads in the output of a command, as JSON has it."""
    text = decode_console(raw, page)
    if name == "excluded_tcp":
        return [[one.first, one.last, one.is_administered] for one in parse_excluded_ranges(text)]
    if name == "dynamic_tcp":
        found = parse_dynamic_range(text)
        return [found.first, found.last] if found else None
    if name == "service_state":
        return [
            {"url": one.url, "port": one.port, "pids": list(one.pids), "queue": one.queue}
            for one in parse_service_state(text)
        ]
    return [{"url": one.url, "port": one.port} for one in parse_url_reservations(text)]


def encode_console(text: str, page: int) -> bytes:
    """Return text in a code page; what it has no letter for becomes a question mark."""
    codec = "utf-8" if page == 65001 else f"cp{page}"  # noqa: PLR2004 - UTF-8's number
    try:
        return text.encode(codec, "replace")
    except LookupError:
        return text.encode("ascii", "replace")
