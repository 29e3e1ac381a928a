"""Long lists edited by runs, in place and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.models import splicing
from portview.models.edits import runs
from portview.models.splicing import cut_out, put_between

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[0, splicing.MOST_IN_PLACE], ids=["again", "in place"], scope="module")
def _way(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splicing, "MOST_IN_PLACE", request.param)
        yield


@pytest.mark.usefixtures("_way")
@given(length=st.integers(0, 40), chosen=st.sets(st.integers(0, 39)))
def test_what_is_cut_out_is_gone(length: int, chosen: set[int]) -> None:
    gone = sorted(number for number in chosen if number < length)
    items = list(range(length))
    cut_out(items, list(runs(gone)))
    assert items == [number for number in range(length) if number not in chosen]


@pytest.mark.usefixtures("_way")
@given(length=st.integers(0, 30), data=st.data())
def test_what_is_put_between_stands_before_its_number(length: int, data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, length))))
    put = [(at, [f"{at} {n}" for n in range(1 + at % 3)]) for at in places]
    items: list[object] = list(range(length))
    put_between(items, put)
    assert [item for item in items if isinstance(item, int)] == list(range(length))
    for at, run in put:
        start = items.index(run[0])
        assert items[start : start + len(run)] == run
        follower = start + len(run)
        assert items[follower] == at if at < length else follower == len(items)
