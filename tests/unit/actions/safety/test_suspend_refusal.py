"""What is not suspended, and the paths by which a part of Windows is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts
from portview.actions.safety.refusals import refusal, suspend_refusal
from portview.domain.facts import ABSENT, Known, Remedy, Unreadable
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.service import Service, ServiceState
from tests.fakes.process_facts import read_facts

OWN, SHELL = ProcessKey(500, 5_000), ProcessKey(400, 4_000)
LINUX = SelfContext(OWN, frozenset({SHELL}), "linux")
WINDOWS = SelfContext(OWN, frozenset({SHELL}), "win32", "C:\\Windows\\")


def hosting(name: str) -> ProcessFacts:
    service = ServiceFacts(Service(name, name, ServiceState.RUNNING), "scm")
    return read_facts(ProcessInfo(ProcessKey(1234, 9_000), "host.exe"), services=(service,))


def test_what_portview_runs_under_is_not_suspended_and_the_reason_is_of_suspending() -> None:
    shell = read_facts(ProcessInfo(SHELL, "bash"))
    stopped, suspended = refusal(shell, LINUX), suspend_refusal(shell, LINUX)
    assert stopped
    assert suspended
    assert suspended.code == stopped.code == "runs_portview"
    assert suspended.reason != stopped.reason
    assert suspended.advice == stopped.advice


def test_only_what_the_system_needs_keeps_its_process_from_being_suspended() -> None:
    refused = suspend_refusal(hosting("RpcSs"), WINDOWS)
    assert refused
    assert refused.code == "system_service"
    assert suspend_refusal(hosting("nginx"), WINDOWS) is None


def test_a_service_that_carries_the_own_session_is_not_suspended() -> None:
    remote = replace(WINDOWS, is_remote=Known(value=True))
    refused = suspend_refusal(hosting("TermService"), remote)
    assert refused
    assert refused.code == "session_service"
    assert suspend_refusal(hosting("TermService"), replace(WINDOWS, is_remote=ABSENT)) is None


def test_services_that_can_not_be_read_may_be_the_systems() -> None:
    hidden = Unreadable("the manager refuses", Remedy.ADMINISTRATOR)
    process = replace(read_facts(ProcessInfo(ProcessKey(1234, 9), "a.exe")), services=hidden)
    refused = suspend_refusal(process, WINDOWS)
    assert refused
    assert "the manager refuses" in refused.reason
    assert refused.needs_admin


def test_the_own_number_is_enough_whatever_the_start_time() -> None:
    again = read_facts(ProcessInfo(ProcessKey(OWN.pid, OWN.started_ms + 1), "portview"))
    refused = refusal(again, LINUX)
    assert refused
    assert refused.code == "is_portview"


@pytest.mark.parametrize(
    "executable",
    [r"C:\Windows\System32\lsass.exe", r"\\?\C:\Windows\System32\lsass.exe"],
)
def test_a_part_of_windows_is_known_by_any_form_of_its_path(executable: str) -> None:
    process = read_facts(ProcessInfo(ProcessKey(1234, 9), "lsass.exe", executable))
    for folder in ("C:\\Windows\\", "C:\\Windows"):
        refused = refusal(process, replace(WINDOWS, windows_folder=folder))
        assert refused
        assert refused.code == "system_process"
    elsewhere = read_facts(ProcessInfo(ProcessKey(1234, 9), "lsass.exe", r"C:\WindowsX\lsass.exe"))
    assert refusal(elsewhere, WINDOWS) is None
