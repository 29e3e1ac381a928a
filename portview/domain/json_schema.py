"""The JSON forms that programs rely on: stable snake_case keys, nothing ever renamed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from portview.domain.owners.identity import container_name_of, identity_of, project_of, what_of

if TYPE_CHECKING:
    from portview.domain.errors import PortViewError
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow

_EPOCH = datetime.fromtimestamp(0, UTC)


def iso_time(unix_ms: int | None) -> str | None:
    """Format Unix milliseconds as ISO 8601 in UTC with milliseconds; None stays None."""
    if unix_ms is None:
        return None
    # Not by fromtimestamp, which knows no year after 3000 on Windows.
    moment = _EPOCH + timedelta(milliseconds=unix_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def socket_object(row: SocketRow, info: ProcessInfo | None) -> dict[str, Any]:
    """Return the socket object of ``list --json``. Machine text is handed on unchanged."""
    command_line = info.command_line if info else None
    return {
        "protocol": row.protocol.value,
        "family": row.key.family.value,
        "local_address": row.local.address,
        "local_port": row.local.port,
        "remote_address": row.remote.address if row.remote else None,
        "remote_port": row.remote.port if row.remote else None,
        "state": row.state.value if row.state else None,
        "pid": row.pid,
        "process": info.name if info else None,
        "executable": info.executable if info else None,
        "command_line": list(command_line) if command_line is not None else None,
        "user": (info.user if info else None) or row.user,
        "services": list(row.services),
        "process_started": iso_time(row.owner.started_ms or None) if row.owner else None,
        "opened_at": iso_time(row.opened_at_ms),
        "owner_problem": row.owner_problem.value if row.owner_problem else None,
        **identity_object(row, info),
    }


def identity_object(row: SocketRow, info: ProcessInfo | None) -> dict[str, Any]:
    """Return what a socket's program is: ``what``, ``project``, ``container``, ``started_by``."""
    known = info is not None and info.identity is not None
    return {
        "what": what_of(row, info) or None,
        "project": project_of(row, info) or None,
        "container": container_name_of(row, info) or None,
        "started_by": (
            [{"pid": one.pid, "name": one.name} for one in identity_of(info).ancestors]
            if known
            else None
        ),
    }


def snapshot_document(
    snapshot: Snapshot, rows: tuple[SocketRow, ...], *, is_elevated: bool
) -> dict[str, Any]:
    """Return the document of ``list --json`` for some rows of a snapshot."""
    processes = snapshot.processes
    return {
        "taken_at": iso_time(snapshot.taken_at_ms),
        "source": snapshot.source,
        "elevated": is_elevated,
        "sockets": [
            socket_object(row, processes.get(row.owner) if row.owner else None) for row in rows
        ],
    }


def error_document(error: PortViewError) -> dict[str, Any]:
    """Return what a command prints with ``--json`` where it fails."""
    return {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
