"""Put together what is known of the sockets at a port: rows, owners, and what the kernel adds."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from portview.diagnosis.facts import Facts, PortSocket, Reading, Usage
from portview.domain.facts import Absent, Known, Unreadable
from portview.domain.sockets.socket_row import State
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.facts import Fact
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.port_ranges import PortRanges
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import Protocol, SocketRow
    from portview.readers.linux.port_sockets import KernelSocket


def join_sockets(
    facts: Facts, snapshot: Reading[Snapshot], details: Reading[tuple[KernelSocket, ...]] | None
) -> Facts:
    """Put the rows of the table and what the kernel adds together, by socket."""
    if not isinstance(snapshot.fact, Known):
        missing = (
            snapshot.fact
            if isinstance(snapshot.fact, Unreadable)
            else Unreadable(_("it was not read"))
        )
        return replace(facts, sockets=_as(snapshot, missing, snapshot.source))
    taken = snapshot.fact.value
    rows = [
        row for row in taken.rows if row.local.port == facts.port and row.protocol is facts.protocol
    ]
    found = _grouped(rows, taken.processes, facts)
    if details is not None and isinstance(details.fact, Known):
        found = [_with_details(one, details.fact.value) for one in found]
    if facts.platform == "linux":
        found = [_with_options(one) for one in found]
    return replace(
        facts,
        sockets=_as(snapshot, Known(tuple(found)), taken.source),
        usage=_as(snapshot, _usage(facts, taken), taken.source),
    )


def _as(snapshot: Reading[Snapshot], fact: Fact[Any], source: str) -> Reading[Any]:
    """Return a reading of what was made of a snapshot, with the snapshot's own time."""
    return Reading(fact, source, snapshot.read_at_ms, snapshot.took_ms)


def _grouped(
    rows: list[SocketRow], processes: Mapping[ProcessKey, ProcessInfo], facts: Facts
) -> list[PortSocket]:
    """Make one entry of the rows of one socket, which several processes may hold."""
    groups: dict[object, list[SocketRow]] = defaultdict(list)
    for position, row in enumerate(rows):
        key = row.key
        # Without a token nothing distinguishes two sockets, and each row stands for itself.
        name: object = key.token or position
        groups[key.family, key.local, key.remote, name].append(row)
    return [_port_socket(some, processes, facts) for some in groups.values()]


def _port_socket(
    rows: list[SocketRow], processes: Mapping[ProcessKey, ProcessInfo], facts: Facts
) -> PortSocket:
    first = rows[0]
    owners = tuple(
        info for row in rows if row.owner is not None and (info := processes.get(row.owner))
    )
    heirs = tuple(
        info for row in rows for key in row.likely_holders if (info := processes.get(key))
    )
    user = next((info.user for info in owners if info.user), first.user)
    return PortSocket(
        family=first.key.family,
        state=first.state,
        address=first.local.address,
        remote=first.remote.address if first.remote else None,
        remote_port=first.remote.port if first.remote else 0,
        token=first.key.token,
        owners=owners,
        pid=first.pid,
        problem=None if owners else first.owner_problem,
        user=user,
        is_mine=None if user is None else _is_same_user(user, facts.me.user),
        services=tuple(dict.fromkeys(name for row in rows for name in row.services)),
        heirs=heirs,
        is_v6_only=first.is_v6_only,
        kernel_user=first.kernel_use,
    )


def _is_same_user(one: str, other: str) -> bool:
    # Windows' names carry the machine or domain: "DESKTOP\\dev".
    return one.rpartition("\\")[2].casefold() == other.rpartition("\\")[2].casefold()


def _with_details(one: PortSocket, details: tuple[KernelSocket, ...]) -> PortSocket:
    for detail in details:
        same_ends = (
            detail.family is one.family
            and detail.local.address == one.address
            and (detail.remote.address if detail.remote else None) == one.remote
            and (detail.remote.port if detail.remote else 0) == one.remote_port
        )
        if same_ends and detail.inode == one.token:
            return replace(
                one,
                is_v6_only=detail.is_v6_only,
                receive_queue=detail.receive_queue,
                send_queue=detail.send_queue,
                opened_by=detail.opened_by,
            )
    return one


def _with_options(one: PortSocket) -> PortSocket:
    if not one.owners or not one.token or one.is_connection:
        return one
    from portview.readers.linux.socket_options import read_socket_options  # noqa: PLC0415

    return replace(one, options=read_socket_options(one.owners[0].pid, one.token))


def _usage(facts: Facts, snapshot: Snapshot) -> Fact[Usage]:
    from portview.readers.port_ranges import read_port_ranges  # noqa: PLC0415 - loaded already

    # On Windows that takes netsh, which is asked on a thread of its own.
    ranges = None if sys.platform == "win32" else read_port_ranges(facts.protocol)
    if ranges is None or ranges.dynamic is None:
        return Absent()
    return Known(usage_of(snapshot, facts.protocol, ranges))


def usage_of(snapshot: Snapshot, protocol: Protocol, ranges: PortRanges) -> Usage:
    """Count the dynamic ports that are in use, each once, and who has how many. Pure.

    The dynamic range has to be known.
    """
    dynamic = ranges.dynamic
    if dynamic is None:
        raise ValueError("the dynamic range is not known")
    used: set[int] = set()
    time_wait = 0
    by_process: Counter[str] = Counter()
    for row in snapshot.rows:
        if row.protocol is not protocol or row.local.port not in dynamic:
            continue
        used.add(row.local.port)
        if row.state is State.TIME_WAIT:
            time_wait += 1
        elif row.owner is not None:
            info = snapshot.processes.get(row.owner)
            by_process[_process_words(info, row.owner.pid)] += 1
    return Usage(dynamic, len(used), time_wait, tuple(by_process.most_common(5)))


def _process_words(info: ProcessInfo | None, pid: int) -> str:
    name = (info.name if info else None) or "?"
    return _("{name} (PID {pid})").format(name=name, pid=pid)
