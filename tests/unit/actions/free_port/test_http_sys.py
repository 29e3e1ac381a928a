"""A port of the Windows kernel is explained by who registered it, and never by a guess."""

from __future__ import annotations

import sys

import pytest

from portview.actions.free_port.http_sys import explain_http_sys, http_sys_refusal
from portview.actions.free_port.plan import FreePlan, plan_free
from portview.actions.port_usage import FreeRequest, port_use
from portview.actions.safety.process_facts import SelfContext
from portview.domain.facts import ABSENT, Known
from portview.domain.owners.http_sys import (
    HttpPortUse,
    HttpRegistration,
    HttpReservation,
    HttpState,
    Registrant,
    describe_registrations,
)
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.process_details import NamedService
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.readers.windows.http_sys import http_port_use, read_http_state
from portview.readers.windows.netsh import NetshAnswer, ask_netsh
from tests.fakes.process_facts import read_facts

SYSTEM = ProcessKey(4, 0)
HERE = SelfContext(ProcessKey(500, 5), platform="win32", windows_folder=r"C:\Windows")
WINRM = Registrant(
    944,
    ProcessInfo(ProcessKey(944, 1_000), "svchost.exe"),
    Known((NamedService("WinRM", "Remote"),)),
)
SHOP = Registrant(1552, ProcessInfo(ProcessKey(1552, 1_000), "Shop.exe"), ABSENT)
URL = HttpRegistration("HTTP://+:80/", 80, (1552,))


def kernel_plan(port: int, *, is_known: bool = True) -> FreePlan:
    owner = SYSTEM if is_known else None
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint("0.0.0.0", port), None, owner)  # noqa: S104
    request = FreeRequest(port)
    facts = {SYSTEM: read_facts(ProcessInfo(SYSTEM, "System"))}
    return plan_free(request, port_use([SocketRow(key, State.LISTEN, 4)], request), facts, HERE)


@pytest.mark.parametrize("is_known", [True, False])
def test_who_registered_it_is_named_in_the_refusal(is_known: bool) -> None:
    asked: list[int] = []

    def read(port: int) -> HttpPortUse:
        asked.append(port)
        return HttpPortUse(port, (URL,), (SHOP,))

    plan = explain_http_sys(kernel_plan(80, is_known=is_known), read, "win32")
    (step,) = plan.steps
    assert step.refusal
    assert step.refusal.code == "http_sys"
    assert "HTTP://+:80/ for Shop.exe (PID 1552)" in step.refusal.reason
    assert "portview end 1552 --started 1970-01-01T00:00:01.000Z" in step.refusal.advice
    assert not plan.is_possible
    assert asked == [80]


def test_a_service_is_to_be_stopped_as_such() -> None:
    reason = http_sys_refusal(HttpPortUse(5985, (URL,), (WINRM,)))
    assert "service WinRM" in reason.reason
    assert reason.advice.endswith("portview service stop WinRM")


def test_what_could_not_be_read_is_never_told_as_nobody() -> None:
    reason = http_sys_refusal(HttpPortUse(80, problem="netsh printed nothing."))
    assert "could not be read: netsh printed nothing." in reason.reason
    assert "no address registered" not in reason.reason
    assert "netsh http show servicestate" in reason.advice


def test_an_address_without_a_process_is_told_as_such() -> None:
    words = describe_registrations(HttpPortUse(80, (HttpRegistration("HTTP://+:80/", 80),)))
    assert "does not say" in words


def test_a_reservation_keeps_no_port() -> None:
    reserved = HttpReservation("http://+:8080/", 8080, ("Everyone",))
    words = describe_registrations(HttpPortUse(8080, reservations=(reserved,)))
    assert "no address registered at port 8080" in words
    assert "which does not keep the port" in words


def test_file_sharing_and_other_systems_are_not_asked_about() -> None:
    def read(port: int) -> HttpPortUse:
        raise AssertionError(port)

    for port, platform in ((445, "win32"), (80, "linux")):
        plan = kernel_plan(port)
        assert explain_http_sys(plan, read, platform) is plan


def test_text_of_the_machine_stays_inert() -> None:
    evil = Registrant(8, ProcessInfo(ProcessKey(8, 1), "a\u202eexe\n"))
    words = describe_registrations(
        HttpPortUse(80, (HttpRegistration("HTTP://+:80/\x1b[2J", 80),), (evil,))
    )
    assert words.isprintable()


TITLE = b"Snapshot:\r\n-----------\r\n"
QUEUE = (
    b"Queue: Shop\r\n    Version: 2.0\r\n    Count: 1\r\n    Processes:\r\n        8\r\n"
    b"    URLs:\r\n        HTTP://+:80/\r\n        HTTP://+:81/\r\n"
)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (NetshAnswer(problem="netsh printed nothing."), "netsh printed nothing."),
        (NetshAnswer(b"Not for you.\r\n", "netsh refused (exit code 1)."), "Not for you."),
        (NetshAnswer(b"The service is not started.\r\n"), "can't be understood"),
        (NetshAnswer(TITLE), ""),
        (NetshAnswer(TITLE + QUEUE), ""),
    ],
)
def test_every_answer_of_netsh_is_taken_for_what_it_is(answer: NetshAnswer, problem: str) -> None:
    state = read_http_state(lambda *words: answer if "servicestate" in words else NetshAnswer())
    assert problem in state.problem
    assert bool(state.problem) is bool(problem)
    assert bool(state.registrations) is (QUEUE in answer.output)


def test_only_the_processes_of_the_port_are_described() -> None:
    other = HttpRegistration("HTTP://+:81/", 81, (12,))
    pool = HttpRegistration("HTTP://*:80/", 80, (16,), "Pool", 20)
    described: list[int] = []

    def describe(pids: object) -> tuple[Registrant, ...]:
        described.extend(pids)  # type: ignore[call-overload]
        return ()

    use = http_port_use(80, HttpState((URL, other, pool)), describe)
    assert described == [1552, 16, 20]
    assert use.registrations == (URL, pool)


@pytest.mark.windows_only("netsh.exe")
def test_netsh_of_this_machine_is_asked_and_its_silence_told() -> None:
    answer = ask_netsh("http", "show", "servicestate", "view=requestq")
    state = read_http_state()
    assert bool(state.problem) is bool(answer.problem)
    if not answer.output:  # Wine's netsh knows nothing of http.sys and ends well.
        assert state.problem == "netsh printed nothing."


@pytest.mark.skipif(sys.platform == "win32", reason="there netsh exists")
def test_a_system_without_netsh_says_so() -> None:
    assert read_http_state().problem == "this system has no netsh."
