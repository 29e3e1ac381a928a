"""What the service manager does when a service fails is set, read again, and can be undone."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from portview.actions.safety.process_facts import ServiceFacts
from portview.actions.service_control import systemd_recovery, windows_recovery
from portview.actions.service_control import windows_api as scm
from portview.actions.services import change
from portview.actions.services import set_recovery as module
from portview.actions.services.recovery_words import plan_sentences
from portview.actions.services.set_recovery import plan_recovery, set_recovery
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.service import RecoveryAction, RecoveryKind, Service
from portview.readers import system_tools
from tests.fakes.service_control import FakeService, StrictServiceControl

if TYPE_CHECKING:
    from pathlib import Path

SEEN = ServiceFacts(Service("shop.service", "Shop"), "systemd")


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand for systemd: what its drop-in says is what it does, once it was reloaded."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/calls"\n')
    program.chmod(0o755)
    monkeypatch.setattr(system_tools, "_folders", (str(folder),))
    monkeypatch.setattr(systemd_recovery, "_SYSTEM", tmp_path / "etc")

    def read(name: str, *, of_user: bool = False) -> ServiceFacts:
        path = systemd_recovery.drop_in_path(name, of_user=of_user)
        if not path.exists() or not (tmp_path / "calls").exists():
            return SEEN
        values = dict(line.split("=") for line in path.read_text().splitlines() if "=" in line)
        if values["Restart"] == "no":
            return SEEN
        action = RecoveryAction(RecoveryKind.RESTART, float(values["RestartSec"]))
        return replace(SEEN, restarts=True, recovery=(action,))

    monkeypatch.setattr(change, "read_service", read)
    monkeypatch.setattr(module, "is_elevated", lambda: True)
    return tmp_path


@pytest.mark.linux_only(reason="systemd")
def test_a_unit_gets_a_file_of_its_own_that_is_reloaded_and_read_again(systemd: Path) -> None:
    plan = plan_recovery(SEEN, 7.5)
    sentences = " ".join(plan_sentences(plan))
    assert "7.5 s after each failure" in sentences
    assert "50-portview-restart.conf" in sentences
    after = set_recovery(plan)
    assert after.recovery == (RecoveryAction(RecoveryKind.RESTART, 7.5),)
    path = systemd / "etc" / "shop.service.d" / "50-portview-restart.conf"
    assert path.read_text().splitlines()[1:] == [
        "[Service]",
        "Restart=on-failure",
        "RestartSec=7.5",
    ]
    assert path.stat().st_mode & 0o777 == 0o644
    assert "daemon-reload" in (systemd / "calls").read_text()
    # What changed meanwhile is not overwritten.
    with pytest.raises(PortViewError, match="meanwhile"):
        set_recovery(plan)
    assert not set_recovery(plan_recovery(after, None)).restarts


@pytest.mark.linux_only(reason="systemd")
def test_what_overrides_it_is_said_and_no_name_leads_elsewhere(
    systemd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change, "read_service", lambda name, of_user=False: SEEN)
    with pytest.raises(PortViewError, match="overrides"):
        set_recovery(plan_recovery(SEEN, 5))
    with pytest.raises(PortViewError, match="no service named"):
        systemd_recovery.write_drop_in("../x.service", 5, of_user=False)
    assert not (systemd / "x.service.d").exists()


def test_without_rights_nothing_is_written_and_bounds_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "is_elevated", lambda: False)
    with pytest.raises(PortViewError) as caught:
        set_recovery(plan_recovery(SEEN, 5))
    assert caught.value.outcome is Outcome.NEEDS_ADMIN
    for wrong in (0.5, 100_000.0):
        with pytest.raises(PortViewError, match="pause"):
            plan_recovery(SEEN, wrong)


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[tuple[int, int]]]]:
    """Stand for ChangeServiceConfig2W, which wants the right to start for a restart."""
    windows = StrictServiceControl(FakeService("shop"), FakeService("locked", denied=0x12))
    windows.install(monkeypatch)
    found: list[tuple[int, list[tuple[int, int]]]] = []

    def call(handle: int, level: int, reference: Any) -> int:
        actions = reference._obj
        wanted = [actions.actions[number] for number in range(actions.count)]
        access = windows_recovery.SERVICE_CHANGE_CONFIG
        if any(one.kind == scm.SC_ACTION_RESTART for one in wanted):
            access |= scm.SERVICE_START
        if windows._service(handle, access) is None:
            return 0
        assert level == scm.SERVICE_CONFIG_FAILURE_ACTIONS
        assert ctypes.sizeof(actions) == (40 if ctypes.sizeof(ctypes.c_void_p) == 8 else 20)
        found.append((actions.reset_period, [(one.kind, one.delay_ms) for one in wanted]))
        return 1

    monkeypatch.setattr(windows_recovery, "change_config2", lambda: call)
    yield found
    windows.remove()
    windows.assert_closed()


def test_a_service_of_windows_gets_three_actions(
    changed: list[tuple[int, list[tuple[int, int]]]],
) -> None:
    windows_recovery.set_failure_actions("shop", 5, 86_400)
    windows_recovery.set_failure_actions("shop", None, 86_400)
    assert changed == [(86_400, [(1, 5000)] * 3), (86_400, [(0, 0)] * 3)]
    with pytest.raises(PortViewError) as caught:
        windows_recovery.set_failure_actions("locked", 5, 86_400)
    assert caught.value.outcome is Outcome.NEEDS_ADMIN
    with pytest.raises(PortViewError, match="no service named"):
        windows_recovery.set_failure_actions("none", 5, 86_400)


def test_what_undoes_it_on_windows_names_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    seen = replace(
        SEEN,
        service=Service("shop", "Shop"),
        recovery=(RecoveryAction(RecoveryKind.RESTART, 2), RecoveryAction(RecoveryKind.REBOOT, 60)),
        recovery_reset_s=3600,
    )
    sentences = plan_sentences(plan_recovery(seen, None))
    assert sentences[-1].endswith(
        'sc.exe failure "shop" reset= 3600 actions= "restart/2000/reboot/60000"'
    )
    assert any("replaces another action" in sentence for sentence in sentences)
