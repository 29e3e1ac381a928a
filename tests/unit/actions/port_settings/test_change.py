"""Changes of settings about ports: how they are written, planned, made, verified and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.confirmation.setting_action import confirm_setting
from portview.actions.elevation.request import (
    ElevatedOperation,
    ElevatedRequest,
    parse_elevated_request,
)
from portview.actions.port_settings.change import apply_setting, plan_setting
from portview.actions.port_settings.linux import LinuxPortSettings
from portview.actions.port_settings.windows import WindowsPortSettings, netsh_commands
from portview.actions.specs.setting import (
    SettingChange,
    SettingKind,
    checked_change,
    parse_change,
    reserve,
)
from portview.actions.specs.setting_command import command_of
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Known
from portview.domain.sockets.socket_row import Protocol

if TYPE_CHECKING:
    from pathlib import Path

FORWARD = "v4tov4 */8080 172.28.1.2/80"

CHANGES = [
    reserve(8080),
    reserve(8000, 8010, Protocol.UDP),
    SettingChange(SettingKind.RESERVE, "8080-8080", is_around_winnat=True),
    SettingChange(SettingKind.RELEASE, "8080-8080"),
    SettingChange(SettingKind.DYNAMIC_RANGE, "49152-65535"),
    SettingChange(SettingKind.ALLOW_FROM, "80"),
    SettingChange(SettingKind.ALLOW_FROM, "0"),
    SettingChange(SettingKind.REMOVE_FORWARD, FORWARD),
    SettingChange(SettingKind.RESTORE_FORWARD, FORWARD),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_survives_the_way_to_the_elevated_side(change: SettingChange) -> None:
    assert parse_change(change.words()) == change
    request = ElevatedRequest(ElevatedOperation.CHANGE_SETTING, setting=change)
    assert parse_elevated_request(request.arguments()) == request


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("reserve", "tcp", "plain"),
        ("reserve", "tcp", "plain", "8080"),
        ("reserve", "tcp", "plain", "0-80"),
        ("reserve", "tcp", "plain", "9-8"),
        ("reserve", "tcp", "plain", "1-65536"),
        ("reserve", "tcp", "plain", "80-81 & calc"),
        ("reserve", "sctp", "plain", "80-81"),
        ("reserve", "tcp", "sideways", "80-81"),
        ("format", "tcp", "plain", "80-81"),
        ("allow-from", "tcp", "plain", "-1"),
        ("allow-from", "tcp", "plain", "80\n"),
        ("remove-forward", "tcp", "plain", "v4tov4 */8080"),
        ("remove-forward", "tcp", "plain", "v9tov4 */8080 a/80"),
        ("remove-forward", "tcp", "plain", "v4tov4 1.2.3/8080 a/80"),
        ("remove-forward", "tcp", "plain", "v4tov4 */8080 -x/80"),
        ("remove-forward", "tcp", "plain", "v4tov4 */8080 a b/80"),
    ],
)
def test_anything_else_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(PortViewError) as caught:
        parse_change(words)
    assert caught.value.outcome is Outcome.BAD_INPUT


@given(st.lists(st.text(max_size=30), max_size=5))
def test_no_words_do_harm(words: list[str]) -> None:
    try:
        change = parse_change(tuple(words))
    except PortViewError:
        return
    assert checked_change(change) == change


def folder_with(tmp_path: Path, **files: str) -> LinuxPortSettings:
    for name, text in {
        "ip_local_reserved_ports": "",
        "ip_local_port_range": "32768\t60999",
        "ip_unprivileged_port_start": "1024",
        **files,
    }.items():
        (tmp_path / name).write_text(f"{text}\n", "ascii")
    return LinuxPortSettings(tmp_path)


@pytest.mark.linux_only(reason="the settings are those of the Linux kernel")
@pytest.mark.parametrize(
    ("change", "file", "text"),
    [
        (reserve(8080), "ip_local_reserved_ports", "7,8080,9000-9010"),
        (
            SettingChange(SettingKind.RELEASE, "9000-9004"),
            *("ip_local_reserved_ports", "7,9005-9010"),
        ),
        (
            SettingChange(SettingKind.DYNAMIC_RANGE, "20000-30000"),
            "ip_local_port_range",
            "20000 30000",
        ),
        (SettingChange(SettingKind.ALLOW_FROM, "80"), "ip_unprivileged_port_start", "80"),
    ],
)
def test_a_setting_of_linux_is_changed_verified_and_undone(
    tmp_path: Path, change: SettingChange, file: str, text: str
) -> None:
    settings = folder_with(tmp_path, ip_local_reserved_ports="7,9000-9010")
    before = (tmp_path / file).read_text("ascii").split()
    plan = plan_setting(change, settings)
    assert text in " ".join(plan.commands[0])
    report = apply_setting(plan, settings=settings)
    assert report.outcome is Outcome.DONE
    assert (tmp_path / file).read_text("ascii").strip() == text
    assert plan.undo is not None
    assert " ".join(command_of(plan.undo)[1:]) in report.next_step
    undone = apply_setting(plan_setting(plan.undo, settings), settings=settings)
    assert undone.outcome is Outcome.DONE
    assert (tmp_path / file).read_text("ascii").split() == before


@pytest.mark.linux_only(reason="the settings are those of the Linux kernel")
def test_what_is_so_already_is_left_alone(tmp_path: Path) -> None:
    settings = folder_with(tmp_path, ip_local_reserved_ports="8000-9000")
    plan = plan_setting(reserve(8080), settings)
    assert plan.is_so_already
    assert plan.undo is None
    assert not confirm_setting(plan).verb
    report = apply_setting(plan, settings=settings)
    assert report.outcome is Outcome.DONE
    assert report.next_step == ""


@pytest.mark.linux_only(reason="the settings are those of the Linux kernel")
def test_a_setting_that_cannot_be_read_is_not_changed(tmp_path: Path) -> None:
    with pytest.raises(PortViewError) as caught:
        plan_setting(reserve(8080), LinuxPortSettings(tmp_path / "nothing"))
    assert caught.value.code == "setting_unreadable"


@pytest.mark.linux_only(reason="the settings are those of the Linux kernel")
def test_a_person_is_shown_command_harm_and_undo(tmp_path: Path) -> None:
    confirmation = confirm_setting(plan_setting(reserve(8080), folder_with(tmp_path)))
    (card,) = confirmation.cards
    assert "sysctl -w net.ipv4.ip_local_reserved_ports=8080" in card.details
    assert card.consequence
    assert "ports release 8080-8080" in confirmation.notes[0]
    assert confirmation.verb


class Console:
    """A stand-in for Windows' programs that takes nothing but documented forms."""

    FORMS = (
        ("netsh", "int", "ipv4", "add", "excludedportrange"),
        ("netsh", "int", "ipv4", "delete", "excludedportrange"),
        ("netsh", "int", "ipv4", "set", "dynamicport"),
        ("netsh", "int", "ipv6", "set", "dynamicport"),
        ("netsh", "interface", "portproxy", "add"),
        ("netsh", "interface", "portproxy", "delete"),
        ("net", "stop", "winnat"),
        ("net", "start", "winnat"),
    )

    def __init__(self, codes: dict[tuple[str, ...], int] | None = None) -> None:
        self.codes = codes or {}
        self.lines: list[str] = []

    def __call__(self, command: tuple[str, ...]) -> int:
        assert any(command[: len(form)] == form for form in self.FORMS), command
        self.lines.append(" ".join(command))
        return next((code for form, code in self.codes.items() if command[: len(form)] == form), 0)


