"""``list``: the sockets of this machine, once."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.cli.console import print_bytes, print_json, print_line, print_note
from portview.cli.hosts_options import add_host_options
from portview.cli.screen import ScreenColumn, screen
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import snapshot_document
from portview.domain.query.matching import looks_at_identities, matches
from portview.domain.query.syntax import parse_query
from portview.domain.query.terms import QueryError
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.port_names import read_port_names
from portview.domain.sockets.scope import Scope, in_scope
from portview.domain.table.cells import CellContext
from portview.domain.table.columns import COLUMN_BY_ID
from portview.domain.table.export import as_csv, as_table, cell_rows, encode
from portview.i18n import _
from portview.readers.choose import open_reader, reader_names
from portview.readers.elevation import is_elevated
from portview.resources import resource_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from portview.domain.owners.process import ProcessKey
    from portview.domain.query.terms import Query
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow

_TABLE_COLUMNS = (
    "what",
    "protocol",
    "local_address",
    "port",
    "name",
    "remote_address",
    "state",
    "pid",
    "process",
    "user",
)
_CSV_COLUMNS = (
    *_TABLE_COLUMNS,
    "service",
    "executable",
    "command_line",
    "project",
    "container",
)
_SCREEN_COLUMNS = (
    ("port", ScreenColumn("", 5, style="number")),
    ("what", ScreenColumn("", 14)),
    ("process", ScreenColumn("", 8, 2)),
    ("pid", ScreenColumn("", 6, 1)),
    ("protocol", ScreenColumn("", 8, 6)),
    ("state", ScreenColumn("", 11, 4, style=lambda text: "good" if text == "LISTEN" else "quiet")),
    ("local_address", ScreenColumn("", 13, 3)),
    ("remote_address", ScreenColumn("", 15, 5)),
    ("name", ScreenColumn("", 6, 8, style="quiet")),
    ("user", ScreenColumn("", 6, 7, style="quiet")),
)
"""What a person at a terminal sees, the more the wider it is."""
_NEVER_REMOTE = frozenset({Scope.LISTENING})


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``list`` to the command line."""
    parser = commands.add_parser(
        "list",
        help=_("list the sockets and who holds them"),
        description=_("List the sockets of this machine and who holds them, sorted by port."),
        epilog=_("Exit code 1 where nothing matched."),
    )
    parser.add_argument(
        "--scope",
        choices=[scope.value for scope in Scope],
        default=Scope.ALL.value,
        help=_("which sockets (default: all)"),
    )
    parser.add_argument(
        "--query", metavar="FILTER", default="", help=_('a filter such as "port:8080 -proc:node"')
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=_("print one JSON document"))
    form.add_argument("--csv", action="store_true", help=_("print CSV in UTF-8"))
    parser.add_argument("--reader", choices=reader_names(), help=_("how to read the sockets"))
    add_host_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """List what the options ask for."""
    wanted = _parsed(options.query)
    reader = open_reader(options.reader)
    try:
        snapshot = reader.read_settled()
    finally:
        reader.close()
    if looks_at_identities(wanted):
        snapshot = _identified(snapshot, None)
    scope = Scope(options.scope)
    context = CellContext(
        time.time_ns() // 1_000_000,
        read_port_names(resource_path("port_names.tsv").read_text(encoding="utf-8")),
    )
    entries = [
        entry
        for entry in _entries(snapshot, context, snapshot.rows)
        if in_scope(entry.row, scope) and matches(wanted, entry.row, entry.info, entry.port_name)
    ]
    if not looks_at_identities(wanted):
        owners = {entry.row.owner for entry in entries if entry.row.owner in snapshot.processes}
        snapshot = _identified(snapshot, [owner for owner in owners if owner])
        for entry in entries:
            entry.info = snapshot.processes.get(entry.row.owner) if entry.row.owner else None
    entries.sort(key=lambda entry: (entry.row.local.port, entry.place))
    for note in snapshot.notes:
        print_note(note)
    if options.json:
        rows = tuple(entry.row for entry in entries)
        print_json(snapshot_document(snapshot, rows, is_elevated=is_elevated()))
    elif options.csv:
        columns = [COLUMN_BY_ID[name] for name in _CSV_COLUMNS]
        # A file wants the mark by which spreadsheets know UTF-8; a pipe or a terminal does not.
        print_bytes(encode(as_csv(columns, entries, context)))
    else:
        _print_table(entries, scope, context)
    return Outcome.DONE if entries else Outcome.NOT_DONE


def _parsed(text: str) -> Query:
    try:
        return parse_query(text)
    except QueryError as error:
        place = _("at character {start}").format(start=error.start + 1)
        raise PortViewError(
            "bad_query",
            _("The filter has an error {place}: {error}").format(place=place, error=error),
            error.hint or _("For example: --query 'port:8000-8100 -proc:node'"),
            Outcome.BAD_INPUT,
        ) from error


def _identified(snapshot: Snapshot, owners: Iterable[ProcessKey] | None) -> Snapshot:
    """Return a snapshot in which these owners, or all of them, have been recognised."""
    # Loaded when it is needed: the rules are some hundred lines.
    from portview.readers.recognition.identities import identify  # noqa: PLC0415

    return replace(snapshot, processes=identify(snapshot.processes, owners))


def _entries(
    snapshot: Snapshot, context: CellContext, rows: Iterable[SocketRow]
) -> list[SocketEntry]:
    return [
        SocketEntry(
            row,
            snapshot.processes.get(row.owner) if row.owner else None,
            context.port_names.name(row.protocol, row.local.port),
        )
        for row in rows
    ]


def _print_table(entries: list[SocketEntry], scope: Scope, context: CellContext) -> None:
    if not entries:
        print_note(_("No socket matches."))
        return
    if (terminal := screen()) is not None:
        shown = [COLUMN_BY_ID[name] for name, _unused in _SCREEN_COLUMNS]
        columns = [
            column._replace(title=_(one.title), is_right=one.is_numeric)
            for one, (_unused, column) in zip(shown, _SCREEN_COLUMNS, strict=True)
        ]
        terminal.table(columns, cell_rows(shown, entries, context))
        return
    names = [
        name for name in _TABLE_COLUMNS if name != "remote_address" or scope not in _NEVER_REMOTE
    ]
    print_line(as_table([COLUMN_BY_ID[name] for name in names], entries, context).rstrip("\n"))
