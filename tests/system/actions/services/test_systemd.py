"""Services of systemd: real processes in a real control group, systemctl played by a stand-in.

No systemd runs where these tests usually run, so what is tried is the edge: what PortView asks,
and what it makes of the answers.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.free_port.plan import PlanAction
from portview.actions.json_output.actions import step_object
from portview.actions.port_usage import FreeRequest
from portview.actions.safety.systemd_unit import Unit, is_the_service, unit_of_cgroups
from portview.actions.service_control import systemd as systemd_services
from portview.actions.services.change import read_service, restart_service, stop_service
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import ABSENT, Known, Remedy, Unreadable
from portview.domain.owners.service import ServiceState
from portview.readers import system_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.actions.conftest import Commanded, Server

UNIFIED = [Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
STAND_IN = Path(__file__).resolve().parents[3] / "fakes" / "systemctl.py"

pytestmark = pytest.mark.linux_only("systemd")


class FakeSystemd:
    """The units that the stand-in for systemctl knows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.write({"calls": [], "units": {}})

    def write(self, state: dict[str, Any]) -> None:
        self._path.write_text(json.dumps(state), "utf-8")

    def read(self) -> dict[str, Any]:
        return dict(json.loads(self._path.read_text("utf-8")))

    def add(self, name: str, **properties: str) -> None:
        state = self.read()
        unit = {"Id": name, "Description": f"The {name}", "ActiveState": "active", "MainPID": "0"}
        state["units"][name] = {**unit, "UnitFileState": "enabled", "Restart": "no", **properties}
        self.write(state)

    def orders(self) -> list[tuple[str, str]]:
        calls = [[w for w in call if not w.startswith("--")] for call in self.read()["calls"]]
        return [(call[0], call[-1]) for call in calls if call[0] != "show"]


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemd:
    """Put the stand-in in systemctl's place and let systemd seem to run."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "systemctl"
    state = tmp_path / "systemd.json"
    run = f'FAKE_SYSTEMD="{state}" exec "{sys.executable}" "{STAND_IN}" "$@"'
    program.write_text(f"#!/bin/sh\n{run}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(system_tools, "_folders", (str(folder), *system_tools.TOOL_FOLDERS))
    monkeypatch.setattr(systemd_services, "systemd_runs", lambda: True)
    return FakeSystemd(state)


@pytest.fixture
def control_group() -> Iterator[Callable[[int], str]]:
    """Put processes into a control group that is named like a service of the test's own."""
    root = next((path for path in UNIFIED if (path / "cgroup.procs").exists()), None)
    if root is None:
        pytest.skip("no cgroup2 is mounted here")
    made: list[tuple[Path, int]] = []

    def put(pid: int) -> str:
        group = root / f"portview-test-{os.getpid()}-{len(made)}.service"
        group.mkdir()
        made.append((group, pid))
        (group / "cgroup.procs").write_text(str(pid), "ascii")
        return group.name

    yield put
    for group, _ in made:
        for pid in (group / "cgroup.procs").read_text("ascii").split():
            (root / "cgroup.procs").write_text(pid, "ascii")
        group.rmdir()


@pytest.mark.root_only("makes a control group")
def test_a_port_of_a_service_is_freed_by_stopping_it(
    serve: Callable[..., Server], systemd: FakeSystemd, control_group: Callable[[int], str]
) -> None:
    server = serve("polite")
    unit = control_group(server.pid)
    systemd.add(unit, MainPID=str(server.pid), ConsistsOf="shop.service idle.service")
    systemd.add("shop.service")
    systemd.add("idle.service", ActiveState="inactive")
    plan = inspect_port(FreeRequest(server.port, force=True))
    (step,) = plan.steps
    assert step.kind is PlanAction.STOP_SERVICE
    assert step.service
    assert step.service.start_type == "enabled"
    assert [service.name for service in step.service.dependents] == ["shop.service"]
    report = free_port(plan, watch_s=0)
    assert report.outcome is Outcome.DONE, report
    assert report.results == ()
    assert systemd.orders() == [("stop", "shop.service"), ("stop", unit)]
    assert not server.is_running()


@pytest.mark.root_only("makes a control group")
@pytest.mark.parametrize("change", ["close", "move", "exec"])
def test_a_service_whose_process_changed_is_not_stopped(
    command: Callable[..., Commanded],
    systemd: FakeSystemd,
    control_group: Callable[[int], str],
    change: str,
) -> None:
    server = command("listen")
    unit = control_group(server.pid)
    systemd.add(unit, MainPID=str(server.pid))
    plan = inspect_port(FreeRequest(server.port))
    assert [step.kind for step in plan.steps] == [PlanAction.STOP_SERVICE]
    if change == "exec":
        server.exec("/bin/sleep", "120")
    else:
        server.do(change)
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert systemd.orders() == []
    assert report.done.startswith("Nothing was done.")
    assert [problem.code for problem in report.service_problems] == ["changed"]


