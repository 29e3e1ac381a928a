"""A stopped process is started again with the rights that it had, and never with others."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from portview.actions.confirmation.history import keep_record, read_records
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.processes.restart import start_again, why_not_again
from portview.actions.processes.stopped import StoppedProcess
from portview.domain.errors import Outcome
from portview.domain.facts import Known, Unreadable
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.process_rights import ProcessRights
from portview.readers.process_identity import process_key
from portview.readers.process_rights import read_process_rights
from tests.system.actions.conftest import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.actions.conftest import Server

pytestmark = pytest.mark.linux_only("user IDs and capabilities")

NOBODY = 65534


AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def stop(key: ProcessKey) -> StoppedProcess:
    """Stop a process, and return how it stands on record."""
    keep_record(end_process(inspect_process(key)))
    (process,) = read_records()[0].processes
    return process


@pytest.fixture
def stopped_sleep() -> Iterator[Callable[..., StoppedProcess]]:
    """Stop a program of the system's that was started in some way."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*prefix: str) -> StoppedProcess:
        process = subprocess.Popen([*prefix, "sleep", "600"], cwd="/")
        started.append(process)
        command_line = Path(f"/proc/{process.pid}/cmdline")
        wait_until(lambda: command_line.read_bytes() == b"sleep\x00600\x00")
        key = process_key(process.pid)
        assert isinstance(key, ProcessKey)
        return stop(key)

    yield start
    for process in started:
        process.kill()
        process.wait(10)


def test_names_in_the_environment_decide_nothing(
    serve: Callable[..., Server],
    own_server: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    stopped = stop(serve("polite", **own_server).key)
    assert why_not_again(stopped) is None
    foreign = replace(stopped.rights, user_id="4242")  # type: ignore[type-var]
    monkeypatch.setattr("os.getlogin", lambda: pytest.fail("nobody may ask for it"))
    assert why_not_again(replace(stopped, rights=foreign, user="somebody-else")) is not None


@pytest.mark.root_only("becomes another user")
def test_root_starts_the_program_of_another_user_as_that_user(
    stopped_sleep: Callable[..., StoppedProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOTS_SECRET", "x")
    stopped = stopped_sleep(*AS_NOBODY)
    assert stopped.rights
    assert stopped.rights.user_id == str(NOBODY)
    assert why_not_again(stopped) is None
    report = start_again(stopped)
    assert report.outcome is Outcome.DONE, report
    process = psutil.Process(int(report.done.rpartition(" ")[2].rstrip(".")))
    try:
        rights = read_process_rights(process.pid)
        assert rights == Known(stopped.rights), "neither more nor less than it had"
        assert "ROOTS_SECRET" not in process.environ()
        assert process.environ()["LOGNAME"] == "nobody"
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        assert "CapEff:\t0000000000000000" in status
        assert process.terminal() is None
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.root_only("becomes another user")
def test_a_user_whom_the_system_does_not_know_is_refused(
    stopped_sleep: Callable[..., StoppedProcess],
) -> None:
    stopped = stopped_sleep(*AS_NOBODY)
    assert stopped.rights
    unknown = replace(stopped, rights=replace(stopped.rights, user_id="3999999999"))
    reason = why_not_again(unknown)
    assert reason is not None
    assert "another user" in reason


@pytest.mark.root_only("gives away capabilities")
def test_a_process_with_fewer_rights_is_not_started_with_more(
    stopped_sleep: Callable[..., StoppedProcess],
) -> None:
    stopped = stopped_sleep("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
    assert why_not_again(stopped) == "PortView has more rights now than it had."


@pytest.mark.root_only("makes a namespace")
def test_a_process_in_other_namespaces_is_refused(
    stopped_sleep: Callable[..., StoppedProcess],
) -> None:
    stopped = stopped_sleep("unshare", "--mount")
    reason = why_not_again(stopped)
    assert reason is not None
    assert "namespaces" in reason


@pytest.mark.root_only("root's rights are at stake")
@pytest.mark.parametrize("what", ["script", "folder", "folder above"])
def test_root_runs_nothing_that_another_user_could_have_changed(
    what: str, serve: Callable[..., Server], own_server: dict[str, Path]
) -> None:
    stopped = stop(serve("polite", **own_server).key)
    assert why_not_again(stopped) is None
    folder = own_server["folder"]
    paths = {"script": own_server["script"], "folder": folder, "folder above": folder.parent}
    mode = paths[what].stat().st_mode
    paths[what].chmod(mode | 0o002)
    try:
        reason = why_not_again(stopped)
    finally:
        paths[what].chmod(mode)
    assert reason is not None
    assert "another user could have changed" in reason
    os.chown(own_server["script"], NOBODY, -1)
    assert "another user could have changed" in (why_not_again(stopped) or "")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (ProcessRights("1000", "0", is_privileged=False), None),
        (ProcessRights("1001", "0", is_privileged=False), "It ran as another user: anna."),
        (ProcessRights("1000", "400", is_privileged=True), "PortView has more rights now"),
        (ProcessRights("1000", "0", is_privileged=False, label="snap.x (enforce)"), "confined"),
        (ProcessRights("1000", "0", is_privileged=False, namespaces=("mnt:[7]",)), "namespaces"),
        (ProcessRights("0", "1", is_privileged=True), "It ran as another user: anna."),
    ],
)
def test_every_difference_of_rights_is_a_reason(
    own: ProcessRights, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "portview.actions.processes.restart.read_process_rights", lambda _pid: Known(own)
    )
    reason = why_not_again(stopped_by(ProcessRights("1000", "0", is_privileged=False)))
    assert (reason is None) is (expected is None)
    assert (expected or "") in (reason or "")


def test_rights_that_could_not_be_read_are_not_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = ProcessRights("1000", "0", is_privileged=False)
    assert why_not_again(stopped_by(None)) is not None
    monkeypatch.setattr(
        "portview.actions.processes.restart.read_process_rights", lambda _pid: Unreadable("x")
    )
    assert why_not_again(stopped_by(mine)) is not None


def stopped_by(rights: ProcessRights | None) -> StoppedProcess:
    return StoppedProcess(
        7, 7, "ended", "x", sys.executable, (sys.executable,), "/", "anna", rights
    )
