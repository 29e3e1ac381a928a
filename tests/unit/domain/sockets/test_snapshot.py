"""The difference between two snapshots, for any two snapshots."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.snapshot import Diff, SnapshotDelta, apply, compose, diff, split
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)

keys = st.builds(
    SocketKey,
    st.sampled_from(Protocol),
    st.sampled_from(Family),
    st.builds(Endpoint, st.sampled_from(["127.0.0.1", "::1"]), st.integers(1, 6)),
    st.none() | st.builds(Endpoint, st.just("10.0.0.1"), st.integers(1, 3)),
    st.none() | st.builds(ProcessKey, st.integers(1, 3), st.integers(0, 2)),
    st.integers(0, 2),
)
row_lists = st.lists(
    st.builds(SocketRow, keys, st.none() | st.sampled_from(State), st.none() | st.integers(1, 3)),
    unique_by=lambda row: row.key,
).map(tuple)


def by_key(rows: tuple[SocketRow, ...]) -> dict[SocketKey, SocketRow]:
    return {row.key: row for row in rows}


@given(row_lists, row_lists)
def test_applying_the_difference_gives_the_new_rows(
    old: tuple[SocketRow, ...], new: tuple[SocketRow, ...]
) -> None:
    assert by_key(apply(diff(old, new), old)) == by_key(new)


@given(row_lists, row_lists)
def test_every_row_is_told_once_and_rightly(
    old: tuple[SocketRow, ...], new: tuple[SocketRow, ...]
) -> None:
    difference = diff(old, new)
    before, after = by_key(old), by_key(new)
    assert {row.key for row in difference.removed} == before.keys() - after.keys()
    assert {row.key for row in difference.added} == after.keys() - before.keys()
    assert {change.new.key for change in difference.changed} == {
        key for key in before.keys() & after.keys() if before[key] != after[key]
    }


@given(row_lists, row_lists, st.integers(1, 4))
def test_the_parts_of_a_difference_have_its_effect(
    old: tuple[SocketRow, ...], new: tuple[SocketRow, ...], size: int
) -> None:
    rows = old
    for part in split(diff(old, new), size):
        assert 0 < len(part.removed) + len(part.added) + len(part.changed) <= size
        rows = apply(part, rows)
    assert by_key(rows) == by_key(new)


@given(row_lists)
def test_equal_rows_differ_in_nothing_whether_the_same_objects_or_not(
    rows: tuple[SocketRow, ...],
) -> None:
    assert diff(rows, rows) == Diff()
    assert diff(rows, tuple(row._replace() for row in rows)) == Diff()
    assert not diff(rows, tuple(reversed(rows)))


@given(row_lists, row_lists, row_lists)
def test_a_composed_difference_has_the_effect_of_both(
    one: tuple[SocketRow, ...], two: tuple[SocketRow, ...], three: tuple[SocketRow, ...]
) -> None:
    both = compose(diff(one, two), diff(two, three))
    assert by_key(apply(both, one)) == by_key(three)
    assert len(both.removed) + len(both.added) + len(both.changed) == len(
        by_key(one).items() ^ by_key(three).items()
    ) - len(both.changed)


@given(row_lists, row_lists)
def test_there_and_back_is_no_difference(
    one: tuple[SocketRow, ...], two: tuple[SocketRow, ...]
) -> None:
    assert compose(diff(one, two), diff(two, one)) == Diff()


@given(row_lists, row_lists)
def test_what_a_reader_knows_of_the_way_changes_nothing_but_the_cost(
    old: tuple[SocketRow, ...], new: tuple[SocketRow, ...]
) -> None:
    kept = {id(row) for row in old} & {id(row) for row in new}
    step = SnapshotDelta(
        old,
        tuple(row for row in old if id(row) not in kept),
        tuple(row for row in new if id(row) not in kept),
    )
    assert diff(old, new, step) == diff(old, new)


@given(row_lists, row_lists, row_lists)
def test_a_step_from_other_rows_is_not_followed(
    old: tuple[SocketRow, ...], skipped: tuple[SocketRow, ...], new: tuple[SocketRow, ...]
) -> None:
    step = SnapshotDelta(skipped, skipped, new)
    if step.before is not old:  # two empty tuples are the same object
        assert diff(old, new, step) == diff(old, new)
