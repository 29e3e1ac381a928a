"""What the metrics say: totals of the sockets now, and what is stored about watches.

Nothing is evaluated here. What can't be read is named in ``unreadable`` and has no numbers.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.address_matching import is_this_machine_only
from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Family, Protocol
from portview.readers.choose import open_reader
from portview.readers.port_ranges import read_port_ranges
from portview.watch.history.tracker import is_listening
from portview.watch.rules.file import read_rules, rules_path
from portview.watch.running.lock import lock_path
from portview.watch.running.status import read_statuses
from portview.watch.store.incident_store import IncidentStore
from portview.watch.store.process_lock import is_locked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow
    from portview.watch.running.status import WatchStatus

logger = logging.getLogger(__name__)

_SHORTEST_STALE_MS = 300_000
_STALE_INTERVALS = 10
_WITHOUT_STATE = "none"
"""The state of UDP sockets."""

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound


class WatchReading(NamedTuple):
    """What is stored about one watch."""

    name: str
    port: int | None
    protocol: str
    state: str
    since_ms: int | None


class SocketCount(NamedTuple):
    """By what sockets are counted."""

    protocol: str
    family: str
    state: str


class RangeKey(NamedTuple):
    """By what ranges of ports are distinguished; ``kind`` is "" for the dynamic range."""

    protocol: str
    family: str
    kind: str = ""


@dataclass(slots=True)
class Readings:
    """One look at everything that metrics report. Times are Unix milliseconds."""

    taken_ms: int = 0
    scan_ms: float = 0.0
    sockets: Mapping[SocketCount, int] | None = None
    listeners: Mapping[tuple[str, str], int] | None = None
    """By protocol and from where they can be reached: loopback, lan, any."""
    listening: tuple[SocketRow, ...] = ()
    snapshot: Snapshot | None = None
    dynamic_used: dict[RangeKey, float] = field(default_factory=dict)
    excluded: dict[RangeKey, int] = field(default_factory=dict)
    watches: list[WatchReading] = field(default_factory=list)
    is_evaluating: bool = False
    messages: list[tuple[str, str, int]] = field(default_factory=list)
    """Channel, result, count."""
    repairs: list[tuple[str, str, int]] = field(default_factory=list)
    """Watch, result, count."""
    unreadable: dict[str, bool] = field(default_factory=dict)
    """By reader: whether it failed."""


def take_readings() -> Readings:
    """Read the sockets and the store. Blocks for a moment; any thread. Raises nothing expected."""
    found = Readings(taken_ms=time.time_ns() // 1_000_000)
    _read_sockets(found)
    _read_ranges(found)
    _read_watches(found)
    return found


def _read_sockets(found: Readings) -> None:
    found.unreadable["sockets"] = True
    started = time.perf_counter()
    try:
        with closing(open_reader()) as reader:
            snapshot = reader.read_settled()
    except (PortViewError, OSError) as error:
        logger.warning("metrics: the sockets can't be read: %s", error)
        return
    found.scan_ms = (time.perf_counter() - started) * 1000
    found.unreadable["sockets"] = False
    found.unreadable["owners"] = any(row.owner_problem for row in snapshot.rows)
    found.snapshot = snapshot
    found.sockets = Counter(
        SocketCount(
            row.key.protocol.value,
            row.key.family.value,
            row.state.value if row.state else _WITHOUT_STATE,
        )
        for row in _each_once(snapshot)
    )
    found.listening = tuple(row for row in _each_once(snapshot) if is_listening(row))
    found.listeners = Counter((row.key.protocol.value, _scope(row)) for row in found.listening)


def _each_once(snapshot: Snapshot) -> list[SocketRow]:
    """Return one row for each socket: what two processes hold is still one socket."""
    return list(
        {
            (row.key.protocol, row.key.local, row.key.remote, row.key.token or row.key.owner): row
            for row in snapshot.rows
        }.values()
    )


def _scope(row: SocketRow) -> str:
    address = row.key.local.address
    if is_this_machine_only(address):
        return "loopback"
    return "any" if address.partition("%")[0] in _EVERYWHERE else "lan"


def _read_ranges(found: Readings) -> None:
    is_unknown = False
    for protocol in Protocol:
        for family in Family:
            ranges = read_port_ranges(protocol, family)
            is_unknown = is_unknown or bool(ranges.notes)
            key = RangeKey(protocol.value, family.value)
            for kind in ("reserved", "excluded"):
                found.excluded[key._replace(kind=kind)] = sum(
                    one.last - one.first + 1
                    for one in ranges.excluded
                    if one.is_administered is (kind == "reserved")
                )
            dynamic = ranges.dynamic
            if dynamic is None or found.snapshot is None:
                continue
            used = {
                row.key.local.port
                for row in found.snapshot.rows
                if row.key.protocol is protocol
                and row.key.family is family
                and row.key.local.port in dynamic
            }
            found.dynamic_used[key] = len(used) / (dynamic.last - dynamic.first + 1)
    found.unreadable["port_ranges"] = is_unknown


def _read_watches(found: Readings) -> None:
    found.unreadable["watches"] = found.unreadable["store"] = False
    try:
        found.is_evaluating = is_locked(lock_path())
        parsed = read_rules(rules_path())
    except (PortViewError, OSError) as error:
        logger.warning("metrics: the watches can't be read: %s", error)
        found.unreadable["watches"] = True
        return
    found.unreadable["watches"] = bool(parsed.problems)
    try:
        store = IncidentStore.open(read_only=True)
    except PortViewError as error:
        found.unreadable["store"] = error.code != "no_store"
        store = None
    try:
        has_tables = store is not None and _has_tables(store.connection)
        kept = store if has_tables else None
        found.watches = [
            _watch_reading(one, found) for one in read_statuses(parsed.rules, kept, found.taken_ms)
        ]
        if kept is not None:
            _read_counts(kept.connection, found)
    except sqlite3.Error as error:
        logger.warning("metrics: the store can't be read: %s", error)
        found.unreadable["store"] = True
    finally:
        if store is not None:
            store.close()


def _has_tables(connection: sqlite3.Connection) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'watch_states'")
    return found.fetchone() is not None


def _watch_reading(status: WatchStatus, found: Readings) -> WatchReading:
    """Return what is stored; that all was well is not said for longer than somebody looks."""
    watch, state = status.watch, status.state
    stale_ms = max(_SHORTEST_STALE_MS, _STALE_INTERVALS * round(watch.interval_s * 1000))
    if (
        state in {"ok", "pending"}
        and not found.is_evaluating
        and found.taken_ms - (status.checked_ms or 0) > stale_ms
    ):
        state = "unknown"
    protocol = watch.protocol if watch.port is not None else ""
    return WatchReading(watch.name, watch.port, protocol, state, status.since_ms)


def _read_counts(connection: sqlite3.Connection, found: Readings) -> None:
    for channel, sent, failed in connection.execute(
        "SELECT channel, sent, failed FROM channel_results ORDER BY channel"
    ):
        found.messages += [(channel, "sent", sent), (channel, "failed", failed)]
    found.repairs = connection.execute(
        "SELECT watch, result, count(*) FROM repair_attempts GROUP BY watch, result"
        " ORDER BY watch, result"
    ).fetchall()
