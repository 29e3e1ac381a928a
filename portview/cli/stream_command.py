"""``stream``: the sockets and every change, one JSON document a line, while somebody reads."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from portview.cli.console import print_bytes, takes_utf8
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import iso_time, socket_object
from portview.domain.sockets.scope import Scope, in_scope
from portview.domain.sockets.snapshot import Snapshot, diff
from portview.domain.user_input.parsing import parse_duration_ms
from portview.i18n import _
from portview.readers.choose import open_reader
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketKey, SocketRow

_SHORTEST_MS, _LONGEST_MS = 200, 60_000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``stream`` to the command line."""
    parser = commands.add_parser(
        "stream",
        help=_("print the sockets, then every change, one JSON document a line"),
        description=_(
            "Print a snapshot of the sockets as one line of JSON, then a line for each "
            "reading: what was removed, added and changed. Ends when its output is closed."
        ),
    )
    parser.add_argument(
        "--scope",
        choices=[scope.value for scope in Scope],
        default=Scope.ALL.value,
        help=_("which sockets (default: all)"),
    )
    parser.add_argument(
        "--interval", metavar="TIME", default="1s", help=_("between two readings (default: 1s)")
    )
    parser.set_defaults(run=run, json=True)


def run(options: argparse.Namespace) -> Outcome:
    """Print until the reader goes away, which the next line finds out, or Ctrl+C."""
    interval_ms = parse_duration_ms(options.interval, max_ms=_LONGEST_MS)
    if interval_ms < _SHORTEST_MS:
        raise PortViewError(
            "bad_interval",
            _("The interval is too short."),
            _("At least {shortest} ms.").format(shortest=_SHORTEST_MS),
            Outcome.BAD_INPUT,
        )
    from portview.readers.recognition.background import ProgramIdentities  # noqa: PLC0415 - late

    stream = SocketStream(Scope(options.scope))
    with closing(open_reader()) as reader, closing(ProgramIdentities()) as identities:
        reader.identities = identities
        identities.start()
        snapshot = reader.read_settled()
        while True:
            started = time.monotonic()
            for document in stream.take(snapshot):
                line = json.dumps(document, ensure_ascii=not takes_utf8(), separators=(",", ":"))
                print_bytes(line.encode("utf-8", "backslashreplace") + b"\n")
            identities.want(stream.unnamed(snapshot))
            time.sleep(max(0.0, interval_ms / 1000 - (time.monotonic() - started)))
            snapshot = reader.read()


class SocketStream:
    """Turns snapshots into documents: a whole one first, then differences.

    Sockets have numbers that hold for the length of the stream.
    """

    def __init__(self, scope: Scope) -> None:
        """Take in nothing yet."""
        self._scope = scope
        self._before: Snapshot | None = None
        self._ids: dict[SocketKey, int] = {}
        self._next = 0
        self._unnamed: dict[SocketKey, SocketRow] = {}

    def unnamed(self, snapshot: Snapshot) -> list[ProcessInfo]:
        """Return the owners of which it is not known yet what they are."""
        owners = {row.owner for row in self._unnamed.values() if row.owner}
        return [snapshot.processes[one] for one in owners if one in snapshot.processes]

    def take(self, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
        """Yield what a snapshot has to say: always one document, which shows that all is well."""
        at = iso_time(snapshot.taken_at_ms)
        if self._before is None:
            rows = [row for row in snapshot.rows if in_scope(row, self._scope)]
            yield {
                "type": "snapshot",
                "taken_at": at,
                "source": snapshot.source,
                "elevated": is_elevated(),
                "sockets": [self._added(row, snapshot) for row in rows],
            }
        else:
            changes = diff(self._before.rows, snapshot.rows, snapshot.step)
            removed = [self._ids.pop(row.key, None) for row in changes.removed]
            changed = []
            added = [row for row in changes.added if in_scope(row, self._scope)]
            for change in changes.changed:
                if not in_scope(change.new, self._scope):
                    removed.append(self._ids.pop(change.old.key, None))
                elif change.new.key in self._ids:
                    changed.append(change.new)
                else:
                    added.append(change.new)
            changed += self._named_since(snapshot, {row.key for row in changed})
            yield {
                "type": "changes",
                "taken_at": at,
                "removed": [number for number in removed if number is not None],
                "changed": [self._object(row, snapshot) for row in changed],
                "added": [self._added(row, snapshot) for row in added],
            }
        self._before = snapshot

    def _named_since(self, snapshot: Snapshot, reported: set[SocketKey]) -> list[SocketRow]:
        """Return rows that did not change, but of which it became known what they are."""
        found = []
        for key in list(self._unnamed):
            row = self._unnamed[key]
            info = snapshot.processes.get(row.owner) if row.owner else None
            if key not in self._ids:
                del self._unnamed[key]
            elif info is not None and info.identity is not None:
                del self._unnamed[key]
                if key not in reported:
                    found.append(row)
        return found

    def _added(self, row: SocketRow, snapshot: Snapshot) -> dict[str, Any]:
        self._ids[row.key] = self._next
        self._next += 1
        return self._object(row, snapshot)

    def _object(self, row: SocketRow, snapshot: Snapshot) -> dict[str, Any]:
        info = snapshot.processes.get(row.owner) if row.owner else None
        if info is not None and info.identity is None:
            self._unnamed[row.key] = row
        return {"id": self._ids[row.key], **socket_object(row, info)}
