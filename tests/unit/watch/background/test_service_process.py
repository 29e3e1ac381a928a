"""A service reports what the service control manager has to know, in the order that it wants."""

from __future__ import annotations

import threading

import pytest

from portview.domain.errors import PortViewError
from portview.readers.windows.folder_security import is_closed
from portview.watch.background import service_api as scm
from portview.watch.background import service_process
from portview.watch.background.service_folder import folder_sddl, service_sid
from portview.watch.background.service_process import ServiceProcess
from tests.fakes.service_dispatcher import StrictDispatcher


class Work:
    """Runs until it is cancelled, or does not even then."""

    def __init__(self, ready: object, *, fails: bool = False, hangs: bool = False) -> None:
        self.ready = ready
        self.fails = fails
        self.hangs = hangs
        self.cancelled = threading.Event()
        self.released = threading.Event()

    def run(self) -> None:
        if self.fails:
            raise OSError("no disk")
        assert callable(self.ready)
        self.ready()
        self.ready()  # every turn says so
        self.cancelled.wait(60)
        if self.hangs:
            self.released.wait(60)

    def cancel(self) -> None:
        self.cancelled.set()


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> StrictDispatcher:
    strict = StrictDispatcher()
    monkeypatch.setattr(scm, "service_process_api", lambda: strict)
    return strict


def served(service: ServiceProcess) -> tuple[threading.Thread, list[int]]:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(service.run()))
    thread.start()
    return thread, codes


@pytest.mark.parametrize(
    "control",
    [scm.SERVICE_CONTROL_STOP, scm.SERVICE_CONTROL_PRESHUTDOWN, scm.SERVICE_CONTROL_SHUTDOWN],
)
def test_it_starts_runs_and_stops(manager: StrictDispatcher, control: int) -> None:
    thread, codes = served(ServiceProcess("x", Work))
    manager.wait_for(scm.SERVICE_RUNNING)
    assert manager.send(scm.SERVICE_CONTROL_INTERROGATE) == 0
    assert manager.send(200) == scm.ERROR_CALL_NOT_IMPLEMENTED
    assert manager.send(control) == 0
    thread.join(60)
    assert codes == [0]
    assert [one.state for one in manager.reports] == [
        scm.SERVICE_START_PENDING,
        scm.SERVICE_RUNNING,
        scm.SERVICE_STOP_PENDING,
        scm.SERVICE_STOPPED,
    ]
    assert manager.reports[-1].exit_code == 0
    assert manager.faults == []


def test_work_that_fails_is_a_failure_that_the_manager_answers(manager: StrictDispatcher) -> None:
    thread, codes = served(ServiceProcess("x", lambda ready: Work(ready, fails=True)))
    thread.join(60)
    assert codes == [1]
    last = manager.reports[-1]
    assert (last.state, last.exit_code, last.own_code) == (
        scm.SERVICE_STOPPED,
        scm.ERROR_SERVICE_SPECIFIC_ERROR,
        1,
    )
    assert manager.faults == []


def test_work_that_does_not_end_does_not_keep_the_computer_up(
    manager: StrictDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_process, "_END_S", 0.05)
    left: list[int] = []
    works: list[Work] = []

    def make(ready: object) -> Work:
        works.append(Work(ready, hangs=True))
        return works[0]

    def leave(code: int) -> None:
        left.append(code)
        works[0].released.set()

    thread, _codes = served(ServiceProcess("x", make, leave=leave))
    manager.wait_for(scm.SERVICE_RUNNING)
    manager.send(scm.SERVICE_CONTROL_STOP)
    manager.wait_for(scm.SERVICE_STOPPED)
    thread.join(60)
    assert left == [0]
    assert manager.faults == []


def test_outside_of_a_service_it_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = StrictDispatcher(is_manager=False)
    monkeypatch.setattr(scm, "service_process_api", lambda: strict)
    monkeypatch.setattr(service_process, "last_error", lambda: strict.error)
    with pytest.raises(PortViewError) as refused:
        ServiceProcess("x", Work).run()
    assert "watch run" in refused.value.hint


def test_the_sid_of_a_service_is_the_one_that_windows_makes() -> None:
    assert service_sid("TrustedInstaller") == (
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    )


def test_the_folder_is_closed_to_users() -> None:
    sddl = folder_sddl("PortView", "S-1-5-21-1-2-3-1001")
    assert is_closed(sddl)
    assert "(A;OICI;0x1200a9;;;S-1-5-21-1-2-3-1001)" in sddl
    assert "WD" not in sddl
    assert "BU" not in sddl


@pytest.mark.parametrize(
    "sddl",
    [
        "O:S-1-5-21-1-2-3-1001D:P(A;OICI;FA;;;SY)",  # somebody's own folder
        "O:BAD:AI(A;OICIID;FA;;;SY)(A;CIID;0x100116;;;BU)",  # as ProgramData makes them
        "O:BA",
        "",
    ],
)
def test_a_folder_that_others_may_have_filled_is_told_apart(sddl: str) -> None:
    assert not is_closed(sddl)
