"""``selftest``: what this machine answers to PortView's calls, and a record of it to send."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portview.cli.consent import is_interactive, require_consent
from portview.cli.console import print_json, print_line, print_note
from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.selftest.record import SECTIONS, make_record, problems_of

if TYPE_CHECKING:
    import argparse

RECORD_NAME = "selftest.json"
_LONGEST = 400


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``selftest`` to the command line."""
    parser = commands.add_parser(
        "selftest",
        help=_("check what this machine answers to PortView's calls"),
        description=_(
            "Reads everything that PortView relies on and says what failed. It changes nothing: it "
            "opens sockets of its own on loopback, and as administrator on Windows it counts and "
            "closes a connection of its own."
        ),
        epilog=_(
            "The record holds no names of users, computers and hosts, no paths outside of the "
            "system's folders, and other IP addresses than yours. You see it before it is "
            "written. Exit code 1 if something failed."
        ),
    )
    parser.add_argument("--json", action="store_true", help=_("print the record as JSON"))
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE.zip",
        help=_("write the record to a file, to send with a report"),
    )
    parser.add_argument(
        "--section",
        action="append",
        choices=[section.name for section in SECTIONS],
        help=_("read only this part; may be repeated"),
    )
    parser.add_argument("--yes", action="store_true", help=_("write the file without asking"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Read, report, and write where the person agrees."""
    target: Path | None = options.record
    if target is not None and target.exists():
        raise PortViewError(
            "file_exists",
            _("{file} is there already.").format(file=inert(str(target), _LONGEST)),
            _("Choose another name."),
            Outcome.BAD_INPUT,
        )
    record = make_record(
        lambda name: print_note(_("Reading {name}…").format(name=name)),
        tuple(one for one in SECTIONS if not options.section or one.name in options.section),
    )
    problems = problems_of(record)
    if options.json:
        print_json({**record, "problems": problems})
    else:
        _report(record, problems)
    if target is not None:
        _write(target, record, options)
    return Outcome.NOT_DONE if problems else Outcome.DONE


def _report(record: dict[str, Any], problems: list[str]) -> None:
    for name, section in record["sections"].items():
        line = f"{section['status']:8} {name:16} {section['took_ms']:>8} ms"
        print_line(line)
    for problem in problems:
        print_line(inert(problem, _LONGEST))
    if not problems:
        print_line(_("Nothing failed."))


def _write(target: Path, record: dict[str, Any], options: argparse.Namespace) -> None:
    """Show what would be written, ask, and write it. Raises PortViewError."""
    text = json.dumps(record, ensure_ascii=False, indent=1)
    if not options.yes and not options.json:
        for line in text.splitlines():
            print_line(inert(line, len(line) or 1))
    if not options.yes and (options.json or not is_interactive()):
        raise PortViewError(
            "not_confirmed",
            _("The record was not written, because confirmation was not possible."),
            _("Read it with --json; to confirm in advance, add --yes."),
            Outcome.NOT_DONE,
        )
    question = _("Write this to {file}?").format(file=inert(str(target), _LONGEST))
    if not require_consent(question, has_yes=options.yes, as_json=options.json):
        return
    try:
        # A file that came into being meanwhile is not replaced.
        with target.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(RECORD_NAME, text)
    except OSError as error:
        raise PortViewError(
            "not_written",
            _("{file} could not be written: {reason}.").format(
                file=inert(str(target), _LONGEST), reason=error.strerror or error
            ),
            _("Choose another folder."),
            Outcome.NOT_DONE,
        ) from error
    print_note(
        _("The record is in {file}. README says how to send it.").format(
            file=inert(str(target), _LONGEST)
        )
    )
