"""The sockets of one process as one line: counts, ports and sums. No Qt."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from portview.domain.formatting import format_rate
from portview.domain.owners.owners import describe_owner
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import State, endpoint_text
from portview.domain.table.cells import (
    firewall_text,
    process_shown_text,
    project_text,
    protocol_text,
    since_key,
    since_text,
    user_name_text,
    what_text,
)
from portview.domain.table.columns import COLUMN_BY_ID
from portview.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey
    from portview.domain.sockets.traffic import TrafficRate
    from portview.domain.table.cells import CellContext

    Grouped = dict["GroupKey", list[SocketEntry]]

GroupKey = ProcessKey | str
"""A process with its workers, or in a word why there is none."""

_PROJECT = "\0project "
"""Begins the key of a project's group, which no reason for having no owner does."""
_HOLDS_A_PORT = frozenset({State.LISTEN, State.BOUND, None})
_MOST_SHOWN = 20
_PASSING = frozenset({"process", "age", "down", "up", "traffic", "firewall"})


def group_key(entry: SocketEntry, *, by_project: bool = False) -> GroupKey:
    """Return the group of an entry: its owner or that one's master, or why it has none.

    With ``by_project`` all processes that work for one project are a group.
    """
    if by_project and entry.identity_texts.project:
        return f"{_PROJECT}{entry.identity_texts.project}"
    identity = entry.info.identity if entry.info is not None else None
    if identity is not None and identity.master is not None:
        return ProcessKey(*identity.master)
    return entry.row.key.owner or describe_owner(entry.row, None)


def by_group(entries: Iterable[SocketEntry], *, by_project: bool = False) -> Grouped:
    """Return the entries of each group, in their order."""
    groups: Grouped = {}
    for entry in entries:
        groups.setdefault(group_key(entry, by_project=by_project), []).append(entry)
    return groups


class Group:
    """A process and those of its sockets that are shown, in the order of the table.

    ``serial`` is never given to another group; ``parent`` is the group that it stands below, None
    at the top, ``number`` its place among that one's ``children``.
    """

    __slots__ = (
        "_context", "_texts", "children", "entries", "key", "number", "parent", "serial",
        "was_parent",
    )  # fmt: skip

    def __init__(self, key: GroupKey, serial: int, entries: list[SocketEntry]) -> None:
        """Begin with at least one entry."""
        self.key = key
        self.serial = serial
        self.entries = entries
        self.number = -1
        self.parent: Group | None = None
        self.children: list[Group] = []
        self.was_parent = False
        self._texts: dict[str, str] = {}
        self._context: CellContext | None = None

    @property
    def line_count(self) -> int:
        """Return how many sockets have lines of their own: one alone is the group's line."""
        return len(self.entries) if len(self.entries) > 1 else 0

    @property
    def single(self) -> SocketEntry | None:
        """Return the socket that the group's line is, None where there are several."""
        return self.entries[0] if len(self.entries) == 1 else None

    def forget_texts(self) -> None:
        """Work out all texts again; to be called after ``entries`` changed."""
        self._texts.clear()

    def text(self, column_id: str, context: CellContext) -> str:
        """Return what the group says in a column: machine text, not yet inert."""
        if context is not self._context:
            self._context = context
            for passing in _PASSING:
                self._texts.pop(passing, None)
        text = self._texts.get(column_id)
        if text is None:
            text = self._texts[column_id] = _TEXTS[column_id](self.entries, context)
        return text

    def tooltip(self, column_id: str, context: CellContext) -> str:
        """Return more than a cell has room for."""
        if column_id in {"port", "name", "state", "service", "local_address", "protocol"}:
            return self.text(column_id, context)
        if column_id == "age":
            return _("Since when the oldest of these sockets is there.")
        if column_id == "firewall":
            return _firewall_tooltip(self.entries, context)
        return COLUMN_BY_ID[column_id].tooltip(self.entries[0], context)


def _process(entries: list[SocketEntry], context: CellContext) -> str:
    name = process_shown_text(entries[0], context)
    if len(entries) > 1:
        name = f"{name} ({len(entries):,})"
    processes = len({entry.row.key.owner for entry in entries})
    if processes == 1:
        return name
    return ngettext("{name}, {count} process", "{name}, {count} processes", processes).format(
        name=name, count=processes
    )


