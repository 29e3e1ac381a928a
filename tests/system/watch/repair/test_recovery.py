"""Services that are repaired: a real one under Windows' service manager, and systemd's edge."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.actions.service_control import systemd as systemd_services
from portview.actions.services.change import read_service
from portview.domain.cancellation import CancelToken
from portview.domain.owners.service import ServiceState
from portview.readers import system_tools
from portview.watch.evaluation.evaluator import Evaluator
from portview.watch.evaluation.local_facts import LocalReader
from portview.watch.incidents.machine import Evaluation
from portview.watch.repair.recovery import recovery_words
from portview.watch.repair.repairer import Repairer
from portview.watch.rules.model import Expectation, RepairKind, RepairStep, Watch
from portview.watch.store.incident_store import Incident, IncidentStore

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).resolve().parents[3]
INCIDENT = "0123456789abcdef"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IncidentStore]:
    monkeypatch.setenv("PORTVIEW_CONFIG_DIR", str(tmp_path))
    opened = IncidentStore.open()
    with opened.transaction():
        opened.begin_incident(
            Incident(
                INCIDENT, "shop", "", None, None, 1, None, is_announced=True,
                channels=("desktop",), detail="", program="",
            )
        )  # fmt: skip
    yield opened
    opened.close()


def repair(store: IncidentStore, service: str) -> tuple[Watch, list[tuple[str, str]]]:
    step = RepairStep(RepairKind.RESTART_SERVICE, service=service, settle_s=0)
    watch = Watch("shop", Expectation.SERVICE, service=service, repair=(step,))
    reader, evaluator = LocalReader(), Evaluator()
    repairer = Repairer(reader, evaluator)
    repairer.consider(watch, INCIDENT, "")
    for thread in threading.enumerate():
        if thread.name == "repair shop":
            thread.join()
    repairer.stop()
    evaluator.close()
    reader.close()
    rows = store.connection.execute("SELECT step, result FROM repair_attempts").fetchall()
    return watch, rows


def look(watch: Watch) -> Evaluation:
    evaluator = Evaluator()
    found = evaluator.evaluate(watch, None, CancelToken())
    evaluator.close()
    return found.evaluation


@pytest.mark.windows_only("asks the service control manager")
def test_a_real_service_that_was_stopped_is_started_again(
    store: IncidentStore, tmp_path: Path
) -> None:
    name = f"PortViewRepair{os.getpid()}"
    script = FOLDER / "system" / "readers" / "windows" / "windows_service.py"
    command = f'"{sys.executable}" "{script}" {name} "{tmp_path / "port"}"'
    made = sc("create", name, "binPath=", command)
    if made.returncode:
        pytest.skip(f"this user may not create services: {made.stdout.strip()}")
    try:
        watch = Watch("shop", Expectation.SERVICE, service=name)
        assert look(watch) is Evaluation.BAD
        assert repair(store, name)[1] == [("1 restart_service", "repaired")]
        assert read_service(name).service.state is ServiceState.RUNNING
        assert look(watch) is Evaluation.GOOD
        assert "does not start" in recovery_words(name)
        assert name in recovery_words(name)
    finally:
        sc("stop", name)
        sc("delete", name)


def sc(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sc.exe", *arguments],  # noqa: S607 - the system's own
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in in systemctl's place, with two units that are stopped."""
    folder = tmp_path / "bin"
    folder.mkdir()
    state = tmp_path / "systemd.json"
    unit = {"ActiveState": "inactive", "MainPID": "0", "UnitFileState": "enabled"}
    units = {
        "shop.service": {
            "Id": "shop.service",
            "Restart": "on-failure",
            "RestartUSec": "1min 500ms",
            **unit,
        },
        "root.service": {"Id": "root.service", "Restart": "no", "denied": "yes", **unit},
    }
    state.write_text(json.dumps({"calls": [], "units": units}), "utf-8")
    program = folder / "systemctl"
    stand_in = FOLDER / "fakes" / "systemctl.py"
    run = f'FAKE_SYSTEMD="{state}" exec "{sys.executable}" "{stand_in}" "$@"'
    program.write_text(f"#!/bin/sh\n{run}\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(system_tools, "_folders", (str(folder), *system_tools.TOOL_FOLDERS))
    monkeypatch.setattr(systemd_services, "systemd_runs", lambda: True)
    return state


@pytest.mark.linux_only("systemd")
def test_a_unit_is_started_and_the_watch_sees_it(store: IncidentStore, systemd: Path) -> None:
    watch, rows = repair(store, "shop.service")
    assert rows == [("1 restart_service", "repaired")]
    assert look(watch) is Evaluation.GOOD
    assert "restart after 60.5 s" in recovery_words("shop.service")


@pytest.mark.linux_only("systemd")
def test_where_rights_are_missing_nobody_is_asked_for_them(
    store: IncidentStore, systemd: Path
) -> None:
    _watch, rows = repair(store, "root.service")
    assert rows == [("1 restart_service", "refused_admin")]
    assert "does not start" in recovery_words("root.service")


@pytest.mark.linux_only("systemd")
def test_a_service_that_does_not_exist_is_bad_and_not_unknown(systemd: Path) -> None:
    assert look(Watch("x", Expectation.SERVICE, service="none.service")) is Evaluation.BAD


@pytest.mark.windows_only("asks the service control manager")
def test_the_end_of_a_real_service_is_heard_at_once(tmp_path: Path) -> None:
    import queue  # noqa: PLC0415 - here alone

    from portview.actions.service_control.events import follow_services  # noqa: PLC0415 - likewise

    name = f"PortViewEvents{os.getpid()}"
    script = FOLDER / "system" / "readers" / "windows" / "windows_service.py"
    command = f'"{sys.executable}" "{script}" {name} "{tmp_path / "port"}"'
    made = sc("create", name, "binPath=", command)
    if made.returncode:
        pytest.skip(f"this user may not create services: {made.stdout.strip()}")
    heard: queue.Queue[str] = queue.Queue()
    events = follow_services({name}, heard.put)
    assert events is not None
    try:
        sc("start", name)
        assert heard.get(timeout=60) == name
        sc("stop", name)
        assert heard.get(timeout=60) == name
    finally:
        events.close()
        sc("stop", name)
        sc("delete", name)


@pytest.mark.windows_only("asks the service control manager")
def test_the_failure_actions_of_a_real_service_are_set_and_read_again(tmp_path: Path) -> None:
    from portview.actions.service_control.windows_recovery import (  # noqa: PLC0415 - here alone
        set_failure_actions,
    )

    name = f"PortViewRecovery{os.getpid()}"
    script = FOLDER / "system" / "readers" / "windows" / "windows_service.py"
    made = sc("create", name, "binPath=", f'"{sys.executable}" "{script}" {name} "{tmp_path}"')
    if made.returncode:
        pytest.skip(f"this user may not create services: {made.stdout.strip()}")
    try:
        set_failure_actions(name, 5, 86_400)
        found = read_service(name)
        if not found.recovery:
            pytest.skip("this Windows keeps no failure actions")
        assert [one.delay_s for one in found.recovery] == [5.0] * 3
        assert found.recovery_reset_s == 86_400
    finally:
        sc("delete", name)
