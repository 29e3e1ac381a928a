"""Ways to what a person wants to see: a socket wherever it is, a narrower filter, a saved view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot

from portview.domain.sockets.scope import Scope, in_scope, scope_of
from portview.domain.sockets.socket_row import State
from portview.domain.table.columns import COLUMNS
from portview.domain.table.saved_view import SavedView
from portview.i18n import _, join_sentences
from portview.ui.search.scope_bar import scope_title
from portview.ui.window.carried_view import CarriedView, carried, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.socket_row import SocketKey
    from portview.models.socket_table_model import SocketTableModel
    from portview.ui.search.filter_box import FilterBox
    from portview.ui.search.scope_bar import ScopeBar
    from portview.ui.table.socket_views import SocketViews

_NUMBERS = {column.id: number for number, column in enumerate(COLUMNS)}


class Navigation(QObject):
    """Sets scope, filter, columns and order together, and says what a person did not ask for."""

    def __init__(
        self,
        model: SocketTableModel,
        views: SocketViews,
        scope_bar: ScopeBar,
        filter_box: FilterBox,
        notify: Callable[[str], None],
    ) -> None:
        super().__init__(views)
        self._model = model
        self._views = views
        self._scope_bar = scope_bar
        self._filter_box = filter_box
        self._notify = notify
        self._query_text = ""
        filter_box.query_changed.connect(self._on_query_changed)

    @Slot(object)
    def reveal(self, key: SocketKey) -> None:
        """Select a socket in another scope or behind the filter, too, and say what changed."""
        model = self._model
        model.set_held(is_held=False)
        model.catch_up()
        entry = model.find_entry(key)
        if entry is None:
            self._notify(_("This socket has closed."))
            return
        notes = []
        if not in_scope(entry.row, self._scope_bar.scope):
            scope = scope_of(entry.row)
            self._scope_bar.set_scope(scope)
            notes.append(
                _("The scope is {scope_title} now.").format(scope_title=scope_title(scope))
            )
        if model.row_number(key) is None and not model.shows_time_wait:
            model.set_shows_time_wait(entry.row.state is State.TIME_WAIT)
        if model.row_number(key) is None:
            self._filter_box.set_query_text("")
            notes.append(_("The filter hid this socket; it is cleared."))
        self._views.select_key(key)
        if notes:
            self._notify(join_sentences(*notes))

    @Slot(object)
    def go_to(self, key: SocketKey) -> None:
        """Reveal a socket and continue there with the keyboard."""
        self.reveal(key)
        self._views.view.setFocus()

    def narrow(self, term: str, is_left_out: bool) -> None:  # noqa: FBT001 - a callback's form
        """Add a term to the last good filter, or leave out what it matches."""
        from portview.domain.query.narrowing import narrowed  # noqa: PLC0415 - loaded when wanted

        text = narrowed(self._query_text, term, is_left_out=is_left_out)
        self._filter_box.set_query_text(text)

    @Slot(str)
    def show_everywhere(self, query: str) -> None:
        """Show what a filter finds in all scopes."""
        self._scope_bar.set_scope(Scope.ALL)
        self._filter_box.set_query_text(query)

    @Slot(str)
    def show_listening(self, query: str) -> None:
        """Show what a filter finds among the sockets that listen."""
        self._scope_bar.set_scope(Scope.LISTENING)
        self._filter_box.set_query_text(query)

    def current_view(self) -> SavedView:
        """Return what is shown now, without a name."""
        column, order = self._views.sorting()
        return SavedView(
            "",
            self._query_text,
            self._scope_bar.scope,
            tuple(column.id for column in self._views.shown_columns.shown()),
            COLUMNS[column].id,
            order == Qt.SortOrder.DescendingOrder,
        )

    def carried(self) -> CarriedView:
        """Return what another window can go on with: scope, filter, and the chosen socket."""
        entries = self._views.selection().entries
        return carried(self._scope_bar.scope, self._query_text, entries)

    def go_on_with(self, view: CarriedView) -> None:
        """Show the scope and the filter that another window had."""
        self._scope_bar.set_scope(view.scope)
        self._filter_box.set_query_text(view.query)

    def choose(self, socket: str) -> None:
        """Select the socket that another window had, where it is still there and shown."""
        key = key_of(socket, self._model.all_entries())
        if key is not None and self._model.row_number(key) is not None:
            self._views.select_key(key)

    @Slot(object)
    def show_view(self, view: SavedView) -> None:
        """Show a saved view."""
        self._scope_bar.set_scope(view.scope)
        self._filter_box.set_query_text(view.query)
        if view.columns:
            self._views.show_columns(view.columns)
        self._views.sort_by(_NUMBERS[view.sort_column], is_descending=view.is_descending)
        self._views.view.setFocus()

    @Slot(object, str)
    def _on_query_changed(self, _query: object, text: str) -> None:
        self._query_text = text
