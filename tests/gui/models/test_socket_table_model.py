"""The table model against the model tester: any snapshots, any sorting, any filter."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.query.compiling import compile_query
from portview.domain.query.syntax import parse_query
from portview.domain.sockets.port_names import PortName, PortNames
from portview.domain.sockets.scope import Scope, in_scope
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import Protocol, SocketKey, SocketRow, State
from portview.domain.table.cells import CellContext
from portview.domain.table.columns import COLUMNS
from portview.models.liveness import Mark
from portview.models.socket_table_model import SocketTableModel
from portview.ui.table.socket_table import SocketTable
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

NAMES = PortNames({(Protocol.TCP, 3): PortName("three", "The third")})
STATES = (State.LISTEN, State.ESTABLISHED, State.TIME_WAIT, State.BOUND)


def make_model(qtbot: QtBot, highlight_ms: int = 0) -> SocketTableModel:
    model = SocketTableModel(lambda: CellContext(now_ms=10**12, port_names=NAMES), NAMES)
    model.set_highlight(highlight_ms)
    return model


def random_rows(rng: random.Random, most: int) -> list[SocketRow]:
    rows = {}
    for _ in range(rng.randint(0, most)):
        udp = rng.random() < 0.2
        made = row(
            rng.randint(1, 14),
            None if udp else rng.choice(STATES),
            Protocol.UDP if udp else Protocol.TCP,
            rng.randint(1, 3),
        )
        rows[made.key] = made
    return list(rows.values())


def shown_keys(model: SocketTableModel) -> list[SocketKey]:
    return [model.entry_at(number).row.key for number in range(model.rowCount())]


@pytest.mark.parametrize("seed", range(4))
def test_random_snapshots_with_sorting_and_filtering_stay_equal_to_the_machine(
    qtbot: QtBot, seed: int
) -> None:
    """2,500 differences a seed, 10,000 in all, under the tester's eyes."""
    rng = random.Random(seed)
    model = make_model(qtbot)
    tester = QAbstractItemModelTester(
        model, QAbstractItemModelTester.FailureReportingMode.Warning
    )  # a complaint is a Qt warning, which fails the test
    scope, query, rows = Scope.ALL, "", []
    for step in range(2500):
        if rng.random() < 0.05:
            scope = rng.choice(list(Scope))
            model.set_scope(scope)
        if rng.random() < 0.05:
            query = rng.choice(["", "port:4-9", "-proc:p1", "listen", "proc:p2 OR three"])
            model.set_filter(compile_query(parse_query(query)))
        if rng.random() < 0.05:
            model.sort(rng.randrange(len(COLUMNS)), rng.choice(list(Qt.SortOrder)))
        if rng.random() < 0.05:
            model.set_held(rng.random() < 0.5)
        rows = [
            row(r.local.port, rng.choice(STATES), r.protocol, r.pid or 0)
            if r.state and rng.random() < 0.1
            else r
            for r in rows
            if rng.random() > 0.15
        ]
        rows = list({r.key: r for r in [*rows, *random_rows(rng, 4)]}.values())
        model.show_snapshot(snapshot(rows))
        if step % 25 == 0:
            model.set_held(False)
            model.catch_up()
            assert_equal_to(model, rows, scope, query)
    model.set_held(False)
    model.catch_up()
    assert_equal_to(model, rows, scope, query)
    del tester


def assert_equal_to(
    model: SocketTableModel, rows: list[SocketRow], scope: Scope, query: str
) -> None:
    passes = compile_query(parse_query(query))
    entries = {entry.row.key: entry for entry in model.all_entries()}
    assert entries.keys() == {r.key for r in rows}
    assert {key: entry.row for key, entry in entries.items()} == {r.key: r for r in rows}
    wanted = {k for k, entry in entries.items() if in_scope(entry.row, scope) and passes(entry)}
    shown = shown_keys(model)
    assert len(shown) == len(set(shown))
    assert set(shown) == wanted
    assert all(model.row_number(key) == number for number, key in enumerate(shown))


def test_sorting_by_any_column_gives_the_order_of_its_keys(qtbot: QtBot) -> None:
    model = make_model(qtbot)
    model.show_snapshot(snapshot(random_rows(random.Random(7), 60)))
    for number, column in enumerate(COLUMNS):
        for order in Qt.SortOrder:
            model.sort(number, order)
            keys = [column.sort_key(entry, model.context) for entry in model.shown_entries]
            known = [key for key in keys if key[0] == 0]
            assert keys[: len(known)] == known, "what is not known goes last"
            assert known == sorted(known, reverse=order is Qt.SortOrder.DescendingOrder)


def test_a_selection_follows_its_rows_through_sorting_and_churn(qtbot: QtBot) -> None:
    model = make_model(qtbot)
    model.sort(4, Qt.SortOrder.AscendingOrder)
    model.show_snapshot(snapshot(row(port) for port in range(100, 200)))
    model.catch_up()
    kept = QPersistentModelIndex(model.index(50, 0))
    key = model.entry_at(50).row.key
    model.show_snapshot(snapshot(row(port) for port in [*range(1, 60), *range(140, 260)]))
    model.catch_up()
    model.sort(4, Qt.SortOrder.DescendingOrder)
    assert kept.isValid()
    assert model.entry_at(kept.row()).row.key == key


