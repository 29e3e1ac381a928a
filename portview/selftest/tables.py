"""The first raw rows of each table of sockets, what PortView reads in them, and their numbers."""

from __future__ import annotations

import sys
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from portview.domain.sockets.socket_row import Family, Protocol, endpoint_text
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.readers.linux.sock_diag import SockDiag
    from portview.readers.linux.sock_diag_messages import DiagSocket, Identity
    from portview.readers.windows.socket_tables import TableRow
    from portview.selftest.redaction import Redactor

_MOST_ROWS = 12
_SOCKID_AT, _SOCKID_BYTES = 20, 48
_AF_INET6 = 10


def read_tables(redactor: Redactor) -> dict[str, Any]:
    """Return raw rows in hex, with other addresses, and decodes them. Any thread."""
    if sys.platform == "win32":
        return _windows_tables(redactor)
    return _linux_messages(redactor)


def read_snapshots(_redactor: Redactor) -> dict[str, Any]:
    """Read all sockets and owners twice: how many of each kind there are, and how long it took."""
    reader = open_reader()
    took_ms = []
    try:
        for _time in range(2):
            started = time.monotonic()
            snapshot = reader.read()
            took_ms.append(round((time.monotonic() - started) * 1000, 1))
    finally:
        reader.close()
    rows = snapshot.rows
    states = Counter(str(row.state.name) if row.state else row.key.protocol.name for row in rows)
    problems = Counter(row.owner_problem.name for row in rows if row.owner_problem)
    return {
        "source": snapshot.source,
        "sockets": len(rows),
        "states": dict(sorted(states.items())),
        "owners": sum(row.owner is not None for row in rows),
        "owner_problems": dict(sorted(problems.items())),
        "with_services": sum(bool(row.services) for row in rows),
        "processes": len(snapshot.processes),
        "notes": len(snapshot.notes),
        "took_ms": took_ms,
    }


def decoded_row(row: TableRow) -> dict[str, Any]:
    """Return what a row of a table of Windows says, as JSON has it."""
    return {
        "local": endpoint_text(row.local),
        "remote": endpoint_text(row.remote) if row.remote else None,
        "state": row.state.name if row.state else None,
        "pid": row.pid,
        "created": row.created,
        "service_tag": row.service_tag,
    }


def decoded_socket(socket: DiagSocket) -> dict[str, Any]:
    """Return what a message of Linux says, as JSON has it."""
    return {
        "local": endpoint_text(socket.local),
        "remote": endpoint_text(socket.remote) if socket.remote else None,
        "state": socket.state.name if socket.state else None,
        "is_v6_only": socket.is_v6_only,
    }


def _windows_tables(redactor: Redactor) -> dict[str, Any]:
    from portview.readers.windows.iphlpapi import SocketTables  # noqa: PLC0415 - Windows only
    from portview.readers.windows.socket_tables import LAYOUTS, decode_row  # noqa: PLC0415

    tables = SocketTables()
    read: dict[str, Any] = {}
    for name, layout in LAYOUTS.items():
        try:
            rows = tables.read(layout)
        except OSError as error:
            read[name] = {"error": getattr(error, "winerror", None) or error.errno}
            continue
        first = [redactor.row(row, layout) for row in rows[:_MOST_ROWS]]
        read[name] = {
            "count": len(rows),
            "row_size": layout.row_size,
            "rows": [
                {"raw": raw.hex(), "decoded": decoded_row(decode_row(raw, layout))} for raw in first
            ],
        }
    return read


def _linux_messages(redactor: Redactor) -> dict[str, Any]:
    from portview.readers.linux.sock_diag import SockDiag  # noqa: PLC0415 - Linux only

    diag = SockDiag()
    try:
        found = {protocol: list(_raw_messages(diag, protocol)) for protocol in Protocol}
    finally:
        diag.close()
    return {
        protocol.value: {
            "count": len(messages),
            "rows": [_message(redactor, raw, protocol) for raw in messages[:_MOST_ROWS]],
        }
        for protocol, messages in found.items()
    }


def _raw_messages(diag: SockDiag, protocol: Protocol) -> Iterator[bytes]:
    from portview.readers.linux.sock_diag_messages import dump_request, messages  # noqa: PLC0415

    for family in Family:
        for piece, length in diag.ask(partial(dump_request, protocol, family)):
            is_last = False
            for identity, whole in messages(piece, length):
                is_last = identity is None
                if not is_last:
                    yield bytes(whole)
            if is_last:
                break


def _message(redactor: Redactor, message: bytes, protocol: Protocol) -> dict[str, Any]:
    from portview.selftest.redaction import redacted_sockid  # noqa: PLC0415 - loaded already

    end = _SOCKID_AT + _SOCKID_BYTES
    is_ipv6 = message[16] == _AF_INET6
    other = redacted_sockid(redactor, message[_SOCKID_AT:end], is_ipv6=is_ipv6)
    raw = message[:_SOCKID_AT] + other + message[end:]
    return {"raw": raw.hex(), "decoded": decoded_message(raw, protocol)}


def decoded_message(raw: bytes, protocol: Protocol) -> dict[str, Any] | None:
    """Return what one message of Linux says; None for families other than IPv4 and IPv6."""
    from portview.readers.linux.sock_diag_messages import decode, messages  # noqa: PLC0415

    identity: Identity | None
    for identity, whole in messages(raw, len(raw)):
        if identity is not None and (found := decode(identity, protocol, whole)):
            return decoded_socket(found)
    return None
