"""The door to administrator rights, up to its edge: the prompt itself is the system's."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.actions.elevation.client import read_answer, run_elevated, stop_elevated
from portview.actions.elevation.manual_command import manual_command
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.processes.suspend import SuspendVerb, change_execution, inspect_execution
from portview.actions.safety.seen_process import SeenProcess
from portview.actions.stopping.stop import Ending
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import Execution, ProcessKey
from portview.domain.sockets.socket_row import Endpoint
from portview.readers import system_tools
from portview.readers.execution import read_execution
from portview.readers.process_identity import process_key
from tests.system.actions.conftest import seen_now

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.actions.conftest import Server

ROOT = Path(__file__).resolve().parents[4]
on_unix = pytest.mark.linux_only("pkexec")


@on_unix
def test_an_errand_goes_through_the_door_and_its_report_comes_back(
    serve: Callable[..., Server], pkexec: Callable[[str], None]
) -> None:
    pkexec('exec "$@"')
    server, neighbour = serve("polite"), serve("polite")
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0, as_admin=True)
    assert report.outcome is Outcome.DONE
    assert [(r.process, r.ending) for r in report.results] == [(server.key, Ending.CLOSED)]
    assert not server.is_running()
    end_process(inspect_process(neighbour.key), as_admin=True)
    assert not neighbour.is_running()


@on_unix
def test_suspending_goes_through_the_door_as_well(
    serve: Callable[..., Server], pkexec: Callable[[str], None]
) -> None:
    pkexec('exec "$@"')
    server = serve("polite")
    for verb, expected in (
        (SuspendVerb.SUSPEND, Execution.SUSPENDED),
        (SuspendVerb.RESUME, Execution.RUNNING),
    ):
        report = change_execution(inspect_execution(server.key, verb), as_admin=True)
        assert (report.outcome, report.execution) == (Outcome.DONE, expected)
        assert read_execution(server.pid) is expected
    forged = ElevatedRequest(
        ElevatedOperation.SUSPEND,
        (SeenProcess(ProcessKey(server.pid, server.key.started_ms + 10)),),
    )
    with pytest.raises(PortViewError) as refused:
        run_elevated(forged)
    assert refused.value.code == "pid_reused"
    init = process_key(1)
    assert isinstance(init, ProcessKey)
    with pytest.raises(PortViewError) as never:
        run_elevated(ElevatedRequest(ElevatedOperation.SUSPEND, (seen_now(init),)))
    assert never.value.code == "init"
    assert read_execution(server.pid) is Execution.RUNNING


@on_unix
def test_identity_is_checked_again_on_the_other_side(
    serve: Callable[..., Server], pkexec: Callable[[str], None]
) -> None:
    pkexec('exec "$@"')
    server = serve("polite")
    forged = ProcessKey(server.pid, server.key.started_ms + 10)
    (result,) = stop_elevated([replace(server.seen, key=forged)], force=True)
    assert result.ending is Ending.NOT_THE_SAME
    assert server.is_running()


@on_unix
def test_the_never_list_holds_on_the_other_side(pkexec: Callable[[str], None]) -> None:
    pkexec('exec "$@"')
    init = process_key(1)
    assert isinstance(init, ProcessKey)
    with pytest.raises(PortViewError) as refused:
        stop_elevated([seen_now(init)], force=True)
    assert refused.value.code == "init"


@on_unix
@pytest.mark.parametrize(
    ("line", "code", "outcome"),
    [
        ("exit 126", "elevation_cancelled", Outcome.NOT_DONE),
        ("exit 127", "elevation_unavailable", Outcome.NEEDS_ADMIN),
        ("exit 0", "elevation_unavailable", Outcome.NEEDS_ADMIN),
        ("echo rubbish", "no_answer", Outcome.NOT_DONE),
        ("echo '{\"outcome\": 0}'", "no_answer", Outcome.NOT_DONE),
        ('echo \'{"outcome": 0, "results": []}\'', "no_answer", Outcome.NOT_DONE),
    ],
)
def test_every_way_in_which_the_door_stays_shut(
    serve: Callable[..., Server],
    pkexec: Callable[[str], None],
    line: str,
    code: str,
    outcome: Outcome,
) -> None:
    pkexec(line)
    server = serve("polite")
    with pytest.raises(PortViewError) as refused:
        stop_elevated([seen_now(server.key)])
    assert (refused.value.code, refused.value.outcome) == (code, outcome)
    assert server.is_running()


@on_unix
def test_without_pkexec_the_exact_command_is_told(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = serve("polite")
    monkeypatch.setattr(system_tools, "_folders", (str(tmp_path),))
    with pytest.raises(PortViewError) as refused:
        stop_elevated([seen_now(server.key)], force=True)
    started = iso_time(server.key.started_ms)
    assert refused.value.hint.endswith(f"-m portview end {server.pid} --started {started} --force")
    assert "sudo " in refused.value.hint


def test_the_command_quotes_what_the_machine_names() -> None:
    elevated_request = ElevatedRequest(ElevatedOperation.STOP_SERVICE, service="web server$(x)")
    command = manual_command(elevated_request)
    assert command.endswith('"web server$(x)"' if sys.platform == "win32" else "'web server$(x)'")
    closing = ElevatedRequest(
        ElevatedOperation.CLOSE, local=Endpoint("::1", 80), remote=Endpoint("::1", 5)
    )
    assert "::1" in manual_command(closing)


def test_an_answer_that_carries_an_error_is_raised() -> None:
    raw = json.dumps({"outcome": 3, "error": {"code": "x", "message": "m", "hint": "h"}})
    with pytest.raises(PortViewError) as refused:
        read_answer(raw.encode())
    assert (refused.value.code, refused.value.outcome) == ("x", Outcome.NEEDS_ADMIN)


@pytest.mark.windows_only("ShellExecuteExW and a named pipe")
def test_the_way_there_and_back_on_windows(serve: Callable[..., Server]) -> None:
    from portview.actions.elevation.uac import ask_windows  # noqa: PLC0415

    server = serve("polite")
    elevated_request = ElevatedRequest(ElevatedOperation.STOP, (server.seen,), 0, force=True)
    raw = ask_windows(elevated_request.arguments(), verb="open")
    answer = read_answer(raw)
    assert answer["results"][0]["ending"] == "ended"
    assert not server.is_running()


@pytest.mark.windows_only("ShellExecuteExW and a named pipe")
def test_the_child_of_a_redirector_is_heard_and_visitors_are_sent_away(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As python.exe of a virtual environment does, which starts the base interpreter."""
    from multiprocessing.connection import Client  # noqa: PLC0415

    from portview.actions.elevation import uac  # noqa: PLC0415

    redirector = (
        "import subprocess, sys; sys.exit(subprocess.call([sys.executable, *sys.argv[1:]]))"
    )
    program, *rest = uac.elevated_command()
    monkeypatch.setattr(uac, "elevated_command", lambda: (program, "-c", redirector, *rest))
    start = uac._start

    def start_after_a_visitor(arguments: list[str], verb: str) -> int:
        Client(arguments[-1], "AF_PIPE").close()
        return start(arguments, verb)

    monkeypatch.setattr(uac, "_start", start_after_a_visitor)
    server = serve("polite")
    request = ElevatedRequest(ElevatedOperation.STOP, (server.seen,), 0, force=True)
    answer = read_answer(uac.ask_windows(request.arguments(), verb="open"))
    assert answer["results"][0]["ending"] == "ended"
    assert not server.is_running()


