"""The tree of processes against the model tester, and against plain grouping."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from portview.domain.firewall import FirewallAnswer, FirewallVerdict
from portview.domain.local_time import short_moment
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.program_identity import Ancestor, ProgramIdentity
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
        rng.randint(5, 11),
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
        if rng.random() < 0.8:
            number = rng.randint(1, 3)
            master = rng.choice(keys) if rng.random() < 0.2 else None
            # Most are older, as a rule; what can't be a parent is to be passed over.
            pids = rng.sample(range(4, 12), rng.randint(0, 6))
            if rng.random() < 0.8:
                pids = sorted((pid for pid in pids if pid < key.pid), reverse=True)
            ancestors = [Ancestor(pid, "") for pid in pids if pid != key.pid]
            identity = ProgramIdentity(
                f"w{number}",
                rng.choice(["", f"p{number}"]),
                ancestors=tuple(ancestors),
                master=master,
            )
            parent = rng.choice([None, 1, 5, 6, 7])
            found[key] = replace(found[key], identity=identity, parent_pid=parent)
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


Line = tuple[int, object, list[SocketEntry]]


def lines_of(tree: ProcessTreeModel, *, is_by_project: bool = False) -> list[Line]:
    """Return depth, key and entries of all groups, from the top, as the indexes tell them."""
    found: list[Line] = []

    def visit(index: QModelIndex, depth: int) -> None:
        entries = tree.entries_at(index)
        found.append((depth, group_key(entries[0], by_project=is_by_project), entries))
        sockets = len(entries) if len(entries) > 1 else 0
        assert tree.hasChildren(index) == (tree.rowCount(index) > 0)
        for number in range(tree.rowCount(index)):
            child = tree.index(number, 0, index)
            assert tree.index(number, 3, index).parent() == index
            if number < sockets:
                assert tree.entries_at(child) == [tree.entry_at(child)] == [entries[number]]
                assert tree.rowCount(child) == 0
                assert tree.index_of(entries[number].row.key) == child
            else:
                visit(child, depth + 1)
        if not sockets:
            assert tree.entry_at(index) == entries[0]
            assert tree.index_of(entries[0].row.key) == index

    for number in range(tree.rowCount()):
        visit(tree.index(number, 0), 0)
    return found


def branches(
    tree: ProcessTreeModel, *, is_by_project: bool = False
) -> dict[object, list[SocketEntry]]:
    """Return the groups with their entries."""
    return {key: entries for _, key, entries in lines_of(tree, is_by_project=is_by_project)}


def plain_parent(key: object, groups: dict[object, list[SocketEntry]]) -> object:
    """Return the group that one stands below, in the plainest way."""
    if not isinstance(key, ProcessKey):
        return None
    own = [entry for entry in groups[key] if entry.row.key.owner == key]
    info = (own or sorted(groups[key], key=lambda entry: entry.row.key.owner))[0].info
    if info is None:
        return None
    chain = [one.pid for one in info.identity.ancestors] if info.identity else []
    if not chain:
        chain = [info.parent_pid] if info.key == key else []
    elif key.pid in chain:
        chain = chain[chain.index(key.pid) + 1 :]
    for pid in chain:
        if pid in {0, 1, 4}:
            continue  # All others come from it.
        for other in groups:
            is_older = isinstance(other, ProcessKey) and other[::-1] < key[::-1]
            if is_older and other.pid == pid:
                return other
    return None


def assert_grouped(
    table: SocketTableModel, tree: ProcessTreeModel, *, is_by_count: bool, is_by_project: bool
) -> None:
    groups: dict[object, list[SocketEntry]] = {}
    for entry in table.shown_entries:
        groups.setdefault(group_key(entry, by_project=is_by_project), []).append(entry)
    ordered = list(groups.items())
    if is_by_count:
        ordered.sort(key=lambda item: -len(item[1]))
    expected: list[Line] = []

    def visit(parent: object, depth: int) -> None:
        for key, entries in ordered:
            is_flat = is_by_project or is_by_count
            above = None if is_flat else plain_parent(key, groups)
            if above == parent:
                expected.append((depth, key, entries))
                visit(key, depth + 1)

    visit(None, 0)
    assert lines_of(tree, is_by_project=is_by_project) == expected


class Play:
    """Does what people and machines do to a tree, at random."""

    def __init__(self, rng: random.Random, table: SocketTableModel, tree: ProcessTreeModel) -> None:
        self.rng, self.table, self.tree = rng, table, tree
        self.is_by_count = self.is_active = self.is_by_project = False
        self.rows: list[SocketRow] = []

    def act(self) -> None:
        rng = self.rng
        match rng.randrange(30):
            case 0:
                self.table.set_scope(rng.choice(list(Scope)))
            case 1:
                query = rng.choice(["", "", "port:4-9", "-proc:p1", "listen", "proc:p2 OR three"])
                self.table.set_filter(compile_query(parse_query(query)))
            case 2 | 3:
                self.tree.sort(rng.randrange(len(COLUMNS)), rng.choice(list(Qt.SortOrder)))
            case 4:
                self.is_by_count = rng.random() < 0.25
                self.tree.set_by_count(self.is_by_count)
            case 8:
                self.is_by_project = rng.random() < 0.25
                self.tree.set_by_project(self.is_by_project)
            case 5:
                self.table.set_held(rng.random() < 0.5)
            case 6 | 7:
                self.is_active = rng.random() < 0.75
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
        monkeypatch.setattr(process_tree_model, "MOST_MOVES", 0)
    rng = random.Random(seed)
    table, tree = make_models()
    tester = QAbstractItemModelTester(
        tree, QAbstractItemModelTester.FailureReportingMode.Warning
    )  # a complaint is a Qt warning, which fails the test
    resets: list[object] = []
    tree.modelReset.connect(lambda: resets.append(1))
    depths: set[int] = set()
    play = Play(rng, table, tree)
    for _ in range(250):
        play.act()
        kept = {
            (index.internalId() & 1 == 0): (QPersistentModelIndex(index), tree.entries_at(index)[0])
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
            lines = lines_of(tree, is_by_project=play.is_by_project)
            depths.update(depth for depth, _, _ in lines)
    assert resets == []
    assert max(depths) >= 1
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
    # A socket without owner that changes its reason goes to another group, and is let go; one that
    # is alone has no line below its process.
    entries = groups.get(key, [])
    keys = {each.row.key for each in entries} if len(entries) > 1 else set()
    if entry.row.key in keys and not index.isValid():
        return  # it was alone for a moment
    assert index.isValid() == (entry.row.key in keys)
    if index.isValid():
        assert tree.entry_at(index).row.key == entry.row.key


def test_a_process_stands_below_the_nearest_of_its_ancestors_that_is_shown(qtbot: QtBot) -> None:
    table, tree = make_models()
    table.set_highlight(0)
    tree.set_active(True)
    tester = QAbstractItemModelTester(tree, QAbstractItemModelTester.FailureReportingMode.Warning)
    came: list[str] = []
    tree.parents_came.connect(lambda indexes: came.extend(one.data() for one in indexes))
    chain = {10: (1,), 20: (15, 10, 1), 30: (25, 20, 15, 10, 1)}

    def show(*pids: int) -> list[tuple[int, int]]:
        rows = [row(1000 - pid, pid=pid) for pid in pids]
        infos = {
            key: replace(
                info,
                identity=ProgramIdentity(
                    ancestors=tuple(Ancestor(each, "") for each in chain[key.pid])
                ),
            )
            for key, info in describe(rows).items()
        }
        table.show_snapshot(Snapshot(tuple(rows), infos))
        table.catch_up()
        return [(depth, key.pid) for depth, key, _ in lines_of(tree)]

    assert show(10, 20, 30) == [(0, 10), (1, 20), (2, 30)]
    assert sorted(came) == ["p0", "p2"]
    innermost = QPersistentModelIndex(tree.index_of(row(970, pid=30).key))
    assert show(10, 30) == [(0, 10), (1, 30)]
    assert show(30) == [(0, 30)]
    assert show(20, 30) == [(0, 20), (1, 30)]
    assert show(30, 10, 20) == [(0, 10), (1, 20), (2, 30)]
    assert innermost.isValid()
    assert tree.owner_at(innermost).pid == 30
    tree.set_by_count(True)
    assert sorted(lines_of(tree)[number][0] for number in range(3)) == [0, 0, 0]
    tree.set_by_count(False)
    assert show(10, 20, 30) == [(0, 10), (1, 20), (2, 30)]
    del tester


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
    assert lines == ["no process", "unknown: access denied (2)"]


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
    assert Group(other, 2, entries[2:]).text("process", CellContext()) == "server"
