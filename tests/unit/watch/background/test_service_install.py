"""What is installed as a Windows service, against a manager that keeps to Microsoft's rules."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.domain.errors import Outcome, PortViewError
from portview.watch.background import event_log, service_api, windows_service
from portview.watch.background.windows_service import SERVICE_NAME, WindowsService, account_name
from tests.fakes.service_control import SERVICE_RUNNING
from tests.fakes.service_installer import StrictServiceInstaller

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictServiceInstaller]:
    strict = StrictServiceInstaller()
    strict.install(monkeypatch)
    folder = Path("/ProgramData/PortView")
    monkeypatch.setattr(windows_service, "service_folder", lambda: folder)
    monkeypatch.setattr(windows_service, "prepare_folder", lambda *_names, **_more: None)
    monkeypatch.setattr(windows_service, "register_source", lambda: None)
    monkeypatch.setattr(windows_service, "unregister_source", lambda: None)
    monkeypatch.setattr(windows_service, "_own_sid", lambda: "S-1-5-21-1-2-3-1001")
    yield strict
    strict.assert_closed()
    strict.remove()


def test_it_has_the_least_rights_and_comes_back_by_itself(manager: StrictServiceInstaller) -> None:
    service = WindowsService()
    assert not service.is_installed()
    service.install()
    [made] = manager.installed
    assert made.name == SERVICE_NAME
    assert made.state == SERVICE_RUNNING
    assert made.account == r"NT AUTHORITY\LocalService"
    assert "run-service" in made.line
    assert made.restarts_ms == (2_000, 5_000, 30_000)
    settings = made.settings
    assert settings[service_api.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO] == [
        "SeChangeNotifyPrivilege"
    ]
    assert settings[service_api.SERVICE_CONFIG_SERVICE_SID_INFO] == 1
    assert settings[service_api.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG] == 1
    assert settings[3] == 1  # delayed automatic start
    assert service.is_own()
    assert service.state() == "running"
    service.remove()
    assert not service.is_installed()


def test_installed_again_it_is_changed_and_not_made_twice(manager: StrictServiceInstaller) -> None:
    WindowsService().install()
    WindowsService("LocalSystem").install()
    [made] = manager.installed
    assert made.account == "LocalSystem"


def test_an_administrator_is_needed(manager: StrictServiceInstaller) -> None:
    manager.may_create = False
    with pytest.raises(PortViewError) as refused:
        WindowsService().install()
    assert refused.value.outcome is Outcome.NEEDS_ADMIN


def test_a_service_of_another_portview_is_not_its_own(manager: StrictServiceInstaller) -> None:
    WindowsService().install()
    manager.installed[0].line = '"C:\\other\\portviewc.exe" run-service x'
    assert not WindowsService().is_own()


@pytest.mark.parametrize("user", ["dev", "DOMAIN\\dev", "Administrator"])
def test_no_password_is_ever_asked_for(user: str) -> None:
    with pytest.raises(PortViewError) as refused:
        account_name(user)
    assert refused.value.outcome is Outcome.BAD_INPUT
    assert account_name("DOMAIN\\watcher$") == "DOMAIN\\watcher$"


def record(level: int, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("portview.x", level, "f", 1, "text", (), None)
    made.__dict__.update(more)
    return made


@pytest.mark.parametrize(
    ("made", "number", "kind"),
    [
        (record(logging.INFO), event_log.NOTE, 4),
        (record(logging.WARNING), event_log.PROBLEM, 2),
        (record(logging.ERROR), event_log.PROBLEM, 1),
        (record(logging.INFO, ecs={"event.action": "firing"}), 10, 1),
        (record(logging.INFO, ecs={"event.action": "resolved"}), 11, 4),
        (record(logging.INFO, ecs={"event.action": "cannot_tell"}), 13, 2),
        (record(logging.INFO, event_number=event_log.STARTED), 1, 4),
    ],
)
def test_events_have_documented_numbers(made: logging.LogRecord, number: int, kind: int) -> None:
    assert (event_log.number_of(made), event_log.type_of(made)) == (number, kind)


def test_every_number_is_one_of_the_message_file_and_in_the_guide() -> None:
    from portview.resources import help_topics  # noqa: PLC0415 - one test

    text = help_topics()["background"].read_text(encoding="utf-8")
    numbers = {*event_log.EVENT_NUMBERS.values(), event_log.STARTED, event_log.STOPPED,
               event_log.PROBLEM, event_log.NOTE}  # fmt: skip
    documented = {int(one) for row in text.splitlines() if row.startswith("| ") and row[2].isdigit()
                  for one in row.split("|")[1].split(",")}  # fmt: skip
    assert numbers == documented
    assert all(1 <= number <= 1000 for number in numbers)
