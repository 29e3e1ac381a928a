"""What runs under several processes is told of the nearest one, and once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.attribution import RunningProcess
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.process_tree import (
    ancestors_of,
    descendants_of,
    possible_ancestors_of,
    trees_of,
)


@st.composite
def forests(draw: st.DrawFn) -> dict[int, RunningProcess]:
    """Return processes whose parents are older, or gone, or given to a younger one."""
    count = draw(st.integers(1, 25))
    parents = draw(st.lists(st.integers(0, count), min_size=count, max_size=count))
    started = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return {
        pid: RunningProcess(ProcessKey(pid, started[pid - 1]), parents[pid - 1])
        for pid in range(1, count + 1)
    }


@given(forests(), st.data())
def test_trees_part_what_runs_under_all_roots(
    processes: dict[int, RunningProcess], data: st.DataObject
) -> None:
    roots = data.draw(st.sets(st.sampled_from(sorted(processes))))
    trees = trees_of(processes, roots)
    named = Counter(key.pid for tree in trees.values() for key in tree)
    assert all(count == 1 for count in named.values()), "each process once"
    assert not named.keys() & roots
    under = {key.pid for root in roots for key in descendants_of(processes, root)}
    assert named.keys() == under - roots
    for root, tree in trees.items():
        for key in tree:
            above = [ancestor.pid for ancestor in ancestors_of(processes, key.pid)]
            nearest = next(pid for pid in above if pid in roots)
            assert root == nearest


def test_the_deepest_come_first() -> None:
    chain = {pid: RunningProcess(ProcessKey(pid, pid), pid - 1) for pid in range(1, 6)}
    assert [key.pid for key in descendants_of(chain, 1)] == [5, 4, 3, 2]
    assert [key.pid for key in trees_of(chain, [1, 3])[1]] == [2]


@given(forests())
def test_a_possible_ancestor_has_the_number_of_one_whatever_its_age(
    processes: dict[int, RunningProcess],
) -> None:
    for pid in processes:
        possible = possible_ancestors_of(processes, pid)
        assert {key for key in ancestors_of(processes, pid) if key.pid != pid} <= possible
        same_age = {
            other: RunningProcess(ProcessKey(other, 0), process.parent_pid)
            for other, process in processes.items()
        }
        numbers = {key.pid for key in ancestors_of(same_age, pid)} - {pid}
        assert {key.pid for key in possible} - {pid} == numbers


def test_an_ancestor_that_seems_younger_is_a_possible_one() -> None:
    processes = {
        7: RunningProcess(ProcessKey(7, 500), 3),
        8: RunningProcess(ProcessKey(8, 100), 7),
        9: RunningProcess(ProcessKey(9, 50), 7),
    }
    assert ancestors_of(processes, 8) == ()
    assert possible_ancestors_of(processes, 8) == {ProcessKey(7, 500)}
    assert possible_ancestors_of(processes, 5) == frozenset()
