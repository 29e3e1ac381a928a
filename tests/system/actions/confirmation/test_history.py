"""What was done is on record, and can be undone where everything is known."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from portview.actions.confirmation.history import keep_record, read_records, record_path
from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.processes.restart import start_again, why_not_again
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.facts import Known
from portview.readers.process_rights import read_process_rights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.system.actions.conftest import Server


def test_a_record_names_whom_when_and_the_result(serve: Callable[..., Server]) -> None:
    server = serve("polite")
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    kept = keep_record(report, at_ms=1_800_000_000_123)
    assert read_records() == (kept,)
    (process,) = kept.processes
    assert (process.pid, process.started_ms) == server.key
    assert process.command_line
    assert process.command_line[-1] == "polite"
    assert process.working_directory == os.getcwd()  # noqa: PTH109 - as psutil writes it
    assert kept.at_ms == 1_800_000_000_123
    assert kept.asked == f"Free TCP port {server.port}."
    if sys.platform != "win32":
        assert stat.S_IMODE(record_path().stat().st_mode) == 0o600


def test_the_newest_comes_first_and_damage_is_passed_over() -> None:
    for number in range(3):
        keep_record(ActionReport(Outcome.DONE, f"{number}", "", ""), at_ms=number)
        with record_path().open("a", encoding="utf-8") as file:
            file.write('{"at_ms": "x"}\nrubbish\n[]\n')
    assert [record.asked for record in read_records()] == ["2", "1", "0"]


def test_a_large_record_makes_room() -> None:
    keep_record(ActionReport(Outcome.DONE, "old", "x" * 1_100_000, ""))
    keep_record(ActionReport(Outcome.DONE, "new", "", ""))
    assert [record.asked for record in read_records()] == ["new", "old"]
    assert record_path().stat().st_size < 1000


def test_a_stopped_process_is_started_again(
    serve: Callable[..., Server], own_server: dict[str, Path]
) -> None:
    server = serve("polite", "127.0.0.1", "0", **own_server)
    report = end_process(inspect_process(server.key))
    (stopped,) = keep_record(report).processes
    own = read_process_rights(os.getpid())
    if sys.platform == "win32" and isinstance(own, Known) and own.value.is_privileged:
        # Who could have changed the program meanwhile is not looked at there.
        assert "administrator" in (why_not_again(stopped) or "")
        return
    assert why_not_again(stopped) is None
    again = start_again(stopped)
    assert again.outcome is Outcome.DONE, again
    pid = int(again.done.rpartition(" ")[2].rstrip("."))
    process = psutil.Process(pid)
    try:
        assert process.cmdline()[1:] == list(stopped.command_line or ())[1:]
        assert process.cwd() == stopped.working_directory
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"command_line": None}, "command line"),
        ({"working_directory": None}, "directory is not known"),
        ({"working_directory": "/no/such/folder"}, "no longer exists"),
        ({"rights": None}, "not known"),
        ({"executable": "/no/such/program"}, "program no longer exists"),
        ({"ending": "gone"}, "did not stop it"),
    ],
)
def test_it_is_offered_only_where_all_is_known(
    serve: Callable[..., Server],
    own_server: dict[str, Path],
    missing: dict[str, object],
    words: str,
) -> None:
    server = serve("polite", **own_server)
    (stopped,) = keep_record(end_process(inspect_process(server.key))).processes
    lacking = replace(stopped, **missing)  # type: ignore[arg-type]
    reason = why_not_again(lacking)
    assert reason
    assert words in reason
    with pytest.raises(PortViewError):
        start_again(lacking)