@pytest.mark.windows_only("ShellExecuteExW and a named pipe")
def test_an_errand_that_ends_without_a_word_is_noticed() -> None:
    from portview.actions.elevation.uac import ask_windows  # noqa: PLC0415

    with pytest.raises(PortViewError) as refused:
        ask_windows(("--version", "x"), verb="open")
    assert refused.value.code == "no_answer"


@pytest.mark.windows_only("UAC")
def test_runas_either_works_or_is_told(serve: Callable[..., Server]) -> None:
    """Wine runs it without a prompt; on Windows a test machine's policy decides."""
    server = serve("polite")
    try:
        answer = run_elevated(
            ElevatedRequest(ElevatedOperation.STOP, (server.seen,), 0, force=True)
        )
    except PortViewError as error:
        assert error.code in {"elevation_cancelled", "elevation_failed"}  # noqa: PT017
        assert server.is_running()
    else:
        assert answer["results"][0]["ending"] == "ended"
        assert not server.is_running()


def test_an_errand_from_outside_is_read_strictly() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "errand", "format-disk", "c:"],
        check=False,
        capture_output=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.returncode == (Outcome.BAD_INPUT if sys.platform != "win32" else done.returncode)
    if sys.platform != "win32":
        assert json.loads(done.stdout)["error"]["code"] == "bad_errand"
