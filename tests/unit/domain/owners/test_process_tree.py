"""What runs under several processes is told of the nearest one, and once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.attribution import RunningProcess
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.process_tree import ancestors_of, descendants_of, trees_of


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
