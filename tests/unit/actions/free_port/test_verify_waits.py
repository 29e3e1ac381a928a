"""How long a port is waited for and watched, on a clock of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port import verify
from portview.actions.free_port.plan import FreePlan
from portview.actions.free_port.verify import PortVerdict, Proof, prove
from portview.actions.port_usage import FreeRequest
from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.probes.bind_report import BindReport, BindVerdict

if TYPE_CHECKING:
    from collections.abc import Callable

PORT = 8080
SOMEBODY = SocketRow(
    SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", PORT), None, ProcessKey(12, 200)),
    State.LISTEN,
    12,
)
LONGEST_STEP_S, LONGEST_WAIT_S = 0.5, 100


class Machine:
    """A port that is held at some times, and the clock in the place of the module ``time``."""

    def __init__(self) -> None:
        self.began_s = self.now_s = 1000.0
        self.is_held: Callable[[float], bool] = lambda _after_s: False

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= LONGEST_STEP_S
        self.now_s += seconds
        assert self.after_s < LONGEST_WAIT_S

    @property
    def after_s(self) -> float:
        return self.now_s - self.began_s

    def read_rows(self) -> tuple[SocketRow, ...]:
        return (SOMEBODY,) if self.is_held(self.after_s) else ()

    def try_bind(self, *_arguments: object) -> BindReport:
        verdict = BindVerdict.IN_USE if self.is_held(self.after_s) else BindVerdict.FREE
        return BindReport(PORT, Protocol.TCP, verdict, "", "", ())

    def prove(self, watch_s: float = 0, cancel: CancelToken | None = None) -> Proof:
        plan = FreePlan(FreeRequest(PORT), ())
        return prove(plan, since=self.began_s, watch_s=watch_s, cancel=cancel)


class CancelledAt(CancelToken):
    """A token that is cancelled at one time of the machine's clock."""

    def __init__(self, machine: Machine, after_s: float) -> None:
        super().__init__()
        self._machine = machine
        self._after_s = after_s

    def wait(self, seconds: float) -> bool:
        self._machine.sleep(seconds)
        if self._machine.after_s >= self._after_s:
            self.cancel()
        return self.is_cancelled


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(verify, "time", made)
    monkeypatch.setattr(verify, "read_rows", made.read_rows)
    monkeypatch.setattr(verify, "try_bind", made.try_bind)
    return made


def test_a_holder_that_keeps_it_is_waited_for_a_second(machine: Machine) -> None:
    machine.is_held = lambda _after_s: True
    proof = machine.prove(watch_s=60)
    assert proof.verdict is PortVerdict.TAKEN_AGAIN
    assert proof.free_after_ms is None
    assert 1 <= machine.after_s < 1 + LONGEST_STEP_S, "who has it already is not watched for"


def test_the_time_until_it_was_free_is_told_to_the_millisecond(machine: Machine) -> None:
    machine.is_held = lambda after_s: after_s < 0.9
    proof = machine.prove()
    assert proof.verdict is PortVerdict.FREE
    assert proof.free_after_ms == round(machine.after_s * 1000)
    assert 900 <= proof.free_after_ms < 900 + 1000 * LONGEST_STEP_S


def test_a_port_that_is_free_and_not_to_be_watched_is_proved_at_once(machine: Machine) -> None:
    proof = machine.prove()
    assert (proof.verdict, proof.free_after_ms) == (PortVerdict.FREE, 0)
    assert machine.after_s == 0


def test_a_supervisor_is_given_all_of_its_time_and_no_more(machine: Machine) -> None:
    proof = machine.prove(watch_s=7)
    assert (proof.verdict, proof.free_after_ms) == (PortVerdict.FREE, 0)
    assert 7 <= machine.after_s < 7 + LONGEST_STEP_S


def test_who_takes_it_again_just_before_the_end_is_found_and_ends_the_wait(
    machine: Machine,
) -> None:
    machine.is_held = lambda after_s: after_s >= 6.9
    proof = machine.prove(watch_s=7)
    assert proof.verdict is PortVerdict.TAKEN_AGAIN
    assert [holder.row for holder in proof.holders] == [SOMEBODY]
    assert proof.free_after_ms == 0
    machine.began_s = machine.now_s
    machine.is_held = lambda after_s: after_s >= 2
    assert machine.prove(watch_s=60).verdict is PortVerdict.TAKEN_AGAIN
    assert machine.after_s < 2 + LONGEST_STEP_S


@pytest.mark.parametrize("is_held", [True, False], ids=["until it is free", "watching"])
def test_cancelling_ends_the_wait(machine: Machine, is_held: bool) -> None:
    machine.is_held = lambda _after_s: is_held
    with pytest.raises(Cancelled):
        machine.prove(watch_s=60, cancel=CancelledAt(machine, 0.6))
    assert machine.after_s < 0.6 + LONGEST_STEP_S


def test_a_wait_that_nobody_cancels_comes_to_its_end(machine: Machine) -> None:
    machine.is_held = lambda after_s: after_s < 0.6
    proof = machine.prove(watch_s=3, cancel=CancelledAt(machine, 60))
    assert proof.verdict is PortVerdict.FREE
    assert machine.after_s >= 3.6