def test_commands_of_windows_are_those_of_its_documentation() -> None:
    assert netsh_commands(reserve(50000, 50059)) == (
        (
            *("netsh", "int", "ipv4", "add", "excludedportrange", "protocol=tcp"),
            *("startport=50000", "numberofports=60", "store=persistent"),
        ),
    )
    dynamic = netsh_commands(SettingChange(SettingKind.DYNAMIC_RANGE, "49152-65535"))
    assert [command[2] for command in dynamic] == ["ipv4", "ipv6"]
    assert {command[-2:] for command in dynamic} == {("start=49152", "num=16384")}
    (removal,) = netsh_commands(SettingChange(SettingKind.REMOVE_FORWARD, FORWARD))
    assert removal == (*("netsh", "interface", "portproxy", "delete", "v4tov4", "listenport=8080"),)
    (again,) = netsh_commands(
        SettingChange(SettingKind.RESTORE_FORWARD, "v4tov4 10.0.0.1/8080 172.28.1.2/80")
    )
    assert again[-4:] == (
        *("listenport=8080", "listenaddress=10.0.0.1"),
        *("connectport=80", "connectaddress=172.28.1.2"),
    )


def elevated(console: Console) -> WindowsPortSettings:
    return WindowsPortSettings(console, lambda: True)


def test_nothing_is_run_without_rights() -> None:
    console = Console()
    with pytest.raises(PortViewError) as caught:
        WindowsPortSettings(console, lambda: False).apply(reserve(8080))
    assert caught.value.outcome is Outcome.NEEDS_ADMIN
    assert console.lines == []


AROUND = SettingChange(SettingKind.RESERVE, "8080-8080", is_around_winnat=True)


def test_winnat_is_started_again_where_the_reservation_fails() -> None:
    console = Console({("netsh",): 1})
    with pytest.raises(PortViewError):
        elevated(console).apply(AROUND)
    assert console.lines[0] == "net stop winnat"
    assert console.lines[-1] == "net start winnat"


def test_winnat_that_did_not_run_is_not_started() -> None:
    console = Console({("net", "stop"): 2})
    elevated(console).apply(AROUND)
    assert "net start winnat" not in console.lines
    assert len(console.lines) == 2


def test_nothing_is_reserved_where_winnat_cannot_be_stopped() -> None:
    console = Console({("net", "stop"): 5})
    with pytest.raises(PortViewError):
        elevated(console).apply(AROUND)
    assert console.lines == ["net stop winnat"]


def test_the_undo_of_a_change_of_windows() -> None:
    settings = WindowsPortSettings(Console())
    change = SettingChange(SettingKind.REMOVE_FORWARD, FORWARD)
    undo = settings.undo_of(change, Known(FORWARD))
    assert undo == SettingChange(SettingKind.RESTORE_FORWARD, FORWARD)
    dynamic = SettingChange(SettingKind.DYNAMIC_RANGE, "49152-65535")
    assert settings.undo_of(dynamic, Known("1024-65534")) == SettingChange(
        SettingKind.DYNAMIC_RANGE, "1024-65534"
    )
    assert settings.undo_of(dynamic, Known("49152-65535")) is None
