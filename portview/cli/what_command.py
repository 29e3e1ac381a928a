"""``what``: what a port's program or a process is, what started it and what starts it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.actions.inspection.origin import origin_of
from portview.actions.inspection.process_inspection import ProcessInspector
from portview.actions.json_output.actions import process_object
from portview.cli.console import print_json, print_note
from portview.cli.hosts_options import add_host_options
from portview.cli.screen import print_text
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Known
from portview.domain.json_schema import iso_time, socket_object
from portview.domain.owners.container import describe_container
from portview.domain.owners.identity import (
    container_name_of,
    container_of,
    describe_ancestors,
    identity_of,
    project_of,
    what_of,
)
from portview.domain.owners.origin import describe_origin
from portview.domain.owners.owners import describe_owner, owner_problem_reason
from portview.domain.owners.process import ProcessKey
from portview.domain.plain_text import inert, quoted
from portview.domain.query.terms import MAX_PORT
from portview.domain.sockets.socket_row import awaits_clients, endpoint_text
from portview.i18n import _, join_list, ngettext
from portview.readers.choose import open_reader
from portview.readers.process_details import read_terminal
from portview.readers.process_identity import process_key
from portview.readers.recognition.identities import identify

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from portview.actions.safety.process_facts import ProcessFacts
    from portview.domain.owners.origin import Origin
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

_MOST_SHOWN = 20
_SHARING_SENTENCES = {
    "inherited": lambda: _("Several processes hold one socket: it was inherited."),
    "reuse_port": lambda: _("Several sockets share the port (SO_REUSEPORT)."),
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``what`` to the command line."""
    parser = commands.add_parser(
        "what",
        help=_("describe the program behind a port, or a process"),
        description=_(
            "Describe the program behind a port, or a process: its project, its container, what "
            "started it, and what would start it again."
        ),
        epilog=_(
            "A number that is both a port in use and a PID is taken as the port, unless "
            "--pid is given. The exit code is 1 if there is neither."
        ),
    )
    parser.add_argument("number", metavar="PORT|PID", help=_("a port or a process ID"))
    parser.add_argument("--pid", action="store_true", help=_("the number is a process ID"))
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    add_host_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Describe what the options name."""
    number = _number(options.number)
    rows, processes = _holders(number, is_pid=options.pid)
    is_port = bool(rows) and not options.pid
    if not rows and not options.pid:
        rows, processes = _holders(number, is_pid=True)
    keys = list(dict.fromkeys(row.owner for row in rows if row.owner in processes))
    if not is_port:
        rows = tuple(row for row in rows if row.owner in keys)
    if not is_port and isinstance(process := process_key(number), ProcessKey):
        # A process that holds no socket has an answer as well.
        keys = [process]
    inspector = ProcessInspector(for_showing=True)
    facts = {key: inspector.facts_of(key) for key in keys if key is not None}
    if options.json:
        print_json(_document(number, rows, processes, facts, is_port=is_port))
    else:
        for line in _lines(number, rows, processes, facts):
            print_text(line, "" if line.startswith(" ") else "name")
    return Outcome.DONE if rows or facts else Outcome.NOT_DONE


def _number(text: str) -> int:
    bare = text.strip().removeprefix(":")
    if not bare.isascii() or not bare.isdecimal() or int(bare) > _LARGEST_PID:
        raise PortViewError(
            "bad_number",
            _("{text} is neither a port nor a process ID.").format(text=quoted(text)),
            _("For example: portview what 8080"),
            Outcome.BAD_INPUT,
        )
    return int(bare)


_LARGEST_PID = 2**32 - 1


def _holders(
    number: int, *, is_pid: bool
) -> tuple[tuple[SocketRow, ...], Mapping[ProcessKey, ProcessInfo]]:
    """Return the sockets of a port, servers first, or of a process; and the identified owners."""
    reader = open_reader()
    try:
        snapshot = reader.read_settled()
    finally:
        reader.close()
    rows: list[SocketRow] = []
    if not is_pid and 0 < number <= MAX_PORT:
        rows = [row for row in snapshot.rows if row.local.port == number]
        # A connection that merely has the number is not what the port is asked about.
        rows = [row for row in rows if row.remote is None] or rows
    elif is_pid:
        rows = [row for row in snapshot.rows if row.pid == number]
    rows.sort(key=lambda row: (not awaits_clients(row), row.local, row.pid or 0))
    owners = [row.owner for row in rows if row.owner in snapshot.processes]
    return tuple(rows), identify(snapshot.processes, [owner for owner in owners if owner])


def _document(
    number: int,
    rows: tuple[SocketRow, ...],
    processes: Mapping[ProcessKey, ProcessInfo],
    facts: Mapping[ProcessKey, ProcessFacts],
    *,
    is_port: bool,
) -> dict[str, Any]:
    """Return the JSON document. The fields of the first holder stand at its top as well."""
    sockets = [socket_object(row, _info_of(row, processes)) for row in rows]
    described = [_process(one) for one in facts.values()]
    fields = ("what", "project", "container", "started_by")
    first: Mapping[str, Any] = next(iter((*sockets, *described)), dict.fromkeys(fields))
    return {
        "number": number,
        "is_port": is_port,
        "pid": first.get("pid"),
        "process": first.get("process"),
        **{field: first[field] for field in fields},
        "sharing": describe_sharing(rows),
        "processes": described,
        "sockets": sockets,
    }


def describe_sharing(rows: tuple[SocketRow, ...]) -> str | None:
    """Return how several processes serve one port: "inherited" or "reuse_port"; None if they don't.

    Inherited is one socket with several holders; with SO_REUSEPORT each has a socket of its own.
    """
    serving = [row for row in rows if awaits_clients(row) and row.owner and row.key.token]
    holders: dict[int, set[ProcessKey | None]] = {}
    sockets: dict[tuple[str, str, str], set[int]] = {}
    for row in serving:
        holders.setdefault(row.key.token, set()).add(row.owner)
        place = (row.protocol.value, row.key.family.value, row.local.address)
        sockets.setdefault(place, set()).add(row.key.token)
    if any(len(tokens) > 1 for tokens in sockets.values()):
        return "reuse_port"
    return "inherited" if any(len(owners) > 1 for owners in holders.values()) else None


def _process(facts: ProcessFacts) -> dict[str, Any]:
    info = facts.info
    identity = identity_of(info)
    restarter = facts.restarted_by.value if isinstance(facts.restarted_by, Known) else None
    return {
        **(process_object(info) or {}),
        "what": identity.what or None,
        "project": identity.project or None,
        "container": identity.container.label if identity.container else None,
        "started_by": [{"pid": one.pid, "name": one.name} for one in identity.ancestors],
        "read_from": list(identity.sources),
        "working_directory": facts.working_directory,
        "unit": facts.shown_unit,
        "terminal": read_terminal(info.pid),
        "origin": _origin_object(origin_of(facts), facts),
        "restarted_by": (
            {"kind": restarter.kind.value, "name": restarter.name, "how": restarter.how}
            if restarter
            else None
        ),
    }


def _origin_object(origin: Origin | None, facts: ProcessFacts) -> dict[str, Any]:
    """Return what a process comes from; ``kind`` is null where it isn't known."""
    return {
        "kind": origin.kind.value if origin else None,
        "name": origin.name if origin else None,
        "how": (origin.how if origin else "") or None,
        "source": (origin.source if origin else "") or None,
        "starts_again": origin.starts_again if origin else None,
        "sentence": describe_origin(origin, facts.restarted_by),
    }


