"""Who may be called the owner of a socket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.attribution import CLOCK_STEP_MS, judge_owner, likely_holders
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import OwnerProblem

PROCESS = ProcessKey(4711, 1_000_000)


def test_a_process_older_than_its_socket_owns_it() -> None:
    assert judge_owner(PROCESS, opened_at_ms=1_000_500, listed_at_ms=2_000_000) == (PROCESS, None)


def test_a_process_younger_than_the_socket_has_a_reused_pid() -> None:
    verdict = judge_owner(PROCESS, opened_at_ms=900_000, listed_at_ms=2_000_000)
    assert verdict == (None, OwnerProblem.PID_REUSED)


def test_two_clocks_may_differ_by_their_step_and_no_more() -> None:
    at_the_edge = PROCESS.started_ms - CLOCK_STEP_MS
    assert judge_owner(PROCESS, opened_at_ms=at_the_edge, listed_at_ms=0) == (PROCESS, None)
    beyond = judge_owner(PROCESS, opened_at_ms=at_the_edge - 1, listed_at_ms=0)
    assert beyond == (None, OwnerProblem.PID_REUSED)


def test_no_process_is_a_process_that_has_gone() -> None:
    verdict = judge_owner(None, opened_at_ms=None, listed_at_ms=2_000_000)
    assert verdict == (None, OwnerProblem.PROCESS_GONE)


def test_without_a_time_of_its_own_a_socket_is_as_old_as_its_first_listing() -> None:
    assert judge_owner(PROCESS, opened_at_ms=None, listed_at_ms=1_000_000) == (PROCESS, None)
    late = judge_owner(PROCESS, opened_at_ms=None, listed_at_ms=999_999)
    assert late == (None, OwnerProblem.PID_REUSED)


def test_a_process_whose_start_is_not_told_is_believed() -> None:
    system = ProcessKey(4, 0)
    assert judge_owner(system, opened_at_ms=1, listed_at_ms=1) == (system, None)


keys = st.builds(ProcessKey, st.integers(1, 99), st.integers(0, 10_000))
moments = st.integers(0, 10_000)


@given(st.lists(keys), st.none() | moments, moments)
def test_holders_began_between_the_opening_and_the_owners_end(
    children: list[ProcessKey], opened_at_ms: int | None, orphaned_by_ms: int
) -> None:
    holders = likely_holders(children, opened_at_ms=opened_at_ms, orphaned_by_ms=orphaned_by_ms)
    starts = [holder.started_ms for holder in holders]
    assert starts == sorted(starts)
    for child in children:
        was_there = child.started_ms <= orphaned_by_ms
        could_inherit = opened_at_ms is None or child.started_ms >= opened_at_ms - CLOCK_STEP_MS
        assert (child in holders) == (was_there and could_inherit)
