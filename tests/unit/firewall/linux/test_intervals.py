from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portview.firewall.linux.intervals import common, joined, networks_of, without

NUMBERS = st.integers(0, 40)
RANGES = st.lists(st.tuples(NUMBERS, NUMBERS).map(sorted).map(tuple), max_size=14)


def members(ranges: object) -> set[int]:
    return {number for low, high in ranges for number in range(low, high + 1)}  # type: ignore[attr-defined]


@given(RANGES)
def test_a_set_is_sorted_and_has_gaps_between_its_ranges(ranges: list[tuple[int, int]]) -> None:
    whole = joined(ranges)
    assert members(whole) == members(ranges)
    assert all(one[1] + 1 < other[0] for one, other in pairwise(whole))


@given(RANGES, RANGES)
def test_sets_are_cut_as_sets_of_numbers_are(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    first, second = joined(one), joined(other)
    assert members(common(first, second)) == members(one) & members(other)
    assert members(without(first, second)) == members(one) - members(other)
    assert common(first, second) == joined(common(first, second))
    assert without(first, second) == joined(without(first, second))


def test_addresses_are_told_as_networks() -> None:
    ten = joined([(10 << 24, (11 << 24) - 1), (1, 1)])
    assert networks_of(ten, is_v6=False, limit=2) == ["0.0.0.1", "10.0.0.0/8"]
    assert networks_of(ten, is_v6=False, limit=1) is None
    assert networks_of(((1, (1 << 128) - 2),), is_v6=True, limit=5) is None