def _info_of(row: SocketRow, processes: Mapping[ProcessKey, ProcessInfo]) -> ProcessInfo | None:
    return processes.get(row.owner) if row.owner else None


def _lines(
    number: int,
    rows: tuple[SocketRow, ...],
    processes: Mapping[ProcessKey, ProcessInfo],
    facts: Mapping[ProcessKey, ProcessFacts],
) -> Iterator[str]:
    if not rows and not facts:
        yield _("No socket has port {number}, and no process that number.").format(number=number)
        return
    by_owner: dict[ProcessKey | None, list[SocketRow]] = {}
    for row in rows:
        by_owner.setdefault(row.owner, []).append(row)
    for row in by_owner.pop(None, [])[:_MOST_SHOWN]:
        where = endpoint_text(row.local)
        yield f"{where}  {what_of(row, None) or describe_owner(row, None)}"
        if reason := owner_problem_reason(row):
            yield f"  {reason}"
    if sharing := describe_sharing(rows):
        yield _SHARING_SENTENCES[sharing]()
    described: dict[tuple[str, ...], tuple[list[str], list[int]]] = {}
    for key, one in facts.items():
        held = by_owner.get(key, [])
        info = _info_of(held[0], processes) if held else one.info
        lines = list(_process_lines(one, held, info))
        # Workers differ by the line with the PID alone.
        alike = (lines[0], *lines[2:])
        described.setdefault(alike, (lines, []))[1].append(key.pid)
    for lines, (_first, *others) in described.values():
        yield from lines[:2]
        if others:
            words = ngettext(
                "  {count} more process like it: PID {pids}",
                "  {count} more processes like it: PID {pids}",
                len(others),
            )
            yield words.format(count=len(others), pids=_pids(others))
        yield from lines[2:]
    if len(rows) > _MOST_SHOWN:
        print_note(_("The same process holds more sockets than are shown here."))


def _pids(pids: list[int]) -> str:
    shown = [str(pid) for pid in pids[:_MOST_SHOWN]]
    return join_list((*shown, "…") if len(pids) > _MOST_SHOWN else shown)


def _process_lines(
    facts: ProcessFacts, rows: list[SocketRow], info: ProcessInfo | None
) -> Iterator[str]:
    identity = identity_of(info)
    row = rows[0] if rows else None
    what = (what_of(row, info) if row else identity.what) or facts.info.name or ""
    where = join_list(dict.fromkeys(endpoint_text(one.local) for one in rows[:_MOST_SHOWN]))
    yield f"{where}  {what}" if where else what
    name = inert(facts.info.name or _("a process"), 80)
    since = iso_time(facts.key.started_ms or None)
    parts = (
        _("{name}, PID {pid}").format(name=name, pid=facts.info.pid),
        inert(facts.info.user, 80) if facts.info.user else "",
        _("since {moment}").format(moment=since) if since else "",
    )
    yield f"  {join_list(filter(None, parts))}"
    project = project_of(row, info) if row else identity.project
    if project:
        yield "  " + _("Project: {project}").format(project=project)
    container = container_of(row, info) if row else identity.container
    if container is not None:
        name = describe_container(container) if not row else container_name_of(row, info)
        name = f"{name} ({inert(container.image, 80)})" if container.image else name
        yield "  " + _("Container: {container}").format(container=name)
    if identity.ancestors:
        yield "  " + _("Started by: {chain}").format(chain=describe_ancestors(identity.ancestors))
    if terminal := read_terminal(facts.info.pid):
        yield "  " + _("Terminal: {terminal}").format(terminal=inert(terminal, 80))
    if facts.shown_unit:
        yield "  " + _("Service: {unit}").format(unit=inert(facts.shown_unit, 80))
    why = describe_origin(origin_of(facts), facts.restarted_by)
    yield "  " + _("Why it runs: {sentence}").format(sentence=why)
    if identity.sources:
        yield "  " + _("Read from: {sources}").format(sources="; ".join(identity.sources))
