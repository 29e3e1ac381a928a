"""What counts as news of the machine, and what PortView only found out."""

from __future__ import annotations

import itertools

import pytest

from portview.domain.sockets.snapshot import Change, Diff
from portview.domain.sockets.socket_row import OwnerProblem, SocketRow, State
from portview.models.liveness import Liveness, Mark
from tests.factories import row

UNKNOWN = [
    problem
    for problem in OwnerProblem
    if problem not in {OwnerProblem.PROCESS_GONE, OwnerProblem.PID_REUSED}
]


def without_owner(problem: OwnerProblem) -> SocketRow:
    seen = row(80)
    return seen._replace(key=seen.key._replace(owner=None), pid=None, owner_problem=problem)


def mark_after(old: SocketRow, new: SocketRow) -> Mark | None:
    liveness = Liveness()
    liveness.advance(Diff(added=(old,)), 0)
    liveness.advance(Diff(changed=(Change(old, new),)), 1000)
    news = liveness.news_of(new.key)
    return news.mark if news else None


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(UNKNOWN, 2)))
def test_another_reason_for_an_unknown_owner_is_no_news(
    before: OwnerProblem, after: OwnerProblem
) -> None:
    assert mark_after(without_owner(before), without_owner(after)) is None


def test_that_the_owner_ended_is_news() -> None:
    old, new = without_owner(OwnerProblem.NOT_FOUND), without_owner(OwnerProblem.PROCESS_GONE)
    assert mark_after(old, new) is Mark.CHANGED


def test_another_state_is_news_whoever_the_owner_is() -> None:
    old = without_owner(OwnerProblem.LOOKING)
    new = without_owner(OwnerProblem.NOT_FOUND)._replace(state=State.CLOSE_WAIT)
    assert mark_after(old, new) is Mark.CHANGED
