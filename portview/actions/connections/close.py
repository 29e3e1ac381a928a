"""Close one connection, without touching the programs at its ends."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.connections.errors import (
    connection_failed,
    connection_gone,
    connection_unsupported,
    describe_connection,
)
from portview.actions.connections.linux import destroy_linux_connection
from portview.actions.connections.windows import destroy_windows_connection
from portview.actions.elevation.client import run_elevated
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.inspection.process_inspection import ProcessInspector, read_rows
from portview.actions.safety.seen_process import SeenProcess
from portview.command_name import command_line
from portview.domain.address_matching import is_same_address
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.sockets.socket_row import Endpoint, Protocol, State, endpoint_text
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Collection

    from portview.actions.safety.process_facts import ProcessFacts
    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.socket_row import SocketRow

_GONE = frozenset({State.TIME_WAIT, State.CLOSED, State.BOUND})
"""A client that chose its local port keeps it bound after the connection was cut (Linux)."""
_GONE_AT_THE_LATEST_S = 1.0
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class ClosePlan:
    """A connection that is to be closed, and the processes that hold its ends here.

    ``peer`` is the other end where it is on this machine as well. ``carries_portview`` says that
    PortView itself is used through this connection.
    """

    row: SocketRow
    process: ProcessFacts | None
    peer: ProcessFacts | None = None
    carries_portview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseReport(ActionReport):
    """How closing a connection ended."""

    plan: ClosePlan


def inspect_connection(local: Endpoint, remote: Endpoint) -> ClosePlan:
    """Find a TCP connection by its two ends. Changes nothing. Raises PortViewError."""
    rows = read_rows()
    row = _find(rows, local, remote)
    if row is None:
        raise PortViewError(
            "no_such_connection",
            _("There is no connection {endpoint_text} -> {endpoint_text_2}.").format(
                endpoint_text=endpoint_text(local), endpoint_text_2=endpoint_text(remote)
            ),
            _("To see the connections: {command}").format(
                command=command_line("list", "--scope", "connections")
            ),
            Outcome.NOT_DONE,
        )
    inspector = ProcessInspector(for_showing=True)
    other = _find(rows, remote, local)
    process = inspector.facts_of(row.owner) if row.owner else None
    carries = row.owner is not None and row.owner in inspector.standpoint().ancestors
    peer = inspector.facts_of(other.owner) if other and other.owner else None
    return ClosePlan(row, process, peer, carries)


def close_connection(plan: ClosePlan, *, as_admin: bool = False) -> CloseReport:
    """Close the connection of a plan, and see that it is gone.

    Raises PortViewError, with outcome NEEDS_ADMIN where this user may not. Any thread.
    """
    row = plan.row
    name = describe_connection(row)
    if not as_admin:
        check_connection(row, row.key.token, {row.owner} if row.owner else set())
    if plan.carries_portview:
        raise PortViewError(
            "carries_portview",
            _("PortView is used through this very connection; closing it would cut you off."),
            _("Close the connection by leaving it."),
            Outcome.NOT_DONE,
        )
    if as_admin:
        seen = (SeenProcess(row.owner),) if row.owner else ()
        run_elevated(
            ElevatedRequest(
                ElevatedOperation.CLOSE,
                seen,
                local=row.local,
                remote=row.remote,
                token=row.key.token,
            )
        )
    elif sys.platform == "win32":
        destroy_windows_connection(row)
    elif sys.platform == "linux":
        destroy_linux_connection(row)
    else:
        raise connection_unsupported(_("This system can't close connections of other programs."))
    deadline = time.monotonic() + _GONE_AT_THE_LATEST_S
    while _find(read_rows(), row.local, row.remote) is not None:
        if time.monotonic() > deadline:
            raise connection_failed(
                row, _("the system accepted the request, but it is still open.")
            )
        time.sleep(_LOOK_EVERY_S)
    return CloseReport(
        Outcome.DONE,
        _("Close the connection {name}.").format(name=name),
        _("The system was asked to close it."),
        _("{name} is closed.").format(name=name),
        _("The program may connect again."),
        plan=plan,
    )


def check_connection(seen: SocketRow, token: int, owners: Collection[ProcessKey]) -> None:
    """Raise PortViewError where a connection is gone, another one than was seen, or another's.

    ``token`` is the inode or creation time that was seen, 0 where none was; ``owners`` is empty
    where no owner was known.
    """
    found = [row for row in read_rows() if _is_between(row, seen.local, seen.remote)]
    if not found:
        raise connection_gone(seen)
    for row in found:
        is_same = not (token and row.key.token) or token == row.key.token
        if is_same and (not owners or row.owner in owners):
            return
    raise PortViewError(
        "connection_changed",
        _("{connection} is not the connection that was shown. Nothing was done.").format(
            connection=describe_connection(seen)
        ),
        _("Check again before you continue."),
        Outcome.NOT_DONE,
    )


def _find(
    rows: tuple[SocketRow, ...], local: Endpoint, remote: Endpoint | None
) -> SocketRow | None:
    """Return the connection between two ends, however their addresses are written.

    The one that is written just so goes first; tools like netstat write IPv4-mapped addresses as
    IPv4 and leave out the device.
    """
    found = [row for row in rows if _is_between(row, local, remote)]
    found.sort(key=lambda row: (row.local, row.remote) != (local, remote))
    return found[0] if found else None


def _is_between(row: SocketRow, local: Endpoint, remote: Endpoint | None) -> bool:
    return (
        row.protocol is Protocol.TCP
        and row.state not in _GONE
        and _is_same_end(row.local, local)
        and _is_same_end(row.remote, remote)
    )


def _is_same_end(one: Endpoint | None, other: Endpoint | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.port == other.port and is_same_address(one.address, other.address)
