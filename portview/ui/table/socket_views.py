"""The same sockets in two views, one of them shown: a flat table, and a tree by process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from portview.domain.sockets.scope import Scope
from portview.domain.sockets.socket_row import OwnerProblem
from portview.domain.table.columns import COLUMN_BY_ID, COLUMNS
from portview.domain.table.scope_columns import FIRST_COLUMNS
from portview.ui.table.column_layout import ColumnLayout
from portview.ui.table.row_selection import RowSelection
from portview.ui.table.socket_table import SocketTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.sockets.socket_row import SocketKey
    from portview.models.process_tree_model import ProcessTreeModel
    from portview.models.socket_table_model import SocketTableModel
    from portview.settings import Settings
    from portview.ui.table.process_tree import ProcessTree

_COLUMN_NUMBERS = {column.id: number for number, column in enumerate(COLUMNS)}
_WIDE_IN_TREE = {"process": 1.4, "port": 1.8, "state": 1.7}
"""Lines of processes list what a socket has one of."""


class SocketViews(QStackedWidget):
    """Keeps both views on the same columns and the same order; the widths are each view's own.

    The tree is made when somebody first wants it, which ``tree_made`` reports.
    """

    menu_requested = Signal(object)
    pause_requested = Signal()
    activated_row = Signal()
    port_typed = Signal(str)
    selection_changed = Signal()
    tree_made = Signal(object)

    def __init__(self, model: SocketTableModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._tree: ProcessTree | None = None
        self._is_by_count = False
        self._is_by_project = False
        self._has_tree_widths = False
        self._is_process_shown = True
        self.table = SocketTable(model)
        self.columns = ColumnLayout(
            self.table.horizontalHeader(), COLUMNS, self.table.content_width
        )
        self._scope = Scope.LISTENING
        self._arrangements: dict[Scope, list[Any]] = {}
        self._is_fitted = False
        model.edits_finished.connect(self._on_edits_finished)
        self._take(self.table)
        self.setFocusProxy(self.table)

    @property
    def tree(self) -> ProcessTree:
        """Return the tree."""
        if self._tree is None:
            from portview.models.process_tree_model import ProcessTreeModel  # noqa: PLC0415 - late
            from portview.ui.table.process_tree import ProcessTree  # noqa: PLC0415 - likewise

            processes = ProcessTreeModel(self._model, self)
            processes.set_by_count(self._is_by_count)
            processes.set_by_project(self._is_by_project)
            self._tree = ProcessTree(processes, self._model)
            self.tree_columns = ColumnLayout(self._tree.header(), COLUMNS)
            self._take(self._tree)
            self.tree_made.emit(self._tree)
        return self._tree

    @property
    def processes(self) -> ProcessTreeModel:
        """Return the model of the tree."""
        return self.tree.processes

    @property
    def is_grouped(self) -> bool:
        """Return whether the tree is shown."""
        return self.currentWidget() is not self.table

    @property
    def view(self) -> SocketTable | ProcessTree:
        """Return the view that is shown."""
        return self.tree if self.is_grouped else self.table

    @property
    def shown_columns(self) -> ColumnLayout:
        """Return the layout of the view that is shown."""
        return self.tree_columns if self.is_grouped else self.columns

    def set_grouped(self, is_grouped: bool) -> None:  # noqa: FBT001 - one switch, as Qt's setters
        """Show the tree or the table; what was selected stays selected."""
        if is_grouped == self.is_grouped:
            return
        tree = self.tree
        selected = self.view.selected_entries()
        had_focus = self.view.hasFocus()
        self._hand_over_columns(to_tree=is_grouped)
        self._hand_over_order(to_tree=is_grouped)
        self.processes.set_active(is_grouped)
        self.setCurrentWidget(tree if is_grouped else self.table)
        self.setFocusProxy(self.view)
        if selected:
            self.view.select_key(selected[0].row.key)
        if had_focus:
            self.view.setFocus()
        self.selection_changed.emit()

    @Slot(object)
    def set_scope(self, scope: Scope) -> None:
        """Show the columns of a scope as they were arranged there; at first those that it needs."""
        if scope is self._scope:
            return
        self._keep_arrangement()
        self._scope = scope
        self._arrange()

    def _keep_arrangement(self) -> None:
        if self.is_grouped:
            self._hand_over_columns(to_tree=False)
        if self.columns.has_first_widths:
            self._arrangements.pop(self._scope, None)
        else:
            self._arrangements[self._scope] = self.columns.state()

    def _arrange(self) -> None:
        arrangement = self._arrangements.get(self._scope)
        self.columns.set_first(FIRST_COLUMNS[self._scope])
        self.columns.reset()
        if arrangement:
            self.columns.restore(arrangement)
        self._is_fitted = False
        self._on_edits_finished()
        if self.is_grouped:
            self.tree_columns.set_first(FIRST_COLUMNS[self._scope])
            self._hand_over_columns(to_tree=True)

    @Slot()
    def _on_edits_finished(self) -> None:
        """Fit the columns once to the first rows of a scope; later they stay as they are."""
        if not self._is_fitted and self._model.rowCount() and not self.is_grouped:
            # As long as owners are looked for their names are still to come.
            self._is_fitted = not self._model.owner_problems.get(OwnerProblem.LOOKING)
            self.columns.fit_first_widths()

    def set_by_project(self, is_by_project: bool) -> None:  # noqa: FBT001 - likewise
        """Make one line of all processes of a project in the tree, or one of each process."""
        self._is_by_project = is_by_project
        if self._tree is not None:
            self.processes.set_by_project(is_by_project)

    def set_by_count(self, is_by_count: bool) -> None:  # noqa: FBT001 - a checkable action's form
        """Let processes with most sockets stand first, or go by the order of the table."""
        self._is_by_count = is_by_count
        if self._tree is not None:
            self.processes.set_by_count(is_by_count)

    def selection(self) -> RowSelection:
        """Return the rows that a person points at."""
        current, column = self.view.current_cell()
        return RowSelection(
            tuple(self.view.selected_entries()),
            current,
            COLUMNS[column] if column >= 0 else None,
            self.shown_columns.shown(),
        )

    def select_key(self, key: SocketKey) -> bool:
        """Select a socket in the view that is shown; False where it is not there."""
        return self.view.select_key(key)

    def sort_by(self, column: int, *, is_descending: bool) -> None:
        """Sort both views, which share one order."""
        order = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
        self.view.sortByColumn(column, order)

    def sorting(self) -> tuple[int, Qt.SortOrder]:
        """Return the column and the direction of the order."""
        header = self.tree.header() if self.is_grouped else self.table.horizontalHeader()
        return header.sortIndicatorSection(), header.sortIndicatorOrder()

    def restore(self, settings: Settings) -> None:
        """Arrange columns and order as they were remembered."""
        preferences = settings.preferences
        for scope in Scope:
            arrangement = preferences.columns.get(scope.value)
            if isinstance(arrangement, list) and arrangement:
                self._arrangements[scope] = arrangement
        self._arrange()
        identity = preferences.sort_column
        number = _COLUMN_NUMBERS.get(identity, _COLUMN_NUMBERS["port"])
        self.sort_by(number, is_descending=preferences.sort_descending)

    def remember(self, settings: Settings) -> None:
        """Keep columns and order in the settings."""
        column, order = self.sorting()
        settings.update(
            columns=self._all_arrangements(),
            sort_column=COLUMNS[column].id,
            sort_descending=order is Qt.SortOrder.DescendingOrder,
        )

    def _all_arrangements(self) -> dict[str, list[Any]]:
        """Return each scope's columns as JSON values, with what was changed in the tree."""
        self._keep_arrangement()
        return {scope.value: arrangement for scope, arrangement in self._arrangements.items()}

    def show_columns(self, ids: Sequence[str]) -> None:
        """Show these columns and no others, in this order, each as wide as it was."""
        layout = self.shown_columns
        known = {each["id"]: each for each in layout.state()}
        chosen = [{**known.pop(each), "visible": True} for each in ids if each in known]
        layout.restore([*chosen, *({**each, "visible": False} for each in known.values())])

    def move_column(self, step: int) -> None:
        """Let the column of the current cell change places with a shown neighbour."""
        column = self.view.current_cell()[1]
        if column >= 0:
            self.shown_columns.move(COLUMNS[column].id, step)

    def note_menu_opened(self) -> None:
        """Hold the rows while a menu about them is open."""
        self.view.gestures.note_menu_opened()

    def note_menu_closed(self) -> None:
        """Let the rows go a moment after the menu is closed."""
        self.view.gestures.note_menu_closed()

    def _take(self, view: SocketTable | ProcessTree) -> None:
        self.addWidget(view)
        view.gestures.menu_requested.connect(self.menu_requested)
        view.gestures.pause_requested.connect(self.pause_requested)
        view.gestures.port_typed.connect(self.port_typed)
        view.gestures.activated.connect(self.activated_row)
        changed = partial(self._on_selection_changed, view)
        view.selectionModel().selectionChanged.connect(changed)

    def _hand_over_columns(self, *, to_tree: bool) -> None:
        source, target = self.columns, self.tree_columns
        if to_tree:
            self._is_process_shown = COLUMN_BY_ID["process"] in source.shown()
        if not to_tree:
            source, target = target, source
        widths = {each["id"]: each["width"] for each in target.state() if each["width"]}
        arrangement: list[dict[str, Any]] = source.state()
        for each in arrangement:
            if to_tree and not self._has_tree_widths:
                each["width"] = round(each["width"] * _WIDE_IN_TREE.get(each["id"], 1))
            else:
                each["width"] = widths.get(each["id"], 0)
            if each["id"] == "process":
                # A tree without names would be no tree.
                each["visible"] = to_tree or self._is_process_shown
        if to_tree:
            self._has_tree_widths = True
        target.restore(arrangement)

    def _hand_over_order(self, *, to_tree: bool) -> None:
        column, order = self.sorting()
        if to_tree:
            self.tree.header().setSortIndicator(column, order)
            self.tree.setSortingEnabled(True)
        else:
            self.tree.setSortingEnabled(False)
            self.table.sortByColumn(column, order)

    def _on_selection_changed(self, view: QWidget, *_changes: object) -> None:
        if view is self.view:
            self.selection_changed.emit()
