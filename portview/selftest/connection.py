"""A connection of PortView's own on loopback: how it is listed, counted and cut."""

# untranslated file: a record for developers
from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from portview.actions.connections.windows import set_tcp_entry
from portview.domain.sockets.socket_row import Protocol, State
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow
    from portview.selftest.redaction import Redactor

_PAYLOAD = b"x" * 1000
_TIMEOUT_S = 5.0
_SETTLE_S, _STEP_S = 1.0, 0.05


def read_own_connection(_redactor: Redactor) -> dict[str, Any]:
    """Listen, connect, send 1,000 bytes and look at the table. Raises OSError. Any thread.

    On Windows counting is switched on for the one connection, and it is cut in the end. Both need
    an administrator, and the record has the error number where it is refused.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=_TIMEOUT_S)
        listener.settimeout(_TIMEOUT_S)
        server, _peer = listener.accept()
        with client, server:
            port, client_port = listener.getsockname()[1], client.getsockname()[1]
            rows = _own_rows({port, client_port})
            read: dict[str, Any] = {
                "listed": sorted(_shown(row, port) for row in rows),
                "is_complete": len(rows) == 3,  # noqa: PLR2004 - listener and both ends
                "all_owned_by_us": all(row.pid == os.getpid() for row in rows),
                "owners_known": all(row.owner is not None for row in rows),
                "opened_at_known": sum(row.opened_at_ms is not None for row in rows),
            }
            if sys.platform == "win32":
                read |= _windows_calls(rows, client, server)
            return read


def _own_rows(ports: set[int]) -> list[SocketRow]:
    reader = open_reader()
    try:
        snapshot = reader.read_settled()
    finally:
        reader.close()
    return [
        row
        for row in snapshot.rows
        if row.key.protocol is Protocol.TCP
        and row.local.port in ports
        and (row.remote is None or row.remote.port in ports)
    ]


def _shown(row: SocketRow, port: int) -> str:
    state = row.state.name if row.state else "?"
    return f"{'server' if row.local.port == port else 'client'} {state}"


def _windows_calls(
    rows: list[SocketRow], client: socket.socket, server: socket.socket
) -> dict[str, Any]:
    own = [row for row in rows if row.state is State.ESTABLISHED]
    if not own:
        return {"estats": None, "set_tcp_entry": None}
    return {"estats": _estats(own[0], client, server), "set_tcp_entry": _cut(own[0], client)}


def _estats(row: SocketRow, client: socket.socket, server: socket.socket) -> dict[str, Any]:
    """Switch counting on, send something each way, and return what was counted."""
    from portview.readers.windows.connection_rows import connection_row  # noqa: PLC0415
    from portview.readers.windows.estats import EstatsLibrary  # noqa: PLC0415

    library, raw = EstatsLibrary(), connection_row(row.key)
    if raw is None:
        return {"error": "no connection"}
    code = library.switch(row.key.family, raw, on=True)
    client.sendall(_PAYLOAD)
    server.settimeout(_TIMEOUT_S)
    received = 0
    while received < len(_PAYLOAD):
        received += len(server.recv(len(_PAYLOAD)))
    read_code, is_counted, data = library.read(row.key.family, raw)
    if code == 0:
        library.switch(row.key.family, raw, on=False)
    return {"set": code, "get": read_code, "is_counted": is_counted, "data": data.hex()}


def _cut(row: SocketRow, client: socket.socket) -> dict[str, Any]:
    """Ask Windows to drop the connection, and see whether its client notices."""
    if row.remote is None:
        return {"code": None}
    code = set_tcp_entry(row.local, row.remote)
    client.settimeout(_STEP_S)
    deadline = time.monotonic() + (_SETTLE_S if code == 0 else 0)
    is_cut = False
    while not is_cut and time.monotonic() < deadline:
        try:
            is_cut = client.recv(1) == b""
        except TimeoutError:
            continue
        except OSError:
            is_cut = True
    return {"code": code, "is_cut": is_cut}
