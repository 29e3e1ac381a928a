"""A window that starts again as administrator shows what the first one showed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.app import _parser
from portview.domain.sockets.scope import Scope
from portview.ui.window.carried_view import CarriedView, key_of, socket_text
from tests.strategies import entries

if TYPE_CHECKING:
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow


@given(
    st.sampled_from(Scope),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
    entries,
)
def test_what_is_carried_arrives_through_the_command_line(
    scope: Scope, query: str, entry: SocketEntry
) -> None:
    view = CarriedView(scope, query, socket_text(entry.row))
    options = _parser().parse_args(view.arguments())
    assert CarriedView(Scope(options.scope), options.filter, options.select) == view


def test_a_filter_that_no_command_line_takes_is_left_behind() -> None:
    assert CarriedView(Scope.ALL, "x" * 3000).arguments() == ["--scope", "all"]


def test_scope_filter_and_row_are_shown_again(
    window: MainWindow, rows: tuple[SocketRow, ...]
) -> None:
    window.set_scope(Scope.CONNECTIONS)
    window.filter_box.set_query_text("proc:node")
    window.table.select_key(rows[5].key)
    view = window.navigation.carried()
    window.set_scope(Scope.LISTENING)
    window.filter_box.set_query_text("")
    window.table.clearSelection()
    window.navigation.go_on_with(view)
    window.navigation.choose(view.socket)
    assert window.scope is Scope.CONNECTIONS
    assert window.filter_box.text() == "proc:node"
    assert window.views.selection().first.row.key == rows[5].key


def test_the_same_socket_is_found_when_its_owner_is_seen_at_last(
    window: MainWindow, rows: tuple[SocketRow, ...]
) -> None:
    hidden = next(row for row in rows if row.local.port == 445)
    seen = rows[0]._replace(key=hidden.key._replace(owner=rows[0].owner))
    assert socket_text(seen) == socket_text(hidden)
    assert key_of(socket_text(seen), window.model.all_entries()) == hidden.key
    assert key_of("tcp 1.2.3.4 5", window.model.all_entries()) is None


@pytest.mark.parametrize("is_there", [True, False])
def test_a_row_that_is_gone_selects_none(window: MainWindow, is_there: bool) -> None:
    window.table.clearSelection()
    window.navigation.choose("tcp 127.0.0.1 8080" if is_there else "tcp 127.0.0.1 8081")
    assert bool(window.views.selection().entries) is is_there
