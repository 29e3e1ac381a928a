"""The options of ``watch`` and its actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.i18n import _

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from portview.domain.errors import Outcome

    Run = Callable[[argparse.Namespace], Outcome]

# Importing the rules would cost the other verbs' help; a test compares these with them.
EXPECTATIONS = (
    "listening", "free", "held_by", "tcp", "udp", "http", "tls", "service", "no_new_listeners",
    "not_exposed", "sockets", "dynamic_ports", "not_reserved", "resources",
)  # fmt: skip
TEXT_KEYS = (
    "protocol", "address", "host", "url", "program", "service", "state", "resource", "contains",
    "for", "interval", "timeout", "retry_interval", "remind", "within", "backoff", "settle",
)  # fmt: skip
INTEGER_KEYS = ("port", "retries", "failures", "successes", "attempts")
NUMBER_KEYS = ("above", "days")
LIST_KEYS = ("notify", "baseline", "depends_on", "maintenance")
INTEGER_LIST_KEYS = ("status",)


class Actions:
    """Adds the actions of ``watch`` to its parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._verbs = parser.add_subparsers(required=True, dest="WATCH", metavar="ACTION")

    def add(self, name: str, run: Run, text: str, more: str = "") -> argparse.ArgumentParser:
        """Add one action with its options for JSON."""
        parser: argparse.ArgumentParser = self._verbs.add_parser(
            name, help=text, description=more or f"{text[:1].upper()}{text[1:]}."
        )
        parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
        parser.set_defaults(run=run)
        return parser


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Add an option for every key that a watch may have, but for ``repair``."""
    parser.add_argument("name", metavar="NAME", help=_("a name that no other watch has"))
    parser.add_argument(
        "--expect", choices=EXPECTATIONS, default="listening", help=_("default: listening")
    )
    for key in TEXT_KEYS:
        parser.add_argument(_option(key), dest=f"key_{key}", metavar="TEXT")
    for key in INTEGER_KEYS:
        parser.add_argument(_option(key), dest=f"key_{key}", type=int, metavar="NUMBER")
    for key in NUMBER_KEYS:
        parser.add_argument(_option(key), dest=f"key_{key}", type=float, metavar="NUMBER")
    for key in LIST_KEYS:
        parser.add_argument(
            _option(key), dest=f"key_{key}", action="append", metavar="TEXT", help=_("repeatable")
        )
    for key in INTEGER_LIST_KEYS:
        parser.add_argument(
            _option(key), dest=f"key_{key}", action="append", type=int, metavar="NUMBER",
            help=_("repeatable"),
        )  # fmt: skip


def key_values(options: argparse.Namespace) -> dict[str, object]:
    """Return the keys of a watch that were given, in the order of the file's documentation."""
    values: dict[str, object] = {"name": options.name, "expect": options.expect}
    for key in (*INTEGER_KEYS, *TEXT_KEYS, *NUMBER_KEYS, *INTEGER_LIST_KEYS, *LIST_KEYS):
        value = getattr(options, f"key_{key}")
        if value is not None:
            values[key] = int(value) if isinstance(value, float) and value.is_integer() else value
    return values


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"
