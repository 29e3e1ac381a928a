"""``--host``, ``--hosts`` and ``--group``: the same command, asked on other machines."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from portview.cli.console import print_json, print_line, print_note
from portview.domain.errors import Outcome
from portview.domain.plain_text import inert_lines
from portview.i18n import _

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from portview.hosts.asking import HostAnswer

_OPTIONS = ("--host", "--hosts", "--group")
_SHORTEST_PREFIX = {"--ho", "--gr"}
_KEYS = {
    "list": "sockets",
    "why": "causes",
    "what": "sockets",
    "watch": "watches",
    "history": "spans",
}
"""What the document of each verb has, by which an answer is known to be one."""

_FINDERS = frozenset({"list", "what", "history"})
"""Verbs that look for something: found on one machine is found."""


def add_host_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a verb that can be asked elsewhere."""
    group = parser.add_argument_group(_("other machines, over ssh"))
    group.add_argument(
        "--host", action="append", metavar="NAME", help=_("ask there; may be given again")
    )
    group.add_argument("--hosts", metavar="FILE", help=_("ask every machine that a file names"))
    group.add_argument("--group", metavar="NAME", help=_("only a [group] of that file"))


def asks_elsewhere(options: argparse.Namespace) -> bool:
    """Return whether other machines are meant."""
    # `scan HOST` has a host as well, which is what it scans.
    return hasattr(options, "hosts") and any(
        getattr(options, name) is not None for name in ("host", "hosts", "group")
    )


def run_elsewhere(options: argparse.Namespace, arguments: Sequence[str]) -> Outcome:
    """Ask every machine, print what they answer, and return what all of it comes to."""
    from portview.hosts.asking import (  # noqa: PLC0415 - loaded when wanted
        as_document,
        as_text,
        ask_hosts,
        hosts_document,
    )
    from portview.hosts.names import all_hosts  # noqa: PLC0415 - likewise

    file = Path(options.hosts) if options.hosts is not None else None
    hosts = all_hosts(options.host or (), file, options.group)
    verb = arguments[0]
    read = partial(as_document, key=_KEYS[verb]) if options.json else as_text
    answers: list[HostAnswer] = []
    for answer in ask_hosts(hosts, without_hosts(arguments), read):
        answers.append(answer)
        if not options.json:
            _print_answer(answer)
    if options.json:
        print_json(hosts_document(answers))
    for answer in answers:
        if not answer.is_known:
            print_note(_("{host}: unknown ({reason})").format(
                host=answer.host, reason=answer.reason
            ))  # fmt: skip
    return _outcome(verb, answers, is_strict=getattr(options, "strict", False))


def without_hosts(arguments: Sequence[str]) -> list[str]:
    """Return a command line without the options of this file, abbreviated ones included."""
    left: list[str] = []
    is_value = False
    for place, argument in enumerate(arguments):
        name, equals, _value = argument.partition("=")
        if is_value:
            is_value = False
        elif argument == "--":
            return [*left, *arguments[place:]]
        elif name[:4] in _SHORTEST_PREFIX and any(each.startswith(name) for each in _OPTIONS):
            is_value = not equals
        else:
            left.append(argument)
    return left


def _print_answer(answer: HostAnswer) -> None:
    print_line(f"[{answer.host}]")
    if not answer.is_known:
        print_line(_("unknown: {reason}").format(reason=answer.reason))
    elif answer.text:
        print_line(inert_lines(answer.text).rstrip("\n"))
    print_line()


def _outcome(verb: str, answers: Sequence[HostAnswer], *, is_strict: bool) -> Outcome:
    codes = [answer.code for answer in answers if answer.is_known]
    has_unknown = len(codes) < len(answers)
    if verb == "watch":
        fires = any(codes)
        return Outcome.NOT_DONE if fires or (has_unknown and is_strict) else Outcome.DONE
    if has_unknown:
        return Outcome.NOT_DONE
    return Outcome(min(codes) if verb in _FINDERS else max(codes))
