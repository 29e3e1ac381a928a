"""Views by name: they come back as they were kept, and damaged ones do no harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.query.formatting import format_query
from portview.domain.query.matching import matches
from portview.domain.query.syntax import parse_query
from portview.domain.sockets.scope import Scope, in_scope
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.table.columns import COLUMN_BY_ID
from portview.domain.table.saved_view import (
    BUILT_IN_VIEWS,
    SavedView,
    is_good_name,
    read_views,
    view_object,
    with_view,
)
from tests.strategies import queries

names = st.text(min_size=1, max_size=80).map(str.strip).filter(bool)
columns = st.lists(st.sampled_from(sorted(COLUMN_BY_ID)), unique=True).map(tuple)
views = st.builds(
    SavedView,
    names,
    queries.map(format_query),
    st.sampled_from(Scope),
    columns,
    st.sampled_from(sorted(COLUMN_BY_ID)),
    st.booleans(),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
damaged = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("name", "query", "scope", "columns", "sort_column", "sort_descending"), json_values
    ),
)


@given(st.lists(views, unique_by=lambda view: view.name.casefold(), max_size=4))
def test_views_come_back_from_json(kept: list[SavedView]) -> None:
    text = json.dumps([view_object(view) for view in kept])
    assert read_views(json.loads(text)) == tuple(kept)


@given(st.lists(json_values | damaged, max_size=4), views)
def test_what_is_damaged_is_passed_over(values: list[object], view: SavedView) -> None:
    found = read_views([*values, view_object(view)])
    assert view in found or any(each.name.casefold() == view.name.casefold() for each in found)
    for each in found:
        assert is_good_name(each.name)
        parse_query(each.query)


@pytest.mark.parametrize(
    "change",
    [{"name": " "}, {"name": 3}, {"query": "port:x"}, {"scope": "nowhere"}, {"columns": "pid"}],
)
def test_each_damage_costs_one_view(change: dict[str, object]) -> None:
    good = view_object(SavedView("a"))
    assert read_views([{**good, **change}, {**good, "name": "b"}]) == (SavedView("b"),)


def test_columns_of_another_version_are_left_out() -> None:
    values = {
        **view_object(SavedView("a")),
        "columns": ["pid", "mood", "pid"],
        "sort_column": "mood",
    }
    assert read_views([values]) == (SavedView("a", columns=("pid",)),)


def test_saving_under_a_name_replaces_it_where_it_stands() -> None:
    first, second = SavedView("a"), SavedView("b")
    again = SavedView("A", "port:80")
    assert with_view((first, second), again) == (again, second)
    assert with_view((first,), second) == (first, second)


def row(address: str, port: int, state: State, remote: Endpoint | None = None) -> SocketRow:
    family = Family.IPV6 if ":" in address else Family.IPV4
    return SocketRow(SocketKey(Protocol.TCP, family, Endpoint(address, port), remote, None), state)


PEER = Endpoint("10.0.0.9", 80)
MACHINE = {
    "everywhere": row("0.0.0.0", 5432, State.LISTEN),  # noqa: S104 - data
    "lan": row("192.168.1.7", 22, State.LISTEN),
    "loopback": row("127.0.0.1", 3000, State.LISTEN),
    "loopback6": row("::1", 8080, State.LISTEN),
    "mapped": row("::ffff:127.0.0.1", 3001, State.LISTEN),
    "bound": row("0.0.0.0", 9999, State.BOUND),  # noqa: S104 - data
    "client": row("10.0.0.1", 50000, State.ESTABLISHED, PEER),
    "time_wait": row("10.0.0.1", 50001, State.TIME_WAIT, PEER),
    "close_wait": row("10.0.0.1", 50002, State.CLOSE_WAIT, PEER),
}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (BUILT_IN_VIEWS[0], {"everywhere", "lan"}),
        (BUILT_IN_VIEWS[1], {"everywhere", "loopback", "loopback6", "mapped"}),
        (BUILT_IN_VIEWS[2], {"time_wait", "close_wait"}),
    ],
    ids=[view.name for view in BUILT_IN_VIEWS],
)
def test_the_built_in_views_show_what_their_names_say(view: SavedView, expected: set[str]) -> None:
    query = parse_query(view.query)
    shown = {
        name
        for name, socket in MACHINE.items()
        if in_scope(socket, view.scope) and matches(query, socket, None)
    }
    assert shown == expected
    assert read_views([view_object(view)]) == (view,)
