"""A service, and what may be one, is not ended by itself; nor is what nothing is known of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portview.actions.safety.process_facts import ProcessFacts, SelfContext, ServiceFacts
from portview.actions.safety.stop_refusal import program_reason, service_reason, stop_refusal
from portview.domain.facts import ABSENT, Fact, Known, Remedy, Unreadable
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.program import RunningProgram
from portview.domain.owners.service import Service, ServiceState
from tests.fakes.process_facts import PROGRAM, read_facts

LINUX = SelfContext(ProcessKey(500, 5_000), frozenset(), "linux")
HIDDEN: Fact[str] = Unreadable("access denied", Remedy.ADMINISTRATOR)
INFO = ProcessInfo(ProcessKey(1234, 9_000), "node")


def service(name: str) -> ServiceFacts:
    return ServiceFacts(Service(name, name, ServiceState.RUNNING), "systemd")


def facts(**more: object) -> ProcessFacts:
    return replace(read_facts(INFO), **more)  # type: ignore[arg-type]


def test_services_of_a_process_are_all_named_and_the_first_one_is_to_be_stopped() -> None:
    reason = service_reason(facts(services=Known((service("nginx"), service("web")))))
    assert reason
    assert reason.code == "is_service"
    assert "nginx, web" in reason.reason
    assert reason.advice.endswith("service stop nginx")


def test_a_process_whose_services_can_not_be_read_may_be_one() -> None:
    unreadable = facts(services=Unreadable("the manager refuses", Remedy.ADMINISTRATOR))
    reason = stop_refusal(unreadable, LINUX)
    assert reason
    assert "the manager refuses" in reason.reason
    assert reason.needs_admin


@pytest.mark.parametrize("services", [ABSENT, Known(())])
def test_a_process_without_services_may_be_stopped(
    services: Fact[tuple[ServiceFacts, ...]],
) -> None:
    assert service_reason(facts(services=services)) is None
    assert stop_refusal(facts(services=services), LINUX) is None


def test_what_a_port_alone_makes_dangerous_is_refused_for_that_port() -> None:
    resolver = read_facts(replace(INFO, name="systemd-resolved"))
    assert stop_refusal(resolver, LINUX, 53)
    assert stop_refusal(resolver, LINUX, 5353) is None


@pytest.mark.parametrize(
    ("file", "command", "is_refused"),
    [
        (HIDDEN, HIDDEN, True),
        (HIDDEN, Known("c"), False),
        (Known("f"), HIDDEN, False),
        (Known("f"), Known("c"), False),
    ],
)
def test_a_program_of_which_nothing_could_be_read_is_left_alone(
    file: Fact[str], command: Fact[str], is_refused: bool
) -> None:
    process = facts(program=RunningProgram(file, PROGRAM.load, command))
    reason = program_reason(process)
    assert (reason is not None) is is_refused
    assert (stop_refusal(process, LINUX) is not None) is is_refused
    if reason:
        assert reason.code == "program_unreadable"
        assert "access denied" in reason.reason
        assert reason.needs_admin
