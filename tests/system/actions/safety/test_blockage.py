"""Processes that signals do not reach: frozen by real control groups, and waiting in the kernel."""

from __future__ import annotations

import os
import platform
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.actions.confirmation.confirmation import confirm_free
from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.port_usage import FreeRequest
from portview.actions.stopping.stop import Ending
from portview.cli.confirmation_text import confirmation_lines
from portview.domain.errors import Outcome
from portview.domain.facts import ABSENT, Known
from portview.domain.owners.blockage import BlockageKind
from portview.readers.linux.blockage import read_blockage
from tests.system.actions.conftest import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.actions.conftest import Holder, Server

pytestmark = pytest.mark.linux_only("control groups and states of Linux")

V1 = Path("/sys/fs/cgroup/freezer")
V2 = next(
    (one for one in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
     if (one / "cgroup.controllers").exists()),
    None,
)  # fmt: skip


class Group:
    """A control group of the test's own."""

    def __init__(self, folder: Path, *, is_v2: bool) -> None:
        self.folder = folder
        self._is_v2 = is_v2
        folder.mkdir()

    def take(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid), "ascii")

    def freeze(self) -> None:
        self._write("1" if self._is_v2 else "FROZEN")
        wait_until(self._is_frozen)

    def thaw(self) -> None:
        self._write("0" if self._is_v2 else "THAWED")

    def remove(self) -> None:
        self.thaw()
        wait_until(self._is_empty)
        self.folder.rmdir()

    def _write(self, value: str) -> None:
        name = "cgroup.freeze" if self._is_v2 else "freezer.state"
        (self.folder / name).write_text(value, "ascii")

    def _is_frozen(self) -> bool:
        if self._is_v2:
            return "frozen 1" in (self.folder / "cgroup.events").read_text("ascii")
        return "FROZEN" in (self.folder / "freezer.state").read_text("ascii")

    def _is_empty(self) -> bool:
        for pid in (self.folder / "cgroup.procs").read_text("ascii").split():
            os.kill(int(pid), signal.SIGKILL)  # Only what the test put in is in there.
        return not (self.folder / "cgroup.procs").read_text("ascii").strip()


@pytest.fixture
def group_v1() -> Iterator[Group]:
    if not os.access(V1, os.W_OK):
        pytest.skip("this kernel has no freezer of cgroup v1")
    group = Group(V1 / f"portview-test-{os.getpid()}", is_v2=False)
    yield group
    group.remove()


@pytest.fixture
def group_v2() -> Iterator[Group]:
    if V2 is None or not os.access(V2, os.W_OK):
        pytest.skip("this kernel has no cgroup v2")
    group = Group(V2 / f"portview-test-{os.getpid()}", is_v2=True)
    yield group
    group.remove()


def plan_text(port: int) -> str:
    asked = confirm_free(inspect_port(FreeRequest(port)), 5)
    return "\n".join(line for line, _style in confirmation_lines(asked))


@pytest.mark.root_only("makes a control group")
def test_what_v1_froze_is_told_and_a_kill_waits_for_the_thaw(
    serve: Callable[..., Server], group_v1: Group
) -> None:
    server = serve("polite")
    group_v1.take(server.pid)
    assert read_blockage(server.pid) == ABSENT
    group_v1.freeze()
    thaw = f"echo THAWED > {group_v1.folder}/freezer.state"
    text = plan_text(server.port)
    assert f"frozen by the control group /{group_v1.folder.name}" in text
    assert "SIGTERM and SIGKILL stay pending" in text
    assert thaw in text
    report = free_port(inspect_port(FreeRequest(server.port)), grace_s=0.1, watch_s=0)
    (result,) = report.results
    assert (report.outcome, result.ending) == (Outcome.NOT_DONE, Ending.STILL_RUNNING)
    assert "A kill is pending" in report.next_step
    assert thaw in report.next_step
    assert "--tree" not in report.next_step
    assert server.is_running()
    group_v1.thaw()
    wait_until(lambda: not server.is_running())


@pytest.mark.root_only("makes a control group")
def test_what_a_group_above_froze_is_told_with_that_group(
    serve: Callable[..., Server], group_v1: Group
) -> None:
    server = serve("polite")
    inner = group_v1.folder / "inner"
    inner.mkdir()
    try:
        (inner / "cgroup.procs").write_text(str(server.pid), "ascii")
        group_v1.freeze()
        found = read_blockage(server.pid)
        assert isinstance(found, Known)
        assert found.value.group == f"/{group_v1.folder.name}"
        group_v1.thaw()
    finally:
        group_v1.take(server.pid)
        wait_until(lambda: not (inner / "cgroup.procs").read_text("ascii").strip())
        inner.rmdir()


@pytest.mark.root_only("makes a control group")
def test_what_v2_froze_is_told_and_ends_by_sigkill(
    serve: Callable[..., Server], group_v2: Group
) -> None:
    server = serve("polite")
    group_v2.take(server.pid)
    assert read_blockage(server.pid) == ABSENT
    group_v2.freeze()
    text = plan_text(server.port)
    assert "is then ended by SIGKILL" in text
    assert f"echo 0 > {group_v2.folder}/cgroup.freeze" in text
    report = free_port(inspect_port(FreeRequest(server.port)), grace_s=0.1, watch_s=0)
    assert [result.ending for result in report.results] == [Ending.ENDED]
    assert report.outcome is Outcome.DONE


@pytest.mark.skipif(platform.machine() != "x86_64", reason="its instructions are of x86-64")
def test_a_wait_inside_the_kernel_is_told(hold: Callable[..., Holder]) -> None:
    holder = hold("uninterruptible")
    stat = Path(f"/proc/{holder.pid}/stat")
    wait_until(lambda: ") D " in stat.read_text("ascii"))
    found = read_blockage(holder.pid, moment_s=0.1)
    assert isinstance(found, Known)
    assert found.value.kind is BlockageKind.UNINTERRUPTIBLE
    assert "waits inside the kernel" in plan_text(holder.port)
    # This wait is one that a deadly signal ends, as those for a network drive mostly are.
    report = free_port(inspect_port(FreeRequest(holder.port)), grace_s=0.1, watch_s=0)
    assert report.outcome is Outcome.DONE


def test_what_runs_or_is_suspended_is_not_blocked(serve: Callable[..., Server]) -> None:
    server = serve("polite")
    started = time.monotonic()
    assert read_blockage(server.pid, moment_s=30) == ABSENT
    os.kill(server.pid, signal.SIGSTOP)
    assert read_blockage(server.pid, moment_s=30) == ABSENT
    assert time.monotonic() - started < 30, "it waits only for what waits"
