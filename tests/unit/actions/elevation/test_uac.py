"""Asking Windows for administrator rights, against a shell as strict as the documentation."""

from __future__ import annotations

import threading

import pytest

from portview.actions.elevation import shell_execute as module
from portview.actions.elevation.shell_execute import SW_HIDE, SW_SHOWNORMAL, shell_execute
from portview.actions.elevation.uac import speaks_for, start_elevated
from portview.actions.own_command import elevated_command
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.attribution import RunningProcess
from portview.domain.owners.process import ProcessKey
from tests.fakes.shell import ERROR_CANCELLED, StrictShell


@pytest.fixture(autouse=True)
def _windows_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give errors their Windows code, which OSError has on Windows alone."""

    def error(code: int) -> OSError:
        made = OSError(code, f"Windows error {code}")
        made.winerror = code  # type: ignore[attr-defined,unused-ignore]
        return made

    monkeypatch.setattr(module, "windows_error", error)


def test_the_elevated_process_is_isolated_and_hidden() -> None:
    shell = StrictShell()
    assert start_elevated(["errand", "stop service", r"\\.\pipe\x"], shell=shell) == 77
    (call,) = shell.calls
    assert (call["verb"], call["show"]) == ("runas", SW_HIDE)
    program, *first = elevated_command()
    assert call["file"] == program
    assert call["parameters"].startswith(" ".join(first[:1]))
    assert '"stop service"' in call["parameters"]
    assert shell.open_apartments == 0


def test_com_is_initialised_on_each_thread_that_asks() -> None:
    shell = StrictShell()
    problems: list[BaseException] = []

    def ask() -> None:
        try:
            start_elevated(["errand"], shell=shell)
        except BaseException as error:
            problems.append(error)
            raise

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert len(shell.calls) == 4
    assert shell.open_apartments == 0


def test_declining_is_a_calm_end() -> None:
    shell = StrictShell(ERROR_CANCELLED)
    with pytest.raises(PortViewError) as refused:
        start_elevated([], show=SW_SHOWNORMAL, shell=shell)
    assert (refused.value.code, refused.value.outcome) == ("elevation_cancelled", Outcome.NOT_DONE)
    assert shell.open_apartments == 0


@pytest.mark.parametrize("code", [2, 3, 5, 1156])
def test_what_windows_refuses_is_said(code: int) -> None:
    with pytest.raises(PortViewError) as refused:
        start_elevated([], shell=StrictShell(code))
    assert refused.value.code == "elevation_failed"
    assert refused.value.outcome is Outcome.NEEDS_ADMIN
    assert str(code) in refused.value.message


def test_a_process_without_a_window_asks_without_one() -> None:
    assert start_elevated(["errand"], shell=StrictShell(window=0)) == 77


def test_a_handle_that_windows_does_not_give_is_none() -> None:
    assert start_elevated(["errand"], shell=StrictShell(process=0)) is None


def test_a_command_line_that_is_too_long_is_never_tried() -> None:
    shell = StrictShell()
    with pytest.raises(OSError, match="longer than Windows takes"):
        shell_execute("runas", "C:\\x.exe", "x" * 32_767, shell=shell)
    assert not shell.calls


def running(pid: int, parent: int, started_ms: int) -> tuple[int, RunningProcess]:
    return pid, RunningProcess(ProcessKey(pid, started_ms), parent)


@pytest.mark.parametrize(
    ("client", "processes", "is_believed"),
    [
        (10, [], True),
        (11, [running(10, 1, 100), running(11, 10, 200)], True),
        (12, [running(10, 1, 100), running(11, 10, 200), running(12, 11, 300)], False),
        (11, [running(10, 1, 100), running(11, 1, 200)], False),
        # Its parent has ended, and another process has that PID by now.
        (11, [running(10, 1, 300), running(11, 10, 200)], False),
        (11, [running(11, 10, 200)], False),
        (11, [], False),
    ],
)
def test_the_child_of_a_virtual_environments_python_is_believed_and_nobody_else(
    client: int, processes: list[tuple[int, RunningProcess]], is_believed: bool
) -> None:
    assert speaks_for(10, client, lambda: dict(processes)) is is_believed


def test_processes_that_cannot_be_listed_speak_for_nobody() -> None:
    def fail() -> dict[int, RunningProcess]:
        raise OSError

    assert not speaks_for(10, 11, fail)
