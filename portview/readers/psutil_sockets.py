"""Sockets through psutil: everywhere, and the reference that the native readers are held to."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import psutil

from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import FieldProblem, ProcessKey
from portview.domain.owners.system_owners import WINDOWS_IDLE_PID
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
    canonical_address,
)
from portview.i18n import _
from portview.readers.listing import SocketListing
from portview.readers.owner_access import hidden_owner_access
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATES = {
    psutil.CONN_LISTEN: State.LISTEN,
    psutil.CONN_SYN_SENT: State.SYN_SENT,
    psutil.CONN_SYN_RECV: State.SYN_RECEIVED,
    psutil.CONN_ESTABLISHED: State.ESTABLISHED,
    psutil.CONN_FIN_WAIT1: State.FIN_WAIT_1,
    psutil.CONN_FIN_WAIT2: State.FIN_WAIT_2,
    psutil.CONN_CLOSE_WAIT: State.CLOSE_WAIT,
    psutil.CONN_CLOSING: State.CLOSING,
    psutil.CONN_LAST_ACK: State.LAST_ACK,
    psutil.CONN_TIME_WAIT: State.TIME_WAIT,
    psutil.CONN_CLOSE: State.CLOSED,
    "DELETE_TCB": State.CLOSED,
}

_OWNERLESS_STATES = frozenset({State.TIME_WAIT, State.SYN_RECEIVED, State.CLOSED})
"""States in which the kernel holds the socket itself, so that no owner is no riddle."""


class PsutilSocketReader:
    """Lists sockets with ``psutil.net_connections``."""

    name = "psutil"

    def __init__(self) -> None:
        """Start with no rows known."""
        self._rows: dict[SocketKey, SocketRow] = {}

    def read(self) -> SocketListing:
        """List all sockets that psutil shows to this user."""
        connections, notes = _connections()
        owners: dict[int, ProcessKey | FieldProblem] = {}
        rows: dict[SocketKey, SocketRow] = {}
        for connection in connections:
            row = _row(connection, owners)
            before = self._rows.get(row.key)
            rows[row.key] = before if before == row else row
        self._rows = rows
        return SocketListing(tuple(rows.values()), notes)

    def close(self) -> None:
        """Hold nothing open: nothing to do."""


def _connections() -> tuple[Iterable[Any], tuple[str, ...]]:
    try:
        return psutil.net_connections(kind="inet"), ()
    except psutil.AccessDenied:
        # macOS lists all sockets to root only; one's own processes are readable.
        note = _("Without administrator rights only the sockets of your own processes are shown.")
        return list(_connections_process_by_process()), (note,)
    except (OSError, RuntimeError) as error:
        raise PortViewError(
            "sockets_unreadable",
            _("The system's socket table could not be read: {error}.").format(error=error),
            _("PortView tries again at the next refresh."),
            Outcome.FAILED,
        ) from error


def _connections_process_by_process() -> Iterable[Any]:
    for process in psutil.process_iter():
        try:
            for connection in process.net_connections(kind="inet"):
                yield _WithPid(connection, process.pid)
        except (psutil.Error, OSError):
            continue


class _WithPid:
    """A connection as ``Process.net_connections`` gives it, with the PID that it leaves out."""

    def __init__(self, connection: Any, pid: int) -> None:
        self.family, self.type = connection.family, connection.type
        self.laddr, self.raddr = connection.laddr, connection.raddr
        self.status, self.pid = connection.status, pid


def _row(connection: Any, owners: dict[int, ProcessKey | FieldProblem]) -> SocketRow:
    protocol = Protocol.TCP if connection.type == socket.SOCK_STREAM else Protocol.UDP
    family = Family.IPV4 if connection.family == socket.AF_INET else Family.IPV6
    peer = _peer(connection.raddr)
    state = _STATES.get(connection.status)
    if state is State.CLOSED and peer is None:
        # Never connected, so it was not closed either: it is bound and no more.
        state = State.BOUND
    owner, problem = _owner(connection.pid, state, owners)
    detail = ""
    if problem is OwnerProblem.ACCESS_DENIED:
        problem, detail = hidden_owner_access()
    key = SocketKey(protocol, family, _endpoint(connection.laddr, family), peer, owner)
    return SocketRow(
        key,
        state if protocol is Protocol.TCP else None,
        connection.pid,
        problem,
        owner_detail=detail,
    )


def _owner(
    pid: int | None, state: State | None, owners: dict[int, ProcessKey | FieldProblem]
) -> tuple[ProcessKey | None, OwnerProblem | None]:
    if pid == WINDOWS_IDLE_PID:
        return None, None
    if pid is None:
        if state in _OWNERLESS_STATES:
            return None, None
        sees_all = _may_see_everything()
        return None, OwnerProblem.NOT_FOUND if sees_all else OwnerProblem.ACCESS_DENIED
    if pid not in owners:
        owners[pid] = process_key(pid)
    match owners[pid]:
        case ProcessKey() as key:
            return key, None
        case FieldProblem.PROCESS_GONE:
            return None, OwnerProblem.PROCESS_GONE
        case _:
            return None, OwnerProblem.ACCESS_DENIED


def _may_see_everything() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _endpoint(address: Any, family: Family) -> Endpoint:
    if not address:
        # A UDP socket that was never bound has no local address at all in psutil.
        return Endpoint("0.0.0.0" if family is Family.IPV4 else "::", 0)  # noqa: S104
    return Endpoint(canonical_address(address.ip), address.port)


def _peer(address: Any) -> Endpoint | None:
    return Endpoint(canonical_address(address.ip), address.port) if address else None
