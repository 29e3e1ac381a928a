"""Ten thousand forged start times stop nothing."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import pytest

from portview.actions.process_handles.choose import open_process_handle
from portview.actions.stopping.stop import Ending, stop_processes
from portview.domain.errors import PortViewError
from portview.domain.owners.process import ProcessKey
from tests.system.actions.conftest import seen_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.actions.conftest import Server

ATTEMPTS = 10_000


def test_forged_start_times_stop_nothing(serve: Callable[..., Server]) -> None:
    server = serve("polite")
    real = server.key
    dice = random.Random(6)
    near = [offset for offset in range(-50, 51) if offset]
    for attempt in range(ATTEMPTS):
        offset = near[attempt] if attempt < len(near) else dice.randint(1, 2**40)
        forged = ProcessKey(real.pid, max(0, real.started_ms + offset))
        with pytest.raises(PortViewError, match="different process"), open_process_handle(forged):
            pytest.fail("a forged identity was let in")
    assert server.is_running()
    with open_process_handle(real) as hold:
        assert hold.key == real


def test_one_forged_among_real_ones_stops_none(serve: Callable[..., Server]) -> None:
    first, second = serve("polite"), serve("polite")
    forged = ProcessKey(second.pid, second.key.started_ms + 10)
    results = stop_processes([seen_now(first.key), seen_now(forged)], grace_s=0)
    assert [result.ending for result in results] == [Ending.UNTOUCHED, Ending.NOT_THE_SAME]
    assert first.is_running()
    assert second.is_running()


def test_what_has_ended_is_gone(serve: Callable[..., Server]) -> None:
    server = serve("polite")
    key = server.key
    server.stop()
    (result,) = stop_processes([seen_now(key)], grace_s=0)
    assert result.ending is Ending.GONE


@pytest.mark.skipif(sys.platform == "win32", reason="PID 0 and 4 are refused otherwise")
@pytest.mark.parametrize("pid", [0, -1, -2])
def test_pids_that_mean_many_processes_are_none(pid: int) -> None:
    with pytest.raises(PortViewError), open_process_handle(ProcessKey(pid, 0)):
        pytest.fail("such a PID was let in")
