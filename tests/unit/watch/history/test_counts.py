"""Connections and bytes of a port: counted from look to look, thinned out with age, never lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import Endpoint, State
from portview.preferences import HISTORY_DAYS, HISTORY_MB
from portview.settings import Settings, settings_path
from portview.watch.history.choices import ChoicesFile, HistoryChoices
from portview.watch.history.counters import CounterBuffer, read_counts, thin
from portview.watch.history.counting import ConnectionCounter
from portview.watch.history.peers import read_peers, write_peers
from portview.watch.history.retention import Retention, forget, prune
from portview.watch.history.schema import HISTORY
from portview.watch.store.database import open_store, store_path
from portview.watch.store.incident_store import Incident, IncidentStore
from tests.factories import describe, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.domain.sockets.socket_row import SocketRow
    from portview.watch.history.counters import CountPoint

HOUR_MS = 3_600_000
NOW_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(open_store(store_path(), [HISTORY])) as connection:
        yield connection


def connection_row(
    port: int, remote_port: int, address: str = "192.0.2.7", pid: int = 1,
    state: State = State.ESTABLISHED,
) -> SocketRow:  # fmt: skip
    plain = row(port, state, pid=pid)
    remote = Endpoint(address, remote_port)
    return plain._replace(key=plain.key._replace(remote=remote, token=remote_port))


def shot(*rows: SocketRow) -> Snapshot:
    return Snapshot(rows, describe(rows))


def test_connections_are_counted_once_and_only_changes_are_told() -> None:
    counter = ConnectionCounter()
    first, second = connection_row(80, 1), connection_row(80, 2)
    # A worker that shares a connection is a second row of the same one.
    shared = connection_row(80, 2, pid=9)
    waiting = connection_row(80, 3, state=State.TIME_WAIT)
    other = connection_row(5000, 443)
    assert counter.look(shot(first, other), {80}).counts == ((80, 1),)
    assert counter.look(shot(first, second, shared, waiting, other), {80}).counts == ((80, 2),)
    assert counter.look(shot(first, second, waiting), {80}).counts == ()
    closing_row = first._replace(state=State.TIME_WAIT)
    assert counter.look(shot(closing_row, second), {80}).counts == ((80, 1),)
    assert counter.look(shot(), {80}).counts == ((80, 0),)
    assert counter.look(shot(), {80}).counts == ()


def test_a_port_that_listens_no_more_has_no_connections_to_count() -> None:
    counter = ConnectionCounter()
    assert counter.look(shot(connection_row(80, 1)), {80}).counts == ((80, 1),)
    assert counter.look(shot(connection_row(80, 1)), set()).counts == ((80, 0),)


def test_other_machines_are_told_only_where_that_is_wanted_and_each_connection_once() -> None:
    here = connection_row(80, 5, "127.0.0.1")
    came, went = connection_row(80, 1), connection_row(5000, 443, "192.0.2.8")
    assert ConnectionCounter().look(shot(came), {80}).peers == ()
    counter = ConnectionCounter()
    seen = counter.look(shot(here, came, went), {80}, with_peers=True).peers
    assert [(one.port, one.is_incoming, one.address) for one in seen] == [
        (80, True, "192.0.2.7"), (443, False, "192.0.2.8"),
    ]  # fmt: skip
    changed = came._replace(state=State.CLOSE_WAIT)
    assert counter.look(shot(here, changed, went), {80}, with_peers=True).peers == ()


def _looked(store: sqlite3.Connection, *stretches: tuple[int, int]) -> None:
    for begin, end in stretches:
        store.execute("INSERT INTO looks (from_ms, until_ms, looker) VALUES (?, ?, 'test')",
                      (NOW_MS + begin * 1000, NOW_MS + end * 1000))  # fmt: skip


def _count(store: sqlite3.Connection, *changes: tuple[int, int]) -> None:
    buffer = CounterBuffer()
    for at_s, count in changes:
        buffer.count(NOW_MS + at_s * 1000, [(80, count)])
    buffer.write(store)


def _points(store: sqlite3.Connection, end_s: int = 100_000) -> list[tuple[float, float, float]]:
    found = read_counts(store, 80, NOW_MS, NOW_MS + end_s * 1000)
    return [
        ((one.from_ms - NOW_MS) / 1000, (one.to_ms - NOW_MS) / 1000, one.connections)
        for one in found
    ]


def test_a_count_holds_until_the_next_one_or_until_nobody_looked(store: sqlite3.Connection) -> None:
    _looked(store, (0, 100), (500, 600))
    _count(store, (10, 2), (40, 5), (510, 1))
    assert _points(store) == [(10, 40, 2), (40, 100, 5), (510, 600, 1)]
    # What began before the time that is asked for reaches into it.
    found = read_counts(store, 80, NOW_MS + 50_000, NOW_MS + 60_000)
    assert [one.connections for one in found] == [5]


def test_minutes_have_the_mean_and_the_most_of_the_time_somebody_looked(
    store: sqlite3.Connection,
) -> None:
    _looked(store, (0, 90))
    _count(store, (0, 4), (30, 0), (60, 7))
    thin(store, NOW_MS + 2 * HOUR_MS)
    found = read_counts(store, 80, NOW_MS, NOW_MS + HOUR_MS)
    assert [(one.connections, one.most) for one in found] == [(2.0, 4), (7.0, 7)]
    assert found[0].to_ms - found[0].from_ms == 60_000


def test_what_still_holds_goes_on_after_it_was_thinned(store: sqlite3.Connection) -> None:
    _looked(store, (0, 9000))
    _count(store, (0, 3))
    thin(store, NOW_MS + 9000 * 1000)
    last = _points(store)[-1]
    assert last == (5400, 9000, 3)
    assert [count for _begin, _end, count in _points(store)] == [3.0] * 91


CHANGES = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(0, 50), st.integers(0, 10**9)), max_size=60
)


@given(changes=CHANGES, later_h=st.lists(st.integers(0, 400), max_size=4))
def test_thinning_loses_no_byte_and_no_peak(
    changes: list[tuple[int, int, int]], later_h: list[int]
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as store:
        for script in HISTORY.scripts:
            store.executescript(script)
        _looked(store, (0, 30_000))
        buffer = CounterBuffer()
        for at_s, count, moved in sorted(changes):
            buffer.count(NOW_MS + at_s * 1000, [(80, count)])
            buffer.move(NOW_MS + at_s * 1000, {80: moved}, {})
        buffer.write(store)
        before = read_counts(store, 80, NOW_MS, NOW_MS + 10**9)
        for hours in sorted(later_h):
            thin(store, NOW_MS + hours * HOUR_MS)
        after = read_counts(store, 80, NOW_MS, NOW_MS + 10**9)
        assert _whole(after) == pytest.approx(_whole(before), rel=1e-3, abs=100.0)
        assert max((one.most for one in after), default=0) == max(
            (one.most for one in before), default=0
        )
        assert sum(one.received or 0 for one in after) == sum(one.received or 0 for one in before)
        times = [(one.from_ms, one.to_ms) for one in after]
        assert all(end <= begin for (_b, end), (begin, _e) in pairwise(times))


def _whole(points: tuple[CountPoint, ...]) -> float:
    """Return connections times seconds that somebody looked."""
    end_ms = NOW_MS + 30_000_000
    return sum(
        one.connections * (min(one.to_ms, end_ms) - one.from_ms) / 1000
        for one in points
        if one.from_ms < end_ms
    )


def test_forgetting_and_age_take_counts_and_peers_with_them(store: sqlite3.Connection) -> None:
    _looked(store, (0, 100))
    _count(store, (10, 2))
    came = ConnectionCounter().look(shot(connection_row(80, 1)), {80}, with_peers=True).peers
    write_peers(store, NOW_MS, came)
    write_peers(store, NOW_MS + 1000, came)
    [peer] = read_peers(store, 80, 0, 1 << 62)
    assert (peer.address, peer.connections, peer.to_ms) == ("192.0.2.7", 2, NOW_MS + 1000)
    assert read_peers(store, 81, 0, 1 << 62) == ()
    forget(store, port=80)
    assert read_peers(store, 80, 0, 1 << 62) == ()
    assert _points(store) == []
    _count(store, (10, 2))
    write_peers(store, NOW_MS, came)
    prune(store, Retention(days=1), NOW_MS + 3 * 86_400_000)
    assert read_peers(store, None, 0, 1 << 62) == ()
    assert store.execute("SELECT count(*) FROM counters").fetchone() == (0,)
    assert store.execute("SELECT count(*) FROM owners").fetchone() == (0,)


def test_forgetting_spares_what_watches_still_need(store: sqlite3.Connection) -> None:
    with closing(IncidentStore.open()) as incidents:
        for name, ended_ms in (("open", None), ("waiting", 5), ("over", 5)):
            incidents.begin_incident(
                Incident(name, "shop", "s", 80, "tcp", 1, None, True, (), "gone", "")
            )
            if ended_ms:
                incidents.end_incident(name, ended_ms, "")
            incidents.add_event(1, "firing", "shop", 80, name, "gone")
        incidents.connection.execute(
            "INSERT INTO outbox (channel, kind, watch, incident, at_ms, since_ms, detail)"
            " VALUES ('ops', 'resolved', 'shop', 'waiting', 5, 1, '')"
        )
        forget(store, port=81)
        assert len(incidents.recent_incidents(0)) == 3
        deletions: tuple[Callable[[], object], ...] = (
            partial(forget, store, port=80),
            partial(forget, store),
            partial(prune, store, Retention(days=1), NOW_MS),
        )
        for delete in deletions:
            delete()
            assert {one.id for one in incidents.recent_incidents(0)} == {"open", "waiting"}
            rows = store.execute("SELECT incident FROM watch_events").fetchall()
            assert {incident for (incident,) in rows} == {"open", "waiting"}


def test_choices_follow_the_settings_file() -> None:
    choices = ChoicesFile()
    assert choices.read() == HistoryChoices()
    settings = Settings(settings_path())
    settings.update(history=False, history_days=HISTORY_DAYS[0], history_mb=HISTORY_MB[0],
                    history_peers=True)  # fmt: skip
    assert settings.save()
    assert choices.read() == HistoryChoices(
        is_on=False, retention=Retention(HISTORY_DAYS[0], HISTORY_MB[0] * 10**6), with_peers=True
    )
    # A file in the middle of being written by an editor, or damaged, changes nothing.
    settings_path().write_text("{", encoding="utf-8")
    assert choices.read().is_on is False
    assert settings_path().exists()
    settings_path().unlink()
    assert choices.read() == HistoryChoices()
