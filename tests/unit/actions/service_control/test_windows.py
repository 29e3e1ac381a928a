"""Services of Windows against the bounds that Microsoft documents, and what can't be queried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port.plan import PlanAction, plan_end, plan_free
from portview.actions.port_usage import FreeRequest, PortUse
from portview.actions.safety.process_facts import ProcessFacts, SelfContext
from portview.actions.service_control import windows_api as scm
from portview.actions.service_control.windows import WindowsServiceControl, services_in
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import ABSENT, Known, Remedy, Unreadable
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.service import ServiceState
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.readers.windows.advapi32 import ServiceManager
from tests.fakes.process_facts import PROGRAM
from tests.fakes.service_control import FakeService, StrictServiceControl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POSTGRES = ProcessKey(700, 7_000)
HERE = SelfContext(ProcessKey(500, 5_000), platform="win32", windows_folder=r"C:\Windows")


@pytest.fixture
def windows(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., StrictServiceControl]]:
    """Let PortView meet a strict service control manager, and see that it closes every handle."""
    made: list[StrictServiceControl] = []

    def install(*services: FakeService) -> StrictServiceControl:
        control = StrictServiceControl(*services)
        control.install(monkeypatch)
        made.append(control)
        return control

    yield install
    for control in made:
        control.assert_closed()
        control.remove()


def test_a_service_is_described_within_the_documented_bounds(
    windows: Callable[..., StrictServiceControl],
) -> None:
    largest = FakeService(
        "postgres", 700, display_name="PostgreSQL", dependents=("shop", "web"), config_bytes=8192
    )
    windows(largest)
    (facts,) = services_of(700)
    assert facts.service.display_name == "PostgreSQL"
    assert facts.service.pid == 700
    assert facts.start_type == "auto"
    assert [service.name for service in facts.dependents] == ["shop", "web"]
    assert facts.can_be_stopped


@pytest.mark.parametrize(
    ("actions", "expected"), [((), False), ((0, 0), False), ((0, 1), True), ((2, 3), False)]
)
def test_a_service_that_the_manager_starts_again_is_known(
    windows: Callable[..., StrictServiceControl], actions: tuple[int, ...], expected: bool
) -> None:
    windows(FakeService("postgres", 700, failure_actions=actions))
    (facts,) = services_of(700)
    assert facts.restarts is expected


@pytest.mark.parametrize(
    ("bound", "larger"), [("LARGEST_CONFIG", 8193), ("LARGEST_DEPENDENTS", 65537)]
)
def test_a_larger_buffer_fails_as_it_does_on_windows(
    windows: Callable[..., StrictServiceControl],
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    larger: int,
) -> None:
    windows(FakeService("postgres", 700))
    monkeypatch.setattr(scm, bound, larger)
    with pytest.raises(PortViewError):
        WindowsServiceControl().describe("postgres")


def test_the_list_of_services_is_read_within_its_bound(
    windows: Callable[..., StrictServiceControl],
) -> None:
    windows(FakeService("postgres", 700), FakeService("spooler", state=1))
    listed = {service.name: service for service in ServiceManager().services()}
    assert listed["postgres"].pid == 700
    assert listed["spooler"].state is ServiceState.STOPPED


@pytest.mark.parametrize("name", ["", "x" * 257])
def test_a_name_that_windows_does_not_take_is_never_given_to_it(
    windows: Callable[..., StrictServiceControl], name: str
) -> None:
    windows(FakeService(name))
    with pytest.raises(PortViewError) as refused:
        WindowsServiceControl().describe(name)
    assert refused.value.code == "no_such_service"


def test_stopping_and_starting_pass_over_what_is_so_already(
    windows: Callable[..., StrictServiceControl],
) -> None:
    control = windows(FakeService("postgres", 700))
    for _ in range(2):
        WindowsServiceControl().stop("postgres", 1)
        assert control.services["postgres"].state == 1
    for _ in range(2):
        WindowsServiceControl().start("postgres", 1)
        assert control.services["postgres"].state == 4


@pytest.mark.parametrize(
    "right",
    [scm.SERVICE_QUERY_CONFIG, scm.SERVICE_QUERY_STATUS, scm.SERVICE_ENUMERATE_DEPENDENTS],
)
def test_a_service_that_can_not_be_queried_is_not_ended_as_a_process(
    windows: Callable[..., StrictServiceControl], right: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portview.actions.service_control.windows.is_elevated", lambda: False)
    windows(FakeService("postgres", 700, denied=right), FakeService("web", 701))
    services = services_in(700)
    assert isinstance(services, Unreadable)
    assert services.remedy is Remedy.ADMINISTRATOR
    assert "postgres" in services.reason
    assert services_in(702) == ABSENT
    facts = ProcessFacts(
        ProcessInfo(POSTGRES, "postgres.exe"),
        services=services,
        session_tie=ABSENT,
        program=PROGRAM,
    )
    step = plan_end(facts, HERE)
    assert step.kind is PlanAction.REFUSE
    plan = plan_free(FreeRequest(5432), PortUse((row(),)), {POSTGRES: facts}, HERE)
    assert not plan.is_possible
    assert plan.is_hidden, "an administrator could read it"
    for refusal in (step.refusal, plan.steps[0].refusal):
        assert refusal
        assert (refusal.code, refusal.needs_admin) == ("services_unreadable", True)


def test_services_that_can_not_be_listed_are_not_taken_for_none(
    windows: Callable[..., StrictServiceControl],
) -> None:
    windows(FakeService("postgres", 700)).may_enumerate = False
    assert isinstance(services_in(700), Unreadable)


def test_a_refusal_to_query_says_so(windows: Callable[..., StrictServiceControl]) -> None:
    windows(FakeService("postgres", 700, denied=scm.SERVICE_QUERY_CONFIG))
    with pytest.raises(PortViewError) as refused:
        WindowsServiceControl().describe("postgres")
    assert refused.value.outcome is Outcome.NEEDS_ADMIN


def test_facts_that_nobody_read_refuse() -> None:
    assert plan_end(ProcessFacts(ProcessInfo(POSTGRES, "x")), HERE).kind is PlanAction.REFUSE


def services_of(pid: int):  # noqa: ANN201
    services = services_in(pid)
    assert isinstance(services, Known)
    return services.value


def row() -> SocketRow:
    local = Endpoint("127.0.0.1", 5432)
    return SocketRow(SocketKey(Protocol.TCP, Family.IPV4, local, None, POSTGRES), State.LISTEN, 700)