@pytest.mark.root_only("makes a control group")
def test_a_process_that_left_its_service_does_not_have_it_stopped(
    command: Callable[..., Commanded], systemd: FakeSystemd, control_group: Callable[[int], str]
) -> None:
    server = command("listen")
    unit = control_group(server.pid)
    systemd.add(unit, MainPID=str(server.pid))
    plan = inspect_port(FreeRequest(server.port))
    systemd.add(control_group(server.pid), MainPID=str(server.pid))
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert systemd.orders() == []
    assert report.outcome is Outcome.NOT_DONE


@pytest.mark.root_only("makes a control group")
def test_a_denied_service_needs_rights_and_nothing_is_killed_instead(
    serve: Callable[..., Server], systemd: FakeSystemd, control_group: Callable[[int], str]
) -> None:
    server = serve("polite")
    systemd.add(control_group(server.pid), MainPID=str(server.pid), denied="yes")
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    assert report.outcome is Outcome.NEEDS_ADMIN
    assert server.is_running()


@pytest.mark.root_only("makes a control group")
def test_without_systemd_a_service_s_name_is_told_but_the_process_is_stopped(
    serve: Callable[..., Server], control_group: Callable[[int], str]
) -> None:
    server = serve("polite")
    unit = control_group(server.pid)
    plan = inspect_port(FreeRequest(server.port))
    (step,) = plan.steps
    assert step.kind is PlanAction.ASK
    assert step.process
    assert step.process.unit == Known(unit)
    assert step.process.services == ABSENT, "nobody here would start it again"


@pytest.mark.root_only("makes a control group")
def test_a_service_that_systemd_does_not_answer_for_is_not_ended_as_a_process(
    serve: Callable[..., Server], systemd: FakeSystemd, control_group: Callable[[int], str]
) -> None:
    server = serve("polite")
    unit = control_group(server.pid)
    systemd.add(unit, MainPID=str(server.pid), unreadable="Failed to connect to bus: Timeout")
    plan = inspect_port(FreeRequest(server.port))
    (step,) = plan.steps
    assert step.refusal
    assert step.refusal.code == "services_unreadable"
    assert unit in step.refusal.reason
    assert step.process
    assert isinstance(step.process.services, Unreadable)
    assert step.process.services.remedy is Remedy.TOOL
    (unreadable,) = step_object(step)["unreadable"]
    assert (unreadable["fact"], unreadable["remedy"]) == ("services", "tool")
    assert free_port(plan, watch_s=0).outcome is Outcome.NOT_DONE
    assert server.is_running()


def test_stop_and_restart_look_again(systemd: FakeSystemd) -> None:
    systemd.add("web.service", RequiredBy="shop.service", TriggeredBy="web.socket")
    systemd.add("shop.service")
    seen = read_service("web.service")
    report = stop_service(seen)
    assert report.service.service.state is ServiceState.STOPPED
    assert "shop.service" in report.done
    assert "web.socket" in report.next_step
    again = restart_service(seen)
    assert again.service.service.state is ServiceState.RUNNING
    assert systemd.orders()[-2:] == [("start", "web.service"), ("start", "shop.service")]


def test_a_dependent_that_came_after_the_plan_stops_everything(systemd: FakeSystemd) -> None:
    systemd.add("web.service")
    seen = read_service("web.service")
    systemd.add("shop.service")
    systemd.add("web.service", BoundBy="shop.service")
    with pytest.raises(PortViewError) as refused:
        stop_service(seen)
    assert refused.value.code == "dependents_changed"
    assert systemd.orders() == []


@pytest.mark.parametrize("name", ["--force", "-H host", "web service", "a;b", "", "nope.service"])
def test_no_name_becomes_an_option_or_a_shell_word(systemd: FakeSystemd, name: str) -> None:
    with pytest.raises(PortViewError) as refused:
        read_service(name)
    assert refused.value.code == "no_such_service"


def test_without_a_manager_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd_services, "systemd_runs", lambda: False)
    with pytest.raises(PortViewError) as refused:
        read_service("web.service")
    assert refused.value.code == "no_service_manager"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("0::/system.slice/nginx.service\n", Unit("nginx.service")),
        ("5:cpu:/\n0::/system.slice/system-x.slice/x@tty1.service", Unit("x@tty1.service")),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/dev.service",
         Unit("dev.service", 1000)),
        ("0::/user.slice/user-1000.slice/session-2.scope", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.kde.kate@1.service",
         None),
        ("0::/system.slice/docker-abc.scope", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/init.scope", None),
        ("0::/system.slice/evil name.service", None),
        ("", None),
        ("rubbish", None),
    ],
)  # fmt: skip
def test_the_unit_of_a_control_group(text: str, unit: Unit | None) -> None:
    assert unit_of_cgroups(text) == unit


def test_a_program_at_a_terminal_inside_a_service_is_not_the_service() -> None:
    assert is_the_service(terminal=0, main_terminal=0)
    assert is_the_service(terminal=0, main_terminal=None)
    assert not is_the_service(terminal=34816, main_terminal=0)
    assert not is_the_service(terminal=34816, main_terminal=None)