def _what(entries: list[SocketEntry], context: CellContext) -> str:
    """Return what a process is; of several, the shortest: a worker's names its master's as well.

    Of several programs in one group it is the project that they work for.
    """
    if len({group_key(entry) for entry in entries}) > 1:
        return project_text(entries[0], context)
    return min((what_text(entry, context) for entry in entries), key=len)


def _pid(entries: list[SocketEntry], _unused: CellContext) -> str:
    pids = {entry.row.pid for entry in entries}
    pid = pids.pop()
    return "" if pid is None or pids else str(pid)


def _ports(entries: list[SocketEntry], _unused: CellContext) -> str:
    """List the ports that are held first of all; those of connections where there are no others."""
    held = {entry.row.local.port for entry in entries if entry.row.state in _HOLDS_A_PORT}
    ports = held or {entry.row.local.port for entry in entries}
    return ", ".join(map(str, sorted(ports)))


def _states(entries: list[SocketEntry], _unused: CellContext) -> str:
    counts = Counter(entry.row.state for entry in entries if entry.row.state)
    return ", ".join(f"{counts[state]:,} {state}" for state in State if state in counts)


def _local_addresses(entries: list[SocketEntry], _unused: CellContext) -> str:
    return _joined(entry.row.local.address for entry in entries)


def _remotes(entries: list[SocketEntry], _unused: CellContext) -> str:
    remotes = {entry.row.remote for entry in entries if entry.row.remote}
    return f"{len(remotes):,} peers" if len(remotes) > 1 else "".join(map(endpoint_text, remotes))


def _age(entries: list[SocketEntry], context: CellContext) -> str:
    known = [(key, entry) for entry in entries if (key := since_key(entry, context)) is not None]
    return since_text(max(known, key=lambda each: each[0])[1], context) if known else ""


def _rate(
    amount: Callable[[TrafficRate], float],
) -> Callable[[list[SocketEntry], CellContext], str]:
    def text(entries: list[SocketEntry], context: CellContext) -> str:
        keys: Iterable[SocketKey] = (entry.row.key for entry in entries)
        known = [rate for key in keys if (rate := context.rates.get(key)) is not None]
        return format_rate(sum(map(amount, known))) if known else ""

    return text


def _firewall_tooltip(entries: list[SocketEntry], context: CellContext) -> str:
    words = ((each.row.local.port, firewall_text(each, context)) for each in entries)
    lines = list(dict.fromkeys(f"{port}: {word}" for port, word in sorted(words) if word))
    more = len(lines) - _MOST_SHOWN
    return "\n".join(
        [*lines[:_MOST_SHOWN], *([_("and {more:,} more").format(more=more)] if more > 0 else [])]
    )


def _of_first(column_id: str) -> Callable[[list[SocketEntry], CellContext], str]:
    return lambda entries, context: COLUMN_BY_ID[column_id].text(entries[0], context)


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))


_TEXTS: dict[str, Callable[[list[SocketEntry], CellContext], str]] = {
    "process": _process,
    "pid": _pid,
    "protocol": lambda entries, context: _joined(protocol_text(each, context) for each in entries),
    "local_address": _local_addresses,
    "port": _ports,
    "name": lambda entries, _unused: _joined(each.port_name for each in entries),
    "remote_address": _remotes,
    "remote_host": lambda _entries, _context: "",
    "state": _states,
    "firewall": lambda entries, context: _joined(firewall_text(each, context) for each in entries),
    "service": lambda entries, _unused: _joined(
        name for each in entries for name in each.row.services
    ),
    "user": lambda entries, context: _joined(user_name_text(each, context) for each in entries),
    "age": _age,
    "down": _rate(lambda rate: rate.received_bytes_per_s),
    "up": _rate(lambda rate: rate.sent_bytes_per_s),
    "traffic": _rate(lambda rate: rate.received_bytes_per_s + rate.sent_bytes_per_s),
    "what": _what,
    "project": _of_first("project"),
    "container": _of_first("container"),
    "executable": _of_first("executable"),
    "command_line": _of_first("command_line"),
}
