"""``history``: who listened on a port, and when; and how that is forgotten."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from portview.cli.console import ask_line, print_json, print_note
from portview.cli.hosts_options import add_host_options
from portview.cli.screen import print_text
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.moments import parse_past
from portview.domain.user_input.parsing import parse_port
from portview.domain.user_input.targets import parse_local_port
from portview.i18n import _, ngettext

if TYPE_CHECKING:
    import argparse

    from portview.watch.history.questions import HistoryAnswer, HistoryQuestion

_FORGET = "forget"
_REPORT = "report"
_DAY_MS = 86_400_000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``history`` to the command line."""
    parser = commands.add_parser(
        "history",
        help=_("show who listened on a port, and when"),
        description=_(
            "Show who listened on a port, and since when, from what PortView saw itself: while its "
            "window was open or `watch run` ran. Times without recording are named. "
            "`history report` writes a page about a day or an incident. `history forget` deletes "
            "what is known of a port, a program, or everything."
        ),
        epilog=_("Exit code 1 where nothing was seen."),
    )
    parser.add_argument(
        "port",
        nargs="*",
        metavar="PORT",
        help=_("a port; or: forget [PORT], report [PORT]; none for all ports"),
    )
    parser.add_argument("--since", metavar="TIME", help=_("from when on, such as 7d or 14:03"))
    parser.add_argument("--until", metavar="TIME", help=_("until when"))
    parser.add_argument("--at", metavar="TIME", help=_("who listened at one moment"))
    parser.add_argument("--program", metavar="NAME", help=_("a process name or a path"))
    parser.add_argument(
        "--proto",
        choices=[protocol.value for protocol in Protocol],
        help=_("which protocol (default: both)"),
    )
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    parser.add_argument(
        "--counts", action="store_true", help=_("with --json: connections and bytes of the port")
    )
    parser.add_argument("--output", metavar="FILE", help=_("with report: the HTML file to write"))
    parser.add_argument(
        "--incident", metavar="ID", help=_("with report: an incident, by how its ID begins")
    )
    parser.add_argument("--all", action="store_true", help=_("with forget: everything"))
    parser.add_argument(
        "--yes", action="store_true", help=_("with forget: don't ask for confirmation")
    )
    add_host_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Answer from the store, or delete from it."""
    words = list(options.port)
    if words[:1] == [_FORGET]:
        return _forget(options, words[1:])
    if words[:1] == [_REPORT]:
        return _report(options, words[1:])
    _check_usage(options, words)
    # Loaded here: the other commands start without it.
    from portview.watch.history.document import history_document  # noqa: PLC0415
    from portview.watch.history.questions import HistoryAnswer, ask_history  # noqa: PLC0415
    from portview.watch.history.report import history_lines  # noqa: PLC0415

    question = _question(options, words)
    try:
        answer = ask_history(question)
    except PortViewError as error:
        if error.code != "no_store":
            raise
        print_note(error.message)
        answer = HistoryAnswer()
    except sqlite3.Error as error:
        raise _unreadable(error) from error
    if options.json:
        print_json(history_document(question.port, answer))
    else:
        for line in history_lines(question, answer, time.time_ns() // 1_000_000):
            print_text(line)
    _note(answer)
    return Outcome.DONE if answer.spans else Outcome.NOT_DONE


def _check_usage(options: argparse.Namespace, words: list[str]) -> None:
    if options.output or options.incident:
        raise _usage(_("--output and --incident belong to history report."))
    if len(words) > 1:
        raise _usage(_("One port at a time."))
    if options.all or options.yes:
        raise _usage(_("--all and --yes belong to history forget."))


def _question(options: argparse.Namespace, words: list[str]) -> HistoryQuestion:
    from portview.watch.history.questions import HistoryQuestion  # noqa: PLC0415 - see above

    now_ms = time.time_ns() // 1_000_000
    if options.at and (options.since or options.until):
        raise _usage(_("Either --at or --since and --until."))
    since, until = (options.at, options.at) if options.at else (options.since, options.until)
    since_ms = parse_past(since, now_ms) if since else None
    until_ms = parse_past(until, now_ms) if until else None
    if since_ms is not None and until_ms is not None and since_ms > until_ms:
        raise _usage(_("--since lies after --until."))
    protocol = options.proto
    port = None
    if words:
        typed = parse_local_port(words[0], protocol or "")
        port, protocol = typed.port, protocol or typed.transport or None
    if options.counts and (port is None or not options.json):
        raise _usage(_("--counts needs a port and --json."))
    return HistoryQuestion(
        port, options.program, since_ms, until_ms, protocol, with_counts=options.counts
    )


def _note(answer: HistoryAnswer) -> None:
    if answer.is_cut:
        print_note(_("There is more than can be shown: ask for a shorter time with --since."))
    if answer.first_look_ms is not None and not answer.is_recording:
        print_note(
            _("Nothing is recorded now. {command} records while it runs.").format(
                command=command_line("watch", "run")
            )
        )


def _report(options: argparse.Namespace, words: list[str]) -> Outcome:
    """Write a report about the last day, or about what was asked for."""
    from portview.watch.history.write_report import ReportRequest, write_report  # noqa: PLC0415

    if len(words) > 1:
        raise _usage(_("One port at a time."))
    if not options.output:
        raise _usage(_("history report needs --output FILE."))
    if options.program or options.all or options.yes or options.counts:
        raise _usage(_("history report takes a port, --since, --until, --at or --incident."))
    question = _question(options, words)
    if options.incident and question != question._replace(port=None, since_ms=None, until_ms=None):
        raise _usage(_("--incident has a time and a port of its own."))
    until_ms = question.until_ms or time.time_ns() // 1_000_000
    since_ms = until_ms - _DAY_MS if question.since_ms is None else question.since_ms
    if options.at:
        # The day around that moment.
        since_ms, until_ms = until_ms - _DAY_MS // 2, until_ms + _DAY_MS // 2
    request = ReportRequest(since_ms, until_ms, question.port, question.protocol, options.incident)
    path = Path(options.output).expanduser()
    try:
        facts = write_report(request, path)
    except sqlite3.Error as error:
        raise _unreadable(error) from error
    if options.json:
        print_json(
            {
                "file": str(path.absolute()),
                "ports": len(facts.ports),
                "changes": len(facts.changes),
                "alerts": len(facts.alerts),
                "repairs": len(facts.repairs),
                "unknown_ms": facts.unknown_ms,
            }
        )
    else:
        text = ngettext(
            "The report about {count} port is in {path}.",
            "The report about {count} ports is in {path}.",
            len(facts.ports),
        )
        print_text(text.format(count=len(facts.ports), path=path))
    return Outcome.DONE


def _forget(options: argparse.Namespace, words: list[str]) -> Outcome:
    from portview.watch.history.retention import forget  # noqa: PLC0415 - see above
    from portview.watch.history.schema import HISTORY  # noqa: PLC0415 - likewise
    from portview.watch.store.database import open_store, store_path  # noqa: PLC0415 - likewise

    if len(words) > 1:
        raise _usage(_("One port at a time."))
    port = parse_port(words[0]) if words else None
    if options.all is (port is not None or options.program is not None):
        raise _usage(_("Name a port or --program, or everything with --all."))
    if not options.yes:
        sentence = _("Permanently delete this history? [y/N]") + " "
        if ask_line(sentence).strip().lower() not in {"y", "yes"}:
            print_note(_("Nothing was deleted."))
            return Outcome.NOT_DONE
    gone = 0
    if store_path().exists():
        try:
            with closing(open_store(store_path(), [HISTORY])) as connection:
                gone = forget(connection, port=port, program=options.program)
        except sqlite3.Error as error:
            raise _unreadable(error) from error
    if options.json:
        print_json({"forgotten_spans": gone})
    else:
        print_text(
            ngettext("{count} entry was deleted.", "{count} entries were deleted.", gone).format(
                count=gone
            )
        )
    return Outcome.DONE


def _usage(message: str) -> PortViewError:
    return PortViewError(
        "bad_usage", message, _("See: {command}").format(command=command_line("history", "--help")),
        Outcome.BAD_INPUT,
    )  # fmt: skip


def _unreadable(error: sqlite3.Error) -> PortViewError:
    return PortViewError(
        "history_unusable",
        _("The store of history can't be used: {error}.").format(error=error),
        _("Another process may hold it. Try again in a moment."),
    )
