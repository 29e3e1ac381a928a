"""What the options of the firewall commands mean."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

from portview.actions.specs.rule_spec import ANY
from portview.cli.arguments import parse_address, parse_start_time
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import ProcessKey
from portview.domain.plain_text import quoted
from portview.domain.user_input.parsing import BadInputError
from portview.firewall.row_question import WINDOWS_KERNEL
from portview.i18n import N_, _
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    import argparse

_UNITS_MS = {"s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_LIFETIME = re.compile(
    r"(?P<number>[0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(?P<unit>s|m|min|h|d)", re.IGNORECASE
)
_LONGEST_MS = 366 * _UNITS_MS["d"]
_LIFETIME_HINT = N_("Write 30m, 1h or 7d; at least 1s and at most 366d.")


def parse_lifetime_ms(text: str) -> int:
    """Read ``30m``, ``1h``, ``7d`` as milliseconds. Raises BadInputError."""
    stripped = text.strip()
    match = _LIFETIME.fullmatch(stripped)
    lifetime = float(match["number"]) * _UNITS_MS[match["unit"].lower()] if match else 0.0
    if match is None or not _UNITS_MS["s"] <= lifetime <= _LONGEST_MS:
        problem = (
            _("{stripped} is not a valid duration for a rule.").format(stripped=quoted(stripped))
            if stripped
            else _("It is empty.")
        )
        raise BadInputError("bad_duration", problem, text, 0, len(text), _(_LIFETIME_HINT))
    return round(lifetime)


def expiry(options: argparse.Namespace, now_ms: int | None = None) -> int | None:
    """Return when the rule of the options is revoked, None for never. Raises PortViewError."""
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    if options.lifetime is not None:
        return now_ms + parse_lifetime_ms(options.lifetime)
    if options.until is None:
        return None
    moment = parse_start_time(options.until)
    if moment <= now_ms:
        raise PortViewError(
            "bad_time",
            _("{until} has passed.").format(until=options.until),
            _("Choose a time in the future, or a duration: --for 1h"),
            Outcome.BAD_INPUT,
        )
    return moment


def awaited_process(options: argparse.Namespace, listener: ProcessKey | None) -> ProcessKey | None:
    """Return the process whose end takes the rule back. Raises PortViewError."""
    if options.until_end is None:
        return None
    pid: str = options.until_end
    if not pid:
        if listener is None:
            raise PortViewError(
                "listener_unknown",
                _("No single process is known to listen on this port now."),
                _("Name it: --until-end PID"),
                Outcome.BAD_INPUT,
            )
        return listener
    key = process_key(int(pid)) if re.fullmatch(r"[1-9][0-9]{0,9}", pid, re.ASCII) else None
    if not isinstance(key, ProcessKey):
        raise PortViewError(
            "no_such_process",
            _("Process {pid} can't be read, or doesn't exist.").format(pid=quoted(pid)),
            _("{command} shows the PID.").format(command=command_line("list")),
            Outcome.BAD_INPUT,
        )
    return key


def full_program(text: str | None) -> str | None:
    """Return the full path of a program that was typed; None stays None, as does ``any``."""
    if text is None or text.lower() == ANY:
        return None
    if text.lower() == WINDOWS_KERNEL.lower():
        return WINDOWS_KERNEL
    # As text: a path that is not there may be a program to come.
    return os.path.abspath(text)  # noqa: PTH100 - Path keeps ".."


def one_remote(text: str | None) -> str | None:
    """Return the one client that is asked about, None for any. Raises PortViewError."""
    return None if text is None or text.lower() == ANY else parse_address(text)


def listed(text: str) -> tuple[str, ...]:
    """Return the parts of a list with commas."""
    return tuple(part.strip() for part in text.split(","))