def test_nothing_moves_while_held_and_all_arrives_when_let_go(qtbot: QtBot) -> None:
    model = make_model(qtbot)
    model.show_snapshot(snapshot([row(80), row(90)]))
    before = shown_keys(model)
    model.set_held(True)
    with qtbot.waitSignal(model.waiting_changed, check_params_cb=lambda count: count == 3):
        model.show_snapshot(snapshot([row(70), row(85), row(90)]))
    assert shown_keys(model) == before
    with qtbot.waitSignal(model.waiting_changed, check_params_cb=lambda count: count == 0):
        model.set_held(False)
    assert [key.local.port for key in sorted(shown_keys(model))] == [70, 85, 90]


def test_the_first_snapshot_marks_nothing_and_later_ones_mark_what_happened(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000]
    monkeypatch.setattr("portview.models.socket_table_model._now_ms", lambda: clock[0])
    model = make_model(qtbot, highlight_ms=2000)
    model.show_snapshot(snapshot([row(80), row(90)]))
    assert {model.mark_of(key) for key in shown_keys(model)} == {None}
    model.show_snapshot(snapshot([row(80, State.ESTABLISHED), row(100)]))
    marks = {key.local.port: model.mark_of(key) for key in shown_keys(model)}
    assert marks == {80: Mark.CHANGED, 90: Mark.CLOSED, 100: Mark.NEW}
    clock[0] = 2999
    model.pass_time()
    assert len(shown_keys(model)) == 3
    clock[0] = 3000
    model.pass_time()
    assert {key.local.port: model.mark_of(key) for key in shown_keys(model)} == {
        80: None,
        100: None,
    }


def test_a_row_that_comes_back_while_it_fades_is_one_row(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0]
    monkeypatch.setattr("portview.models.socket_table_model._now_ms", lambda: clock[0])
    model = make_model(qtbot, highlight_ms=2000)
    model.show_snapshot(snapshot([row(80)]))
    model.show_snapshot(snapshot([]))
    assert model.mark_of(row(80).key) is Mark.CLOSED
    model.show_snapshot(snapshot([row(80)]))
    assert [key.local.port for key in shown_keys(model)] == [80]
    assert model.mark_of(row(80).key) is Mark.NEW
    clock[0] = 5000
    model.pass_time()
    assert [key.local.port for key in shown_keys(model)] == [80]


def test_a_users_domain_is_for_the_tooltip_alone(qtbot: QtBot) -> None:
    model = make_model(qtbot)
    owner = ProcessKey(1, 5)
    model.show_snapshot(Snapshot((row(80),), {owner: ProcessInfo(owner, user="DESK\\lei")}))
    index = model.index(0, [column.id for column in COLUMNS].index("user"))
    assert index.data() == "lei"
    assert "DESK\\lei" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_a_closed_row_keeps_the_name_of_an_owner_that_is_gone(qtbot: QtBot) -> None:
    model = make_model(qtbot, highlight_ms=60_000)
    model.show_snapshot(snapshot([row(80)]))
    named = model.entry_at(0).info
    model.show_snapshot(snapshot([]))
    assert model.mark_of(row(80).key) is Mark.CLOSED
    assert named is not None
    assert model.entry_at(0).info is named


def test_counts_leave_out_what_is_closed(qtbot: QtBot) -> None:
    model = make_model(qtbot, highlight_ms=60_000)
    model.show_snapshot(
        snapshot([row(80), row(90, State.ESTABLISHED), row(53, None, Protocol.UDP)])
    )
    with qtbot.waitSignal(model.counts_changed) as told:
        model.show_snapshot(snapshot([row(80)]))
    assert told.args == [{Scope.LISTENING: 1, Scope.CONNECTIONS: 0, Scope.UDP: 0, Scope.ALL: 1}]
    assert model.states[State.LISTEN] == 1
    assert model.states[State.ESTABLISHED] == 0


def test_an_owner_that_is_told_anew_is_shown_anew(qtbot: QtBot) -> None:
    model = make_model(qtbot)
    owner = ProcessKey(1, 5)
    model.show_snapshot(Snapshot((row(80),), {owner: ProcessInfo(owner, name="sh")}))
    model.show_snapshot(Snapshot((row(80),), {owner: ProcessInfo(owner, name="server")}))
    assert model.data(model.index(0, 0)) == "server"


def test_hostile_names_are_shown_inert(qtbot: QtBot) -> None:
    model = make_model(qtbot)
    owner = ProcessKey(1, 5)
    hostile = "<b>x</b>\n\u202eevil\ud800" + "y" * 32_000
    model.show_snapshot(Snapshot((row(80),), {owner: ProcessInfo(owner, name=hostile)}))
    text = model.data(model.index(0, 0))
    tooltip = model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)
    assert text.startswith("<b>x</b>")
    assert len(text) < 2000
    for character in "\n\u202e\ud800":
        assert character not in text
        assert character not in tooltip
    assert "<b>" not in tooltip


def test_a_large_change_is_painted_when_it_is_whole(qtbot: QtBot) -> None:
    model = make_model(qtbot)
    table = SocketTable(model)
    qtbot.addWidget(table)
    with qtbot.waitExposed(table):
        table.show()
    model.show_snapshot(snapshot(row(port) for port in range(1, 2000)))
    model.catch_up()
    is_painted: list[bool] = []
    model.edits_finished.connect(lambda: is_painted.append(table.viewport().updatesEnabled()))
    model.show_snapshot(snapshot(row(port) for port in range(1000, 3000)))
    qtbot.waitUntil(lambda: not model.is_behind)
    assert len(is_painted) > 1
    assert not is_painted[0]
    assert is_painted[-1]
    assert table.visible_entries()[0].row.local.port == 1000
