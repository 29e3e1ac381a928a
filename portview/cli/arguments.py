"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portview.command_name import command_line
from portview.domain.address_matching import parse_socket_address
from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Endpoint, Protocol, canonical_address
from portview.domain.user_input.hosts import parse_host
from portview.domain.user_input.parsing import parse_port
from portview.domain.user_input.targets import parse_local_port
from portview.i18n import _

if TYPE_CHECKING:
    import argparse

    from portview.domain.user_input.targets import LocalPort

_LONGEST_GRACE_S = 600.0


def add_change_options(parser: argparse.ArgumentParser, *, with_grace: bool = True) -> None:
    """Add the options of a command that changes the machine."""
    parser.add_argument(
        "--dry-run", action="store_true", help=_("only show what would be done; change nothing")
    )
    parser.add_argument("--yes", action="store_true", help=_("don't ask for confirmation"))
    parser.add_argument(
        "--elevate",
        action="store_true",
        help=_("where administrator rights are needed, have the system ask for them"),
    )
    if with_grace:
        parser.add_argument(
            "--grace",
            metavar="SECONDS",
            default="5",
            help=_("how long something may take to close by itself (default: 5)"),
        )
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))


def add_port_argument(parser: argparse.ArgumentParser) -> None:
    """Add the port that a command is about, and its protocol; ``settle_port`` reads both."""
    parser.add_argument("port", metavar="PORT", help=_("the port's number, or a URL that has it"))
    parser.add_argument(
        "--proto",
        choices=[protocol.value for protocol in Protocol],
        help=_("which protocol (default: tcp)"),
    )


def settle_port(options: argparse.Namespace) -> LocalPort:
    """Read what ``add_port_argument`` took, and put number and protocol into the options.

    A protocol may be typed with the port, as in ``53/udp``. Raises PortViewError.
    """
    typed = parse_local_port(options.port, options.proto or "")
    options.port = typed.port
    options.proto = options.proto or typed.transport or Protocol.TCP.value
    return typed


def parse_grace(text: str) -> float:
    """Read a number of seconds. Raises PortViewError."""
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_GRACE_S:
        raise _bad_input(
            "bad_grace",
            _("{text} is not a valid grace time.").format(text=quoted(text)),
            _("Seconds from 0 to 600."),
        )
    return seconds


def parse_address(text: str | None) -> str | None:
    """Read a numeric address in any form, with or without brackets. Raises PortViewError."""
    if text is None:
        return None
    bare = text.removeprefix("[").removesuffix("]")
    if parse_socket_address(bare) is not None and re.search(r"%[^\s%]+\Z", bare):
        return canonical_address(bare)  # With a device, as PortView and ss write it: 0.0.0.0%eth0.
    address = canonical_address(parse_host(bare))
    if not _is_numeric(address):
        raise _bad_input(
            "bad_address",
            _("{text} is not a valid address.").format(text=quoted(text)),
            "An address such as 127.0.0.1 or ::1.",
        )
    return address


def parse_endpoint(text: str) -> Endpoint:
    """Read ``127.0.0.1:80`` or ``[::1]:80``. Raises PortViewError."""
    host, colon, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not is_bracketed):
        raise _bad_input(
            "bad_endpoint",
            _("{text} is not a valid endpoint.").format(text=quoted(text)),
            _("Write it like the output of {command}: 127.0.0.1:80 or [::1]:80.").format(
                command=command_line("list")
            ),
        )
    address = parse_address(host)
    if address is None:
        raise AssertionError  # A text gives an address or an error.
    return Endpoint(address, parse_port(port))


def parse_start_time(text: str) -> int:
    """Read an ISO 8601 time with its offset; return Unix milliseconds. Raises PortViewError."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _bad_input(
            "bad_time",
            _("{text} is not a time with its offset.").format(text=quoted(text)),
            _(
                "Write it like “process_started” in the output of {command}: "
                "2026-01-31T08:15:00.250Z"
            ).format(command=command_line("list", "--json")),
        )
    return round((moment.astimezone(UTC) - datetime.fromtimestamp(0, UTC)).total_seconds() * 1000)


def _is_numeric(address: str) -> bool:
    return ":" in address or address.replace(".", "").isdecimal()


def _bad_input(code: str, message: str, hint: str) -> PortViewError:
    return PortViewError(code, message, hint, Outcome.BAD_INPUT)
