"""Services of Windows, run by its service control manager and stopped through it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.free_port.plan import PlanAction
from portview.actions.port_usage import FreeRequest
from portview.actions.services.change import (
    read_service,
    restart_service,
    start_service,
    stop_service,
)
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.service import ServiceState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.windows_only("asks the service control manager")

SCRIPT = Path(__file__).parents[2] / "readers" / "windows" / "windows_service.py"


class OwnServices:
    """Services that the test made, each with a port of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.names: list[str] = []

    def create(self, *, needs: str | None = None) -> str:
        name = f"PortViewTest{os.getpid()}x{len(self.names)}"
        command = f'"{sys.executable}" "{SCRIPT}" {name} "{self._port_file(name)}"'
        depend = ("depend=", needs) if needs else ()
        made = sc("create", name, "binPath=", command, "DisplayName=", f"Test {name}", *depend)
        if made.returncode:
            pytest.skip(f"this user may not create services: {made.stdout.strip()}")
        self.names.append(name)
        return name

    def _port_file(self, name: str) -> Path:
        return self._folder / f"{name}.port"

    def port(self, name: str) -> int:
        deadline = time.monotonic() + 30
        while not self._port_file(name).exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return int(self._port_file(name).read_text("utf-8"))

    def forget_port(self, name: str) -> None:
        self._port_file(name).unlink(missing_ok=True)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[OwnServices]:
    """Make services that are stopped and deleted with the test."""
    own = OwnServices(tmp_path)
    yield own
    for name in reversed(own.names):
        sc("stop", name)
        sc("delete", name)


def sc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sc.exe", *arguments],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_port_of_a_service_is_freed_by_stopping_it(services: OwnServices) -> None:
    name = services.create()
    start_service(read_service(name))
    port = services.port(name)
    plan = inspect_port(FreeRequest(port, force=True))
    (step,) = plan.steps
    assert step.kind is PlanAction.STOP_SERVICE
    assert step.service
    assert (step.service.name, step.service.start_type) == (name, "manual")
    report = free_port(plan, watch_s=0.2)
    assert report.outcome is Outcome.DONE, report
    assert report.results == ()
    assert read_service(name).service.state is ServiceState.STOPPED


def test_it_is_started_stopped_and_restarted(services: OwnServices) -> None:
    name = services.create()
    facts = read_service(name)
    assert facts.service.state is ServiceState.STOPPED
    assert facts.service.pid is None
    started = start_service(facts)
    assert started.service.service.state is ServiceState.RUNNING
    first_pid = started.service.service.pid
    assert first_pid
    services.port(name)
    services.forget_port(name)
    restarted = restart_service(read_service(name))
    assert restarted.service.service.pid not in {None, first_pid}
    stopped = stop_service(read_service(name))
    assert stopped.is_stopped
    assert stop_service(read_service(name)).is_stopped


def test_dependents_are_named_and_stopped_first(services: OwnServices) -> None:
    base = services.create()
    above = services.create(needs=base)
    start_service(read_service(base))  # Wine does not start what a service depends on.
    start_service(read_service(above))
    facts = read_service(base)
    assert facts.service.state is ServiceState.RUNNING
    if not facts.dependents:
        pytest.skip("Wine's service control manager tells no dependents")
    assert [dependent.name for dependent in facts.dependents] == [above]
    report = stop_service(facts)
    assert above in report.done
    assert read_service(above).service.state is ServiceState.STOPPED


def test_a_service_that_is_not_there() -> None:
    with pytest.raises(PortViewError) as refused:
        read_service("PortViewHasNoSuchService")
    assert refused.value.code == "no_such_service"


def test_the_command(
    services: OwnServices, portview: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    name = services.create()
    undecided = portview("service", "start", name)
    assert undecided.returncode == Outcome.NOT_DONE
    done = portview("service", "start", name, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["service"]["state"] == "running"
    shown = portview("service", "stop", name, "--dry-run", "--json")
    assert json.loads(shown.stdout)["plan"]["start_type"] == "manual"
    done = portview("service", "stop", name, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["service"]["state"] == "stopped"
