"""The shown sockets by process, as a tree that follows the table by small edits, never a reset.

Below a process stand its sockets, then the processes that come from it. A process with one socket
is one line.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Signal, Slot

from portview.domain.table.columns import COLUMNS
from portview.models.edits import runs
from portview.models.lineage import Lineage
from portview.models.process_groups import Group, by_group, group_key
from portview.models.process_tree_lines import SOCKET, ProcessTreeLines, row_of
from portview.models.row_changes import RowChanges
from portview.models.table_order import TableOrder
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtCore import QObject

    from portview.domain.sockets.entry import SocketEntry
    from portview.models.process_groups import Grouped
    from portview.models.socket_table_model import SocketTableModel

MOST_MOVES = 32
"""Beyond this many lines that change places at once, one new layout is cheaper for everyone."""

MOST_PENDING = 300
"""So many entries may have left and come before the tree follows."""

MOST_EDITED, MOST_HELD = 8, 64
"""Beyond so many groups to edit, while so many indexes are held, likewise."""


class ProcessTreeModel(ProcessTreeLines):
    """Processes with their sockets below them, over a ``SocketTableModel``. UI thread only.

    Scope, filter, sorting, marks and holding are the table's. A process stands where its first
    socket stands in the table, below the nearest of its ancestors that is shown; or all after
    those with more sockets, or by project, in a plain list. It follows the table while it is
    active, and catches up when it becomes so. ``edits_starting`` says how many sockets left and
    came since the last edits.
    """

    edits_starting = Signal(int)
    edits_finished = Signal()
    parents_came = Signal(object)
    """The indexes of processes below which others stand from now on."""

    def __init__(self, source: SocketTableModel, parent: QObject | None = None) -> None:
        super().__init__(source, parent)
        self._serials = count(1)
        self._lineage = Lineage()
        self._new_parents: dict[int, None] = {}
        self._is_active = False
        self._is_by_count = False
        self._is_by_project = False
        source.edits_finished.connect(self._on_edits_finished)

    def set_active(self, is_active: bool) -> None:  # noqa: FBT001 - one switch, as Qt's setters
        """Follow the table from now on, or let it go its way."""
        self._is_active = is_active
        self._source.record_changes(is_active)
        if is_active:
            self._source.catch_up()
            self._source.take_changes()
            self._follow(RowChanges.between(self._entries(), self._source.shown_entries))
            self._settle_all()

    def set_by_count(self, is_by_count: bool) -> None:  # noqa: FBT001 - one switch
        """List processes with most sockets first, or make a tree in the table's own order."""
        self._is_by_count = is_by_count
        if self._is_active:
            self._source.catch_up()
            changes = self._source.take_changes()
            changes.is_reordered = True
            self._follow(changes)
            self._settle_all()

    def set_by_project(self, is_by_project: bool) -> None:  # noqa: FBT001 - one switch
        """Make one line of all processes of a project, or a tree of processes."""
        if is_by_project == self._is_by_project:
            return
        # All lines leave by the old grouping before any come by the new one.
        if self._is_active:
            self._source.catch_up()
            self._source.take_changes()
        self._follow(RowChanges.between(self._entries(), ()))
        self._is_by_project = is_by_project
        if self._is_active:
            self._follow(RowChanges.between((), self._source.shown_entries))

    @override
    def _group_of(self, entry: SocketEntry) -> Group | None:
        if not self._is_active:
            return None
        return self._by_key[group_key(entry, by_project=self._is_by_project)]

    def _entries(self) -> list[SocketEntry]:
        return [entry for group in self._by_serial.values() for entry in group.entries]

    @Slot()
    def _on_edits_finished(self) -> None:
        # Not after each of the parts in which a large change comes: views lay out all lines again.
        is_much = self._source.recorded_count >= MOST_PENDING
        if self._is_active and (is_much or not self._source.is_behind):
            self._follow(self._source.take_changes())

    def _follow(self, changes: RowChanges) -> None:
        """Do to the groups what was done to the table's rows, at the cost of what changed."""
        if not changes:
            return
        self.edits_starting.emit(len(changes))
        self._order = TableOrder(is_descending=self._source.is_descending)
        by_project = self._is_by_project
        leaving = by_group(changes.left, by_project=by_project)
        entering = by_group(changes.came, by_project=by_project)
        self._remove_groups(leaving, entering)
        touched = [self._by_key[key] for key in {**leaving, **entering} if key in self._by_key]
        self._edit_groups(touched, leaving, entering, is_reordered=changes.is_reordered)
        if changes.is_reordered:
            self._sort()
        for parent, groups in _by_parent(touched).items():
            self._move_groups(parent, groups)
        come = self._insert_groups(entering)
        self._settle(dict.fromkeys([*touched, *come]))
        self._report_parents()
        for parent, groups in _by_parent(touched).items():
            above = self._index(parent)
            for first, last in runs(sorted(map(row_of, groups))):
                end = self.index(last, len(COLUMNS) - 1, above)
                self.dataChanged.emit(self.index(first, 0, above), end)
        self.edits_finished.emit()

    def _rank(self, group: Group) -> tuple[Any, ...]:
        # Read in the direction of the table, so that most sockets come first in both.
        key = self._order.key(group.entries[0])
        if not self._is_by_count:
            return key
        size = len(group.entries)
        return (size if self._order.is_descending else -size, *key)

    def _in_order(self, groups: Iterable[Group]) -> list[Group]:
        return sorted(groups, key=self._rank, reverse=self._order.is_descending)

    def _remove_groups(self, leaving: Grouped, entering: Grouped) -> None:
        empty = {
            group: None
            for key, entries in leaving.items()
            if key not in entering and len(entries) == len((group := self._by_key[key]).entries)
        }
        for group in empty:
            self._lineage.forget(group)
        # What came from them stands below those that they came from, before they leave.
        self._settle(
            {child: None for group in empty for child in group.children if child not in empty}
        )
        roots = [group for group in empty if group.parent not in empty]
        for parent, groups in _by_parent(roots).items():
            siblings = self._siblings(parent)
            sockets = parent.line_count if parent else 0
            numbers = sorted(group.number for group in groups)
            for first, last in reversed(list(runs(numbers))):
                self.beginRemoveRows(self._index(parent), sockets + first, sockets + last)
                for group in siblings[first : last + 1]:
                    self._drop(group)
                del siblings[first : last + 1]
                _number(siblings)
                self.endRemoveRows()

    def _drop(self, group: Group) -> None:
        for child in group.children:
            self._drop(child)
        del self._by_key[group.key], self._by_serial[group.serial]

    def _insert_groups(self, entering: Grouped) -> list[Group]:
        """Insert the groups that are new; return those that came from one of them before."""
        coming = {
            key: Group(key, next(self._serials), self._order.sorted(entries))
            for key, entries in entering.items()
            if key not in self._by_key
        }
        if not coming:
            return []
        self._by_key |= coming
        self._by_serial |= {group.serial: group for group in coming.values()}
        is_new = {group.serial for group in coming.values()}
        for group in coming.values():
            self._lineage.take(group)
        for group in coming.values():
            group.parent = self._parent_of(group)
        whole = _by_parent(coming.values())
        for parent, groups in whole.items():
            if parent is not None and parent.serial in is_new:
                # They come with the line that they stand below.
                parent.children = self._in_order(groups)
                _number(parent.children)
                self._note_parent(parent)
        for parent, groups in whole.items():
            if parent is None or parent.serial not in is_new:
                self._insert_below(parent, groups, is_new)
        below = (each for group in coming.values() for each in self._lineage.below(group))
        return [group for group in below if group.serial not in is_new]

    def _insert_below(self, parent: Group | None, groups: list[Group], is_new: set[int]) -> None:
        siblings = self._siblings(parent)
        sockets = parent.line_count if parent else 0
        target = self._in_order([*siblings, *groups])
        for first, last in runs(n for n, group in enumerate(target) if group.serial in is_new):
            self.beginInsertRows(self._index(parent), sockets + first, sockets + last)
            siblings[first:first] = target[first : last + 1]
            _number(siblings)
            self.endInsertRows()
        self._note_parent(parent)

    def _note_parent(self, parent: Group | None) -> None:
        if parent is not None:
            self._new_parents[parent.serial] = None

    def _report_parents(self) -> None:
        known, self._new_parents = self._new_parents, {}
        came = [group for serial in known if (group := self._by_serial.get(serial))]
        new = [group for group in came if not group.was_parent and group.children]
        for group in new:
            group.was_parent = True
        if new:
            self.parents_came.emit([self._index(group) for group in new])

    def _parent_of(self, group: Group) -> Group | None:
        # What comes from where says nothing in a list of projects, or of the largest ones.
        is_flat = self._is_by_project or self._is_by_count
        return None if is_flat else self._lineage.parent_of(group)

    def _settle(self, groups: Iterable[Group]) -> None:
        """Put groups below the processes that they come from, as far as that is known now."""
        moves: list[tuple[Group, Group | None]] = []
        for group in groups:
            self._lineage.take(group)
        for group in groups:
            parent = self._parent_of(group)
            if parent is not group.parent:
                moves.append((group, parent))
        if len(moves) > MOST_MOVES:
            self._lay_out(lambda: self._hand_over(moves))
            return
        for group, parent in moves:
            siblings, others = self._siblings(group.parent), self._siblings(parent)
            at, source = self._spot(others, group), row_of(group)
            goal = at + (parent.line_count if parent else 0)
            above, below = self._index(group.parent), self._index(parent)
            self.beginMoveRows(above, source, source, below, goal)
            siblings.remove(group)
            others.insert(at, group)
            group.parent = parent
            _number(siblings)
            _number(others)
            self.endMoveRows()
            self._note_parent(parent)

    def _settle_all(self) -> None:
        """Put all groups where they belong after a list became a tree, or the reverse."""
        self._settle(tuple(self._by_serial.values()))
        self._report_parents()

    def _hand_over(self, moves: list[tuple[Group, Group | None]]) -> None:
        leaving = {group for group, _ in moves}
        for parent in {group.parent for group in leaving}:
            siblings = self._siblings(parent)
            siblings[:] = [group for group in siblings if group not in leaving]
        for group, parent in moves:
            group.parent = parent
            self._siblings(parent).append(group)
            self._note_parent(parent)
        for parent in {parent for _, parent in moves}:
            siblings = self._siblings(parent)
            siblings[:] = self._in_order(siblings)

    def _spot(self, groups: list[Group], group: Group) -> int:
        """Return where a group would stand among others in their order."""
        wanted, first, last = self._rank(group), 0, len(groups)
        while first < last:
            middle = (first + last) // 2
            here = self._rank(groups[middle])
            if here > wanted if self._order.is_descending else here < wanted:
                first = middle + 1
            else:
                last = middle
        return first

    def _edit_groups(
        self, touched: list[Group], leaving: Grouped, entering: Grouped, *, is_reordered: bool
    ) -> None:
        crowd = self._crowd(touched)
        if crowd:
            self._exchange(crowd, leaving, entering)
        for group in touched:
            group.forget_texts()
            if group not in crowd:
                self._edit_group(group, leaving, entering, is_reordered=is_reordered)

    def _crowd(self, touched: list[Group]) -> set[Group]:
        """Return groups that are better edited at once, which nobody holds an index into.

        Qt asks for the parent of each index that someone holds, once per edit. An open process is
        held by the view, so that many edits below many open processes would take seconds.
        """
        if len(touched) <= MOST_EDITED:
            return set()
        kept = self.persistentIndexList()
        if len(kept) <= MOST_HELD:
            return set()
        held = {index.internalId() >> 1 for index in kept if index.internalId() & SOCKET}
        return {group for group in touched if group.serial not in held}

    def _exchange(self, groups: Iterable[Group], leaving: Grouped, entering: Grouped) -> None:
        def arrange() -> None:
            for group in groups:
                gone = set(map(id, leaving.get(group.key, ())))
                staying = (entry for entry in group.entries if id(entry) not in gone)
                group.entries[:] = self._order.sorted([*staying, *entering.get(group.key, ())])

        if any(group.children for group in groups):
            self._lay_out(arrange)  # Those below stand after the sockets, and may be held.
            return
        self.layoutAboutToBeChanged.emit()
        arrange()
        self.layoutChanged.emit()

    def _edit_group(
        self, group: Group, leaving: Grouped, entering: Grouped, *, is_reordered: bool
    ) -> None:
        entries, order = group.entries, self._order
        parent = self._index(group)
        gone = {entry.row.key: entry for entry in leaving.get(group.key, ())}
        changed: list[tuple[SocketEntry, SocketEntry]] = []
        coming: list[SocketEntry] = []
        for entry in entering.get(group.key, ()):
            old = gone.pop(entry.row.key, None)
            if old is None:
                coming.append(entry)
            else:
                changed.append((old, entry))
        if len(entries) - len(gone) <= 1:
            self._fold(group, leaving.get(group.key, ()), entering.get(group.key, ()))
            return
        for old, entry in changed:
            entries[order.number(entries, old)] = entry
        numbers = sorted(order.number(entries, entry) for entry in gone.values())
        for first, last in reversed(list(runs(numbers))):
            self.beginRemoveRows(parent, first, last)
            del entries[first : last + 1]
            self.endRemoveRows()
        new = [entry for _, entry in changed]
        if is_reordered:
            # They are put into their places later, together with all others.
            places = [(len(entries), coming)] if coming else []
        else:
            if not all(order.stands_well(entries, entries.index(entry)) for entry in new):
                self._move_lines(parent, entries, order.sorted(entries), new)
            places = list(order.insertions(entries, coming))
        for at, run in places:
            self.beginInsertRows(parent, at, at + len(run) - 1)
            entries[at:at] = run
            self.endInsertRows()
        for first, last in runs(sorted(map(entries.index, new))):
            inside = group.serial << 1 | SOCKET
            start = self.createIndex(first, 0, inside)
            self.dataChanged.emit(start, self.createIndex(last, len(COLUMNS) - 1, inside))

    def _fold(
        self, group: Group, leaving: Iterable[SocketEntry], entering: Iterable[SocketEntry]
    ) -> None:
        """Exchange the sockets of a group of which one alone has been there, or stays."""
        gone = set(map(id, leaving))
        staying = (entry for entry in group.entries if id(entry) not in gone)
        target = self._order.sorted([*staying, *entering])
        before, parent = group.line_count, self._index(group)
        # Of two that change into one, no line is left; both are new where one becomes two.
        if before:
            self.beginRemoveRows(parent, 0, before - 1)
            group.entries[:] = target[:1]
            self.endRemoveRows()
        if len(target) > 1:
            self.beginInsertRows(parent, 0, len(target) - 1)
            group.entries[:] = target
            self.endInsertRows()
        else:
            group.entries[:] = target

    def _move_groups(self, parent: Group | None, movers: list[Group]) -> None:
        siblings = self._siblings(parent)
        sockets = parent.line_count if parent else 0
        above = self._index(parent)
        self._move_lines(above, siblings, self._in_order(siblings), movers, sockets)

    def _move_lines(
        self,
        parent: QModelIndex,
        lines: list[Any],
        target: list[Any],
        movers: list[Any],
        offset: int = 0,
    ) -> None:
        """Bring lines below a parent into their order; only ``movers`` may stand wrong.

        ``offset`` other lines stand before them.
        """
        if lines == target:
            return
        if len(movers) > MOST_MOVES:
            self._lay_out(lambda: lines.__setitem__(slice(None), target))
            return
        numbers = {id(line): number for number, line in enumerate(target)}
        for line in sorted(movers, key=lambda each: numbers[id(each)]):
            before = numbers[id(line)] - 1
            source = lines.index(line)
            # Counted as Qt does, before the line is taken out: right after what precedes it.
            goal = lines.index(target[before]) + 1 if before >= 0 else 0
            if goal in {source, source + 1}:
                continue
            self.beginMoveRows(parent, offset + source, offset + source, parent, offset + goal)
            lines.insert(goal - 1 if goal > source else goal, lines.pop(source))
            if isinstance(line, Group):
                _number(lines)
            self.endMoveRows()

    def _sort(self) -> None:
        """Bring everything into the order of the table, in one new layout."""
        groups = list(self._by_serial.values())
        targets = [self._order.sorted(group.entries) for group in groups]

        def arrange() -> None:
            for group, target in zip(groups, targets, strict=True):
                group.entries[:] = target
            for group in groups:
                group.children[:] = self._in_order(group.children)
            self._top[:] = self._in_order(self._top)

        self._lay_out(arrange)

    def _lay_out(self, arrange: Callable[[], object]) -> None:
        # PySide offers the form without parents only, which stands for the whole tree.
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        entries = [
            group.entries[index.row()] if index.internalId() & SOCKET and group else None
            for index in kept
            for group in [self._group_at(index)]
        ]
        arrange()
        _number(self._top)
        for group in self._by_serial.values():
            _number(group.children)
        self.changePersistentIndexList(
            kept, [self._again(*each) for each in zip(kept, entries, strict=True)]
        )
        self.layoutChanged.emit()

    def _again(self, index: QModelIndex, entry: SocketEntry | None) -> QModelIndex:
        """Return the index of a line after all changed places."""
        group = self._by_serial[index.internalId() >> 1]
        if entry is None:
            return self._index(group, index.column())
        place = self._order.number(group.entries, entry)
        return self.createIndex(place, index.column(), index.internalId())


def _number(groups: list[Group]) -> None:
    for number, group in enumerate(groups):
        group.number = number


def _by_parent(groups: Iterable[Group]) -> dict[Group | None, list[Group]]:
    found: dict[Group | None, list[Group]] = {}
    for group in groups:
        found.setdefault(group.parent, []).append(group)
    return found
