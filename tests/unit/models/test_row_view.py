"""Whatever happens to a table, its edits lead to the rows that a full sort would give."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.query.compiling import compile_query
from portview.domain.query.matching import matches
from portview.domain.query.syntax import parse_query
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.port_names import PortName, PortNames
from portview.domain.sockets.scope import Scope, in_scope
from portview.domain.sockets.snapshot import Diff, diff, split
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.sockets.traffic import TrafficRate
from portview.domain.table.cells import CellContext
from portview.domain.table.columns import COLUMN_BY_ID, COLUMNS, UNKNOWN, Column
from portview.models.edits import Edit, Move, Removal, Reorder, Update, apply_edit, runs
from portview.models.row_view import MOST_UNPLACED, RowView
from portview.models.sorted_rows import MOST_MOVES

NAMES = PortNames({(Protocol.TCP, 3): PortName("three", "3")})
OWNERS = [ProcessKey(pid, 1) for pid in range(3)]
keys = st.builds(
    SocketKey,
    st.sampled_from(Protocol),
    st.just(Family.IPV4),
    st.builds(Endpoint, st.sampled_from(["127.0.0.1", "10.0.0.2"]), st.integers(1, 5)),
    st.none() | st.builds(Endpoint, st.just("10.0.0.1"), st.integers(1, 3)),
    st.none() | st.sampled_from(OWNERS),
)
snapshots = st.lists(
    st.builds(SocketRow, keys, st.none() | st.sampled_from(State), st.none() | st.integers(1, 3)),
    unique_by=lambda row: row.key,
    max_size=8,
).map(tuple)
# A snapshot describes all owners of its rows.
processes = st.fixed_dictionaries(
    {key: st.builds(ProcessInfo, st.just(key), st.sampled_from(["a", "B", None])) for key in OWNERS}
)
filters = st.sampled_from(["", "port:1-3", "tcp", "state:listen,established", "proc:a OR -pid:1"])


class Table:
    """A list that only edits change, beside what it should be by plain sorting and filtering."""

    def __init__(self) -> None:
        self.view = RowView(NAMES)
        self.rows: tuple[SocketRow, ...] = ()
        self.processes: dict[ProcessKey, ProcessInfo] = {}
        self.scope, self.query = Scope.ALL, parse_query("")
        self.column, self.is_descending = COLUMN_BY_ID["port"], False
        self.context = CellContext()
        self.list = self.view.reset((), {}, 0)

    def apply(self, edits: list[Edit]) -> None:
        for edit in edits:
            apply_edit(self.list, edit)

    def take(
        self, rows: tuple[SocketRow, ...], infos: dict[ProcessKey, ProcessInfo], now_ms: int
    ) -> None:
        self.apply(self.view.edits(diff(self.rows, rows), infos, now_ms))
        self.rows, self.processes = rows, infos

    def let_go(self, infos: dict[ProcessKey, ProcessInfo]) -> None:
        waited = self.view.release()
        for part in split(waited, 2):
            self.apply(self.view.edits(part, infos, 3))
        self.apply(self.view.edits(Diff(), infos, 3))

    def set_filter(self, scope: Scope, text: str) -> None:
        self.scope, self.query = scope, parse_query(text)
        self.apply(self.view.set_filter(scope, compile_query(self.query)))

    def set_sort(self, column: Column, *, is_descending: bool) -> None:
        self.column, self.is_descending = column, is_descending
        self.apply(self.view.set_sort(column, is_descending=is_descending))

    def set_rates(self, rates: dict[SocketKey, TrafficRate]) -> None:
        self.context = CellContext(rates=rates)
        self.apply(self.view.set_context(self.context))

    def expected(self) -> list[SocketRow]:
        return expected(self)

    def check(self) -> None:
        assert self.list == self.view.shown()
        assert [entry.row for entry in self.list] == self.expected()
        for number, entry in enumerate(self.list):
            assert self.view.number(entry.row.key) == number
            assert entry.info == self.processes.get(entry.row.key.owner or ProcessKey(-1, 0))


def expected(table: Table) -> list[SocketRow]:
    entries = []
    for row in table.rows:
        info = table.processes.get(row.key.owner) if row.key.owner else None
        name = NAMES.name(row.protocol, row.local.port)
        if in_scope(row, table.scope) and matches(table.query, row, info, name):
            first_seen_ms = next(
                entry.first_seen_ms for entry in table.view.entries if entry.row.key == row.key
            )
            entries.append(SocketEntry(row, info, name, first_seen_ms))
    known, unknown = [], []
    for entry in entries:
        key = table.column.sort_key(entry, table.context)
        (unknown if key == UNKNOWN else known).append((key, entry.place, entry))
    found = []
    for part in (known, unknown):
        part.sort(key=lambda each: each[:2], reverse=table.is_descending)
        found += [entry.row for _, _, entry in part]
    return found


@given(st.data())
@settings(max_examples=80)
def test_edits_lead_to_the_rows_that_sorting_anew_gives(data: st.DataObject) -> None:
    table = Table()
    for now_ms in range(1, data.draw(st.integers(2, 7))):
        match data.draw(st.integers(0, 5)):
            case 0:
                table.set_filter(data.draw(st.sampled_from(Scope)), data.draw(filters))
            case 1:
                table.set_sort(
                    data.draw(st.sampled_from(COLUMNS)), is_descending=data.draw(st.booleans())
                )
            case 2:
                rates = {row.key: TrafficRate(row.local.port % 3, 1) for row in table.rows[::2]}
                table.set_rates(rates)
            case _:
                table.take(data.draw(snapshots), data.draw(processes), now_ms)
        if table.column.is_volatile:
            table.set_rates(dict(table.context.rates))
        table.check()


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_value_that_is_no_longer_known_goes_last(count: int, is_descending: bool) -> None:
    table = Table()
    table.set_sort(COLUMN_BY_ID["firewall"], is_descending=is_descending)
    listening = [
        SocketRow(
            SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", port), None, OWNERS[0]),
            State.LISTEN,
        )
        for port in range(1, count + 1)
    ]
    infos = {OWNERS[0]: ProcessInfo(OWNERS[0], "a")}
    table.take(tuple(listening), infos, 1)
    for number in range(count):
        listening[number] = listening[number]._replace(state=State.BOUND)
        table.take(tuple(listening), infos, 2)
        table.check()
    table.take(tuple(row._replace(state=State.LISTEN) for row in listening), infos, 3)
    table.check()


@given(st.lists(snapshots, min_size=2, max_size=4), processes, processes, filters, filters)
@settings(max_examples=60)
def test_a_held_table_stands_still_and_then_shows_all_that_waited(
    steps: list[tuple[SocketRow, ...]],
    before: dict[ProcessKey, ProcessInfo],
    infos: dict[ProcessKey, ProcessInfo],
    text: str,
    other: str,
) -> None:
    table = Table()
    table.take(steps[0], before, 1)
    table.set_filter(Scope.ALL, text)
    shown_before = table.list[:]
    table.view.hold()
    for step in steps[1:]:
        assert table.view.edits(diff(table.rows, step), infos, 2) == []
        table.rows = step
    assert table.view.shown() == shown_before
    held = {entry.row.key: entry.row for entry in table.list}
    table.processes = infos
    waiting = table.view.waiting
    table.let_go(infos)
    table.check()
    after = {entry.row.key: entry.row for entry in table.list}
    came_or_changed = {key for key in after if key not in held or held[key] != after[key]}
    gone = held.keys() - after.keys()
    # A process that is told again lets rows come and go that did not change themselves.
    if before == infos:
        assert waiting == len(came_or_changed | gone)
    assert table.view.waiting == 0
    table.set_filter(Scope.ALL, other)
    table.check()


@given(snapshots, snapshots, filters)
def test_a_filter_set_while_held_is_over_what_is_held(
    first: tuple[SocketRow, ...], second: tuple[SocketRow, ...], text: str
) -> None:
    table = Table()
    table.take(first, {}, 1)
    table.view.hold()
    table.view.edits(diff(first, second), {}, 2)
    table.set_filter(Scope.ALL, text)
    table.check()
    table.rows = second
    table.let_go({})
    table.check()


def listening(count: int, state: State = State.LISTEN) -> tuple[SocketRow, ...]:
    return tuple(
        SocketRow(
            SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", port), None, None), state
        )
        for port in range(1, count + 1)
    )


def test_a_change_elsewhere_is_one_small_edit() -> None:
    table = Table()
    rows = listening(100)
    table.take(rows, {}, 1)
    changed = (*rows[:50], rows[50]._replace(user="x"), *rows[51:])
    edits = table.view.edits(diff(rows, changed), {}, 2)
    assert [(type(edit).__name__, edit[0]) for edit in edits] == [("Update", 50)]
    edits = table.view.edits(diff(changed, changed[:40] + changed[60:]), {}, 3)
    assert edits == [Removal(40, 59)]


def test_one_row_that_changes_its_place_moves_and_many_are_reordered() -> None:
    table = Table()
    rows = listening(100)
    table.take(rows, {}, 1)
    table.set_sort(COLUMN_BY_ID["state"], is_descending=False)
    one = (rows[0]._replace(state=State.CLOSED), *rows[1:])
    edits = table.view.edits(diff(rows, one), {}, 2)
    assert edits[0] == Move(0, 99)
    many = tuple(row._replace(state=State.CLOSED) for row in rows[: MOST_MOVES + 2]) + rows[34:]
    edits = table.view.edits(diff(one, many), {}, 3)
    assert [type(edit) for edit in edits] == [Update, Reorder]
    assert not any(isinstance(edit, Move) for edit in edits)


@given(snapshots, processes, st.sampled_from(COLUMNS))
def test_another_direction_reads_the_same_order_backwards_with_the_unknown_last(
    rows: tuple[SocketRow, ...], infos: dict[ProcessKey, ProcessInfo], column: Column
) -> None:
    table = Table()
    table.take(rows, infos, 1)
    for is_descending in (False, True, True, False):
        table.set_sort(column, is_descending=is_descending)
        table.check()


@given(st.lists(st.lists(st.none() | st.sampled_from(State), min_size=4, max_size=4), min_size=2))
def test_rows_whose_value_becomes_unknown_or_known_move_to_their_places(
    steps: list[list[State | None]],
) -> None:
    for is_descending in (False, True):
        table = Table()
        table.set_sort(COLUMN_BY_ID["state"], is_descending=is_descending)
        for states in steps:
            rows = zip(listening(4), states, strict=True)
            table.take(tuple(row._replace(state=state) for row, state in rows), {}, 1)
            table.check()


def test_rows_that_came_in_no_order_are_sorted_and_filtered_like_all_others() -> None:
    table = Table()
    rows = listening(MOST_UNPLACED * 2)
    shuffled = sorted(rows, key=lambda row: row.local.port * 7919 % 4001)
    for count in (MOST_UNPLACED - 10, MOST_UNPLACED + 10, len(rows)):
        table.take(tuple(shuffled[:count]), {}, 1)
        table.set_sort(COLUMN_BY_ID["state"], is_descending=False)
        assert [entry.row for entry in table.list] == table.expected()
        table.set_filter(Scope.ALL, "port:500-1500")
        assert [entry.row for entry in table.list] == table.expected()
        table.set_filter(Scope.ALL, "")
        table.set_sort(COLUMN_BY_ID["port"], is_descending=True)
        assert [entry.row for entry in table.list] == table.expected()


def test_a_filter_that_scatters_exchanges_all_rows() -> None:
    table = Table()
    table.take(listening(5000), {}, 1)
    ports = ",".join(str(port) for port in range(1, 200, 2))
    edits = table.view.set_filter(Scope.ALL, compile_query(parse_query(f"-port:{ports}")))
    assert len(edits) == 100
    table.apply(edits)
    edits = table.view.set_filter(Scope.ALL, lambda entry: entry.row.key.local.port % 2 == 0)
    assert len(edits) == 2
    table.apply(edits)
    assert [entry.row.local.port for entry in table.list] == list(range(2, 5001, 2))
    edits = table.view.set_filter(Scope.LISTENING, lambda _: False)
    assert edits == [Removal(0, 2499)]
    table.apply(edits)
    table.apply(table.view.set_filter(Scope.LISTENING, None))
    assert [entry.row.local.port for entry in table.list] == list(range(1, 5001))
    assert table.view.number(table.list[7].row.key) == 7


def test_a_process_that_runs_another_program_is_told_anew() -> None:
    owner = OWNERS[0]
    row = SocketRow(
        SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", 3), None, owner), State.LISTEN
    )
    table = Table()
    table.take((row,), {owner: ProcessInfo(owner, name="sh")}, 1)
    table.take((row,), {owner: ProcessInfo(owner, name="node")}, 2)
    assert table.list[0].info == ProcessInfo(owner, name="node")
    assert table.list[0].first_seen_ms == 1
    assert table.view.edits(Diff(), {owner: ProcessInfo(owner, name="node")}, 3) == []


@given(st.sets(st.integers(0, 30)))
def test_runs_cover_each_number_once_and_are_as_long_as_can_be(numbers: set[int]) -> None:
    found = list(runs(sorted(numbers)))
    assert [n for first, last in found for n in range(first, last + 1)] == sorted(numbers)
    assert all(one[1] + 1 < two[0] for one, two in pairwise(found))
