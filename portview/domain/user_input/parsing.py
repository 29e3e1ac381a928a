"""Ports, port lists and durations as people type them, and the error that shows the mistake."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.i18n import N_, _, without_full_stop

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PORT = 65535
_PORT_HINT = N_("A port is a number from 1 to {most}.")

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000}
_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]*)")
MAX_TIMEOUT_MS = 3_600_000


class BadInputError(PortViewError):
    """A mistake in something typed: where it stands and how to put it right.

    ``position`` counts characters of ``text`` from 0; ``length`` may be 0, where something is
    missing.
    """

    def __init__(  # noqa: PLR0917 - read in the order of the words that come out
        self,
        code: str,
        problem: str,
        text: str,
        position: int,
        length: int,
        hint: str,
    ) -> None:
        """Create an error that points into a text."""
        message = problem
        if text:
            message = _("{rstrip} (in {text}, at character {position}).").format(
                rstrip=without_full_stop(problem), text=quoted(text), position=position + 1
            )
        super().__init__(code, message, hint, Outcome.BAD_INPUT)
        self.problem = problem
        self.text = text
        self.position = position
        self.length = length


def _port_hint() -> str:
    return _(_PORT_HINT).format(most=MAX_PORT)


def parse_port(text: str, start: int = 0, end: int | None = None) -> int:
    """Read one port from a part of a text. Raises BadInputError."""
    end = len(text) if end is None else end
    digits = text[start:end]
    if not digits:
        raise BadInputError("bad_port", _("The port is missing."), text, start, 0, _port_hint())
    if not (digits.isascii() and digits.isdecimal()):
        raise BadInputError(
            "bad_port",
            _("{digits} is not a port.").format(digits=quoted(digits)),
            text,
            start,
            len(digits),
            _port_hint(),
        )
    # A bounded length first: turning thousands of digits into a number is slow and refused.
    significant = digits.lstrip("0")
    if not significant or len(significant) > len(str(MAX_PORT)) or int(significant) > MAX_PORT:
        shown = digits if len(digits) <= len("65535000") else f"{digits[:8]}..."
        raise BadInputError(
            "bad_port",
            _("There is no port {shown}.").format(shown=shown),
            text,
            start,
            len(digits),
            _port_hint(),
        )
    return int(significant)


def parse_ports(text: str) -> tuple[int, ...]:
    """Read a list such as ``1-1024,8080``: sorted, each port once. Raises BadInputError.

    Lists are of TCP ports, so ``8080/tcp`` and ``:8080``, as other programs print them, are meant.
    """
    ports: set[int] = set()
    at = 0
    for part in text.split(","):
        stripped = part.strip()
        start = at + (part.index(stripped) if stripped else 0)
        if not stripped:
            raise BadInputError(
                "bad_ports", _("A port is missing."), text, at, len(part), "Write 80 or 80-90."
            )
        end = start + len(stripped.lower().removesuffix("/tcp"))
        start += stripped.startswith(":")
        ports.update(_parse_range(text, start, end))
        at += len(part) + 1
    return tuple(sorted(ports))


def _parse_range(text: str, start: int, end: int) -> range:
    dash = text.find("-", start, end)
    if dash < 0:
        port = parse_port(text, start, end)
        return range(port, port + 1)
    for side_start, side_end, name in ((start, dash, "first"), (dash + 1, end, "last")):
        if not text[side_start:side_end].strip():
            raise BadInputError(
                "bad_ports",
                _("The range has no {name} port.").format(name=name),
                text,
                side_start,
                0,
                _("Write both ends, like 80-90."),
            )
    first = parse_port(text, start, start + len(text[start:dash].rstrip()))
    last_at = dash + 1 + len(text[dash + 1 : end]) - len(text[dash + 1 : end].lstrip())
    last = parse_port(text, last_at, end)
    if last < first:
        raise BadInputError(
            "bad_ports",
            _("The range ends before it starts: {first} is more than {last}.").format(
                first=first, last=last
            ),
            text,
            start,
            end - start,
            _("Write {last}-{first}.").format(last=last, first=first),
        )
    return range(first, last + 1)


def format_ports(ports: Iterable[int]) -> str:
    """Write ports as a list with ranges, which ``parse_ports`` reads back: ``80,8000-8003``."""
    ordered = sorted(set(ports))
    if not ordered:
        return ""
    starts = [ordered[0], *(b for a, b in pairwise(ordered) if b != a + 1)]
    ends = [*(a for a, b in pairwise(ordered) if b != a + 1), ordered[-1]]
    return ",".join(
        str(first) if first == last else f"{first}-{last}"
        for first, last in zip(starts, ends, strict=True)
    )


def parse_count(text: str, most: int) -> int:
    """Read a whole number from 1 to ``most``. Raises BadInputError."""
    digits = text.strip()
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= len(str(most))
    if not is_number or not 1 <= int(digits) <= most:
        raise BadInputError(
            "bad_number",
            _("{digits} is not a number from 1 to {most}.").format(digits=quoted(digits), most=most)
            if digits
            else _("The number is missing."),
            text,
            0,
            len(text),
            _("Choose a number from 1 to {most}.").format(most=most),
        )
    return int(digits)


def parse_duration_ms(text: str, max_ms: int = MAX_TIMEOUT_MS) -> int:
    """Read ``500ms``, ``30`` or ``30s``, ``1.5s``, ``2m``, ``1h`` as milliseconds.

    The result is a whole number, at least 1. Raises BadInputError, also for more than ``max_ms``.
    """
    stripped = text.strip()
    at = text.index(stripped) if stripped else 0
    match = _DURATION.fullmatch(stripped)
    if match is None:
        raise BadInputError(
            "bad_duration",
            _("{stripped} is not a duration.").format(stripped=quoted(stripped))
            if stripped
            else _("The duration is missing."),
            text,
            at,
            len(stripped),
            "Write 500ms, 30s or 2m.",
        )
    unit = match["unit"].lower() or "s"
    if unit not in _UNIT_MS:
        raise BadInputError(
            "bad_duration",
            _("{match} is not a unit of time.").format(match=quoted(match["unit"])),
            text,
            at + match.start("unit"),
            len(match["unit"]),
            _("Use ms, s, m or h."),
        )
    # float("9" * 400) is infinite, not an error, so the comparison below catches it.
    duration_ms = float(match["number"]) * _UNIT_MS[unit]
    if not 1 <= duration_ms <= max_ms:
        limit = (
            _("at most {duration}").format(duration=format_duration(max_ms))
            if duration_ms > max_ms
            else _("at least 1 ms")
        )
        raise BadInputError(
            "bad_duration",
            _("{stripped} is too {part}.").format(
                stripped=stripped, part="long" if duration_ms > max_ms else "short"
            ),
            text,
            at,
            len(stripped),
            _("Choose {limit}.").format(limit=limit),
        )
    return round(duration_ms)


def format_duration(duration_ms: float) -> str:
    """Write a duration for people in the unit that fits: ``850 ms``, ``2.5 s``, ``3 min``."""
    seconds = 1000
    minute, hour = _UNIT_MS["m"], _UNIT_MS["h"]
    if duration_ms < seconds:
        return _("{amount} ms").format(amount=f"{duration_ms:.3g}")
    if duration_ms < 2 * minute:
        return _("{amount} s").format(amount=f"{duration_ms / seconds:.3g}")
    if duration_ms < 2 * hour:
        return _("{amount} min").format(amount=f"{duration_ms / minute:.3g}")
    return _("{amount} h").format(amount=f"{duration_ms / hour:.3g}")
