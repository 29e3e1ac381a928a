"""The tree of processes against the model tester, and against plain grouping."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from portview.domain.firewall import FirewallAnswer, FirewallVerdict
from portview.domain.local_time import short_moment
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.program_identity import ProgramIdentity
from portview.domain.query.compiling import compile_query
from portview.domain.query.syntax import parse_query
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.port_names import PortName, PortNames
from portview.domain.sockets.scope import Scope
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import Endpoint, OwnerProblem, Protocol, SocketRow, State
from portview.domain.sockets.traffic import TrafficRate
from portview.domain.table.cells import CellContext
from portview.domain.table.columns import COLUMNS
from portview.models import process_tree_model
from portview.models.process_groups import Group, group_key
from portview.models.process_tree_model import ProcessTreeModel
from portview.models.socket_table_model import SocketTableModel
from tests.factories import describe, row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytestqt.qtbot import QtBot

NAMES = PortNames({(Protocol.TCP, 3): PortName("three", "The third")})
STATES = (State.LISTEN, State.ESTABLISHED, State.TIME_WAIT, State.BOUND)
PROCESS = [column.id for column in COLUMNS].index("process")


def random_row(rng: random.Random) -> SocketRow:
    is_udp = rng.random() < 0.2
    made = row(
        rng.randint(1, 9),
        None if is_udp else rng.choice(STATES),
        Protocol.UDP if is_udp else Protocol.TCP,
        rng.randint(1, 4),
    )
    if rng.random() < 0.25:
        key = made.key._replace(owner=None)
        problem = rng.choice([None, *OwnerProblem])
        return made._replace(key=key, owner_problem=problem)
    return made


def with_masters(
    processes: Mapping[ProcessKey, ProcessInfo], rng: random.Random
) -> dict[ProcessKey, ProcessInfo]:
    """Make some processes workers of others, as they are recognised little by little."""
    keys = list(processes)
    found = dict(processes)
    for key in keys:
        if rng.random() < 0.3:
            number = rng.randint(1, 3)
            master = rng.choice([None, *keys])
            identity = ProgramIdentity(f"w{number}", rng.choice(["", f"p{number}"]), master=master)
            found[key] = replace(found[key], identity=identity)
    return found


def changed(made: SocketRow, rng: random.Random) -> SocketRow:
    """Change a row so that it moves, and where it has no owner maybe to another group."""
    problem = rng.choice([None, *OwnerProblem]) if made.owner is None else None
    state = rng.choice(STATES) if made.state else None
    return made._replace(state=state, owner_problem=problem)


def next_rows(rows: list[SocketRow], rng: random.Random) -> list[SocketRow]:
    share = rng.choice([0.05, 0.2, 0.9])
    kept = [changed(made, rng) if rng.random() < share else made for made in rows]
    kept = [made for made in kept if rng.random() > share / 2]
    come = [random_row(rng) for _ in range(rng.randint(0, rng.choice([1, 1, 1, 2, 2, 20])))]
    return list({made.key: made for made in [*kept, *come]}.values())


def make_models() -> tuple[SocketTableModel, ProcessTreeModel]:
    table = SocketTableModel(lambda: CellContext(now_ms=10**12, port_names=NAMES), NAMES)
    table.set_highlight(0)
    return table, ProcessTreeModel(table)


def branches(
    tree: ProcessTreeModel, *, is_by_project: bool = False
) -> dict[object, list[SocketEntry]]:
    """Return the groups from the top with their entries, as the indexes tell them."""
    found = {}
    for number in range(tree.rowCount()):
        top = tree.index(number, 0)
        entries = [tree.entry_at(tree.index(n, 0, top)) for n in range(tree.rowCount(top))]
        assert all(entries)
        found[group_key(entries[0], by_project=is_by_project)] = entries
    return found


def assert_grouped(
    table: SocketTableModel, tree: ProcessTreeModel, *, is_by_count: bool, is_by_project: bool
) -> None:
    expected: dict[object, list[SocketEntry]] = {}
    for entry in table.shown_entries:
        expected.setdefault(group_key(entry, by_project=is_by_project), []).append(entry)
    ordered = list(expected.items())
    if is_by_count:
        ordered.sort(key=lambda item: -len(item[1]))
    assert list(branches(tree, is_by_project=is_by_project).items()) == ordered
    for number in range(tree.rowCount()):
        for child in range(tree.rowCount(tree.index(number, 0))):
            index = tree.index(child, 3, tree.index(number, 0))
            assert index.parent() == tree.index(number, 0)


class Play:
    """Does what people and machines do to a tree, at random."""

    def __init__(self, rng: random.Random, table: SocketTableModel, tree: ProcessTreeModel) -> None:
        self.rng, self.table, self.tree = rng, table, tree
        self.is_by_count = self.is_active = self.is_by_project = False
        self.rows: list[SocketRow] = []

    def act(self) -> None:
        rng = self.rng
        match rng.randrange(24):
            case 0:
                self.table.set_scope(rng.choice(list(Scope)))
            case 1:
                query = rng.choice(["", "port:4-9", "-proc:p1", "listen", "proc:p2 OR three"])
                self.table.set_filter(compile_query(parse_query(query)))
            case 2 | 3:
                self.tree.sort(rng.randrange(len(COLUMNS)), rng.choice(list(Qt.SortOrder)))
            case 4:
                self.is_by_count = not self.is_by_count
                self.tree.set_by_count(self.is_by_count)
            case 8:
                self.is_by_project = not self.is_by_project
                self.tree.set_by_project(self.is_by_project)
            case 5:
                self.table.set_held(rng.random() < 0.5)
            case 6 | 7:
                self.is_active = not self.is_active
                self.tree.set_active(self.is_active)

    def tick(self) -> None:
        self.rows = next_rows(self.rows, self.rng)
        self.table.show_snapshot(
            Snapshot(tuple(self.rows), with_masters(describe(self.rows), self.rng))
        )
        self.table.catch_up()


@pytest.mark.parametrize("is_crowded", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_random_snapshots_keep_the_tree_equal_to_the_table(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, seed: int, *, is_crowded: bool
) -> None:
    if is_crowded:
        # As if many processes changed, and many were open.
        monkeypatch.setattr(process_tree_model, "MOST_EDITED", 0)
        monkeypatch.setattr(process_tree_model, "MOST_HELD", 0)
    rng = random.Random(seed)
    table, tree = make_models()
    tester = QAbstractItemModelTester(
        tree, QAbstractItemModelTester.FailureReportingMode.Warning
    )  # a complaint is a Qt warning, which fails the test
    resets: list[object] = []
    tree.modelReset.connect(lambda: resets.append(1))
    play = Play(rng, table, tree)
    for _ in range(250):
        play.act()
        kept = {
            (index.internalId() == 0): (QPersistentModelIndex(index), tree.entries_at(index)[0])
            for top in [tree.index(rng.randrange(tree.rowCount() or 1), 0)]
            for index in (top, tree.index(rng.randrange(3), 1, top))
            if index.isValid()
        }
        play.tick()
        if play.is_active:
            assert_grouped(
                table, tree, is_by_count=play.is_by_count, is_by_project=play.is_by_project
            )
            for is_group, (index, entry) in kept.items():
                is_by_project = play.is_by_project
                assert_kept(tree, index, entry, is_group=is_group, is_by_project=is_by_project)
    assert resets == []
    del tester


def assert_kept(
    tree: ProcessTreeModel,
    index: QPersistentModelIndex,
    entry: SocketEntry,
    *,
    is_group: bool,
    is_by_project: bool,
) -> None:
    """What was remembered is still the same process or socket, unless it is gone."""
    groups = branches(tree, is_by_project=is_by_project)
    key = group_key(entry, by_project=is_by_project)
    if is_group:
        assert index.isValid() == (key in groups)
        if index.isValid():
            assert group_key(tree.entries_at(index)[0], by_project=is_by_project) == key
        return
    # A socket without owner that changes its reason goes to another group, and is let go.
    keys = {each.row.key for each in groups.get(key, [])}
    assert index.isValid() == (entry.row.key in keys)
    if index.isValid():
        assert tree.entry_at(index).row.key == entry.row.key


def test_a_change_elsewhere_is_no_new_layout(qtbot: QtBot) -> None:
    table, tree = make_models()
    table.sort([column.id for column in COLUMNS].index("state"))
    tree.set_active(True)
    rows = [row(port, State.LISTEN, pid=port % 5 + 1) for port in range(1, 60)]
    table.show_snapshot(Snapshot(tuple(rows), describe(rows)))
    edits: list[str] = []
    tree.layoutChanged.connect(lambda: edits.append("layout"))
    tree.rowsMoved.connect(lambda: edits.append("move"))
    tree.rowsInserted.connect(lambda: edits.append("insert"))
    tree.rowsRemoved.connect(lambda: edits.append("remove"))
    rows[7] = rows[7]._replace(state=State.CLOSED)
    table.show_snapshot(Snapshot(tuple(rows), describe(rows)))
    assert edits == ["move"]


def test_a_process_line_sums_up_its_sockets(qtbot: QtBot) -> None:
    owner = ProcessInfo(ProcessKey(7, 1), name="node", user="ann")
    ends = [Endpoint("10.0.0.1", port) for port in (1, 2)]
    rows = [row(8080, pid=7), row(3, pid=7), row(53, None, Protocol.UDP, pid=7)] + [
        row(5000 + end.port, State.ESTABLISHED, pid=7)._replace(opened_at_ms=end.port * 1000)
        for end in ends
    ]
    entries = [
        SocketEntry(
            each._replace(key=each.key._replace(owner=owner.key)),
            owner,
            NAMES.name(each.protocol, each.local.port),
        )
        for each in rows
    ]
    rates = {entry.row.key: TrafficRate(1000, 500) for entry in entries[:2]}
    context = CellContext(now_ms=10_000, port_names=NAMES, rates=rates)
    group = Group(owner.key, 1, entries)
    texts = {column.id: group.text(column.id, context) for column in COLUMNS}
    assert texts == {
        "process": "node (5)",
        "pid": "7",
        "protocol": "TCP, UDP",
        "local_address": "127.0.0.1",
        "port": "3, 53, 8080",
        "name": "three",
        "remote_address": "",
        "remote_host": "",
        "state": "2 LISTEN, 2 ESTABLISHED",
        "firewall": "Loopback",
        "service": "",
        "user": "ann",
        "age": short_moment(1000, 10_000),
        "down": "2.0 kB/s",
        "traffic": "3.0 kB/s",
        "up": "1.0 kB/s",
        "executable": "",
        "command_line": "",
        "what": "",
        "project": "",
        "container": "",
    }
    later = CellContext(now_ms=20_000, port_names=NAMES)
    assert group.text("down", later) == ""


def test_sockets_without_owner_stand_under_their_reason(qtbot: QtBot) -> None:
    table, tree = make_models()
    tree.set_active(True)
    bare = [
        each._replace(key=each.key._replace(owner=None), owner_problem=problem)
        for each, problem in zip(
            [row(port) for port in (1, 2, 3)],
            [None, OwnerProblem.ACCESS_DENIED, OwnerProblem.ACCESS_DENIED],
            strict=True,
        )
    ]
    table.show_snapshot(Snapshot(tuple(bare), {}))
    lines = [tree.data(tree.index(n, PROCESS)) for n in range(tree.rowCount())]
    assert lines == ["no process (1)", "unknown: access denied (2)"]


def test_every_column_has_a_sum(qtbot: QtBot) -> None:
    entry = SocketEntry(row(1))
    group = Group(group_key(entry), 1, [entry])
    for column in COLUMNS:
        assert isinstance(group.text(column.id, CellContext()), str)
        assert isinstance(group.tooltip(column.id, CellContext()), str)


def test_a_process_says_what_the_firewall_does_to_each_of_its_ports(qtbot: QtBot) -> None:
    table, tree = make_models()
    tree.set_active(True)
    table.set_icons("firewall", lambda _entry: "an icon")
    rows = [
        each._replace(key=each.key._replace(local=each.key.local._replace(address=address)))
        for each, address in [(row(1), "::"), (row(2), "::1"), (row(3), "::")]
    ]
    column = [each.id for each in COLUMNS].index("firewall")
    context = CellContext(
        firewall={
            rows[0].key: FirewallAnswer(FirewallVerdict.BLOCKED, ""),
            rows[2].key: FirewallAnswer(FirewallVerdict.BLOCKED, ""),
        }
    )
    group = Group(rows[0].key.owner, 1, [SocketEntry(each) for each in rows])
    assert group.text("firewall", context) == "Blocked, Loopback"
    assert group.tooltip("firewall", context) == "1: Blocked\n2: Loopback\n3: Blocked"
    table.show_snapshot(Snapshot(tuple(rows), {}))
    of_process = tree.index(0, column)
    assert tree.data(of_process, Qt.ItemDataRole.DecorationRole) is None
    of_socket = tree.index(0, column, tree.index(0, 0))
    assert tree.data(of_socket, Qt.ItemDataRole.DecorationRole) == "an icon"


def test_a_master_and_its_workers_are_one_line() -> None:
    master, worker, other = (ProcessKey(pid, 1) for pid in (10, 11, 12))
    identities = {
        master: ProgramIdentity("shop"),
        worker: ProgramIdentity("shop, worker", master=master),
        other: ProgramIdentity("shop"),
    }
    entries = []
    for key, identity in identities.items():
        made = row(80, State.LISTEN)
        info = ProcessInfo(key, "server", identity=identity)
        entries.append(SocketEntry(made._replace(key=made.key._replace(owner=key)), info))
    assert [group_key(entry) for entry in entries] == [master, master, other]
    group = Group(master, 1, entries[:2])
    assert group.text("process", CellContext()) == "server (2), 2 processes"
    assert group.text("what", CellContext()) == "shop"
    assert Group(other, 2, entries[2:]).text("process", CellContext()) == "server (1)"
