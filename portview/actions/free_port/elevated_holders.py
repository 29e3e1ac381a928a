"""Who holds a port, where the system says that to administrators only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from portview.actions.elevation.client import no_answer, run_elevated
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.free_port.elevated_facts import (
    ElevatedFacts,
    elevated_facts_values,
    read_elevated_facts,
)
from portview.actions.inspection.process_inspection import ProcessInspector, read_rows
from portview.actions.port_usage import holds_port
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import Endpoint, Family, Protocol, SocketKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.actions.port_usage import FreeRequest
    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.socket_row import SocketRow


NOTHING_READ = ElevatedFacts()


class HeldSocket(NamedTuple):
    """A socket without its owner, that owner, and what an administrator read about it."""

    socket: SocketKey
    owner: ProcessKey
    facts: ElevatedFacts = NOTHING_READ


def find_holders_elevated(
    request: FreeRequest, cancel: CancelToken | None = None
) -> tuple[HeldSocket, ...]:
    """Have an administrator look who holds a port. Changes nothing. Raises PortViewError.

    Blocks for as long as the person takes to answer the system's prompt.
    """
    elevated_request = ElevatedRequest(
        ElevatedOperation.HOLDERS, protocol=request.protocol, port=request.port
    )
    answer = run_elevated(elevated_request, cancel)
    try:
        return tuple(_held(values, request) for values in answer["holders"])
    except (KeyError, TypeError, ValueError) as error:
        raise no_answer() from error


def holder_values(protocol: Protocol, port: int) -> list[dict[str, Any]]:
    """Return the holders of a port as they travel; the elevated process's side."""
    inspector = ProcessInspector()
    return [
        {
            "family": row.key.family.value,
            "address": row.local.address,
            "token": row.key.token,
            "pid": row.owner.pid,
            "started_ms": row.owner.started_ms,
            "facts": elevated_facts_values(inspector.facts_of(row.owner)),
        }
        for row in read_rows()
        if row.local.port == port
        and row.protocol is protocol
        and row.owner is not None
        and holds_port(row)
    ]


def with_owners(rows: Iterable[SocketRow], held: Iterable[HeldSocket]) -> tuple[SocketRow, ...]:
    """Put owners into rows that have none. A socket of several processes becomes several rows."""
    owners: dict[SocketKey, list[ProcessKey]] = {}
    for each in held:
        owners.setdefault(each.socket, []).append(each.owner)
    filled: list[SocketRow] = []
    for row in rows:
        found = owners.get(row.key, []) if row.owner is None else []
        filled += [
            row._replace(key=row.key._replace(owner=owner), pid=owner.pid, owner_problem=None)
            for owner in found
        ] or [row]
    return tuple(dict.fromkeys(filled))


def _held(values: dict[str, Any], request: FreeRequest) -> HeldSocket:
    local = Endpoint(str(values["address"]), request.port)
    family, token = Family(values["family"]), int(values["token"])
    socket = SocketKey(request.protocol, family, local, None, None, token)
    owner = ProcessKey(int(values["pid"]), int(values["started_ms"]))
    return HeldSocket(socket, owner, read_elevated_facts(values["facts"]))
