"""Small promises of probes that nobody would miss at once: limits, cancelling, SYN retries."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.backoff import Backoff
from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.sockets.socket_row import Family
from portview.domain.table.export import defused
from portview.probes import connecting
from portview.probes.addresses import Address
from portview.probes.wait import WaitCondition, WaitObservation, wait_for

if TYPE_CHECKING:
    from portview.domain.verdicts import Progress


class Clock:
    """Time that passes only while somebody waits or looks."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.waits: list[float] = []

    def wait_ms(self, some_ms: float) -> None:
        self.waits.append(some_ms)
        self.now_ms += some_ms


@given(
    st.integers(1, 10_000),
    st.floats(0, 1),
    st.integers(1, 3),
    st.integers(0, 500),
    st.integers(1, 2000),
)
def test_waiting_never_outlasts_its_limit(
    timeout_ms: int, chance: float, count: int, look_takes_ms: int, cap_ms: int
) -> None:
    clock = Clock()

    def look(may_take_ms: float, _cancel: CancelToken) -> WaitObservation:
        assert may_take_ms >= 1
        clock.now_ms += min(look_takes_ms, may_take_ms)
        return WaitObservation(is_met=False, detail="not yet")

    conditions = [WaitCondition(f"{number}", look) for number in range(count)]
    report = wait_for(
        conditions,
        timeout_ms=timeout_ms,
        backoff=Backoff(first_ms=min(100, cap_ms), cap_ms=cap_ms),
        clock_ms=lambda: clock.now_ms,
        wait_ms=clock.wait_ms,
        chance=lambda: chance,
    )
    assert not report.is_met
    # At least one look at each condition, of at least a millisecond, whatever the limit.
    assert clock.now_ms <= timeout_ms + count
    assert report.elapsed_ms == clock.now_ms


def test_no_progress_is_told_after_cancelling() -> None:
    cancel = CancelToken()
    told: list[Progress] = []

    def look(_may_take_ms: float, _cancel: CancelToken) -> WaitObservation:
        cancel.cancel()
        return WaitObservation(is_met=False, detail="not yet")

    with pytest.raises(Cancelled):
        wait_for([WaitCondition("one", look)], timeout_ms=10_000, cancel=cancel, report=told.append)
    assert told == []


@pytest.mark.parametrize(
    ("address", "is_switched_off"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("192.0.2.1", False)],
)
def test_syn_retries_are_switched_off_for_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, address: str, *, is_switched_off: bool
) -> None:
    switched: list[Any] = []
    monkeypatch.setattr(connecting, "switch_off_syn_retries", switched.append)
    cancel = CancelToken()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        attempt, connection = connecting.connect(
            Address(Family.IPV4, (address, port)), 1 if address == "192.0.2.1" else 5000, cancel
        )
    assert connection is None
    assert attempt.detail
    assert bool(switched) == is_switched_off


@pytest.mark.parametrize(
    "beginning",
    ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"],  # noqa: RUF001
)
def test_no_cell_of_csv_begins_a_formula(beginning: str) -> None:
    assert defused(f"{beginning}1+1") == f"'{beginning}1+1"
    assert defused(f"a{beginning}1") == f"a{beginning}1"
