"""Real processes are suspended and continue, and no others do."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from portview.actions.confirmation.history import keep_record, read_records
from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.port_usage import FreeRequest
from portview.actions.process_handles.choose import open_process_handle
from portview.actions.processes.restart import why_not_again
from portview.actions.processes.suspend import SuspendVerb, change_execution, inspect_execution
from portview.actions.stopping.stop import Ending
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import Execution, ProcessKey
from portview.domain.owners.process_details import OwnerQuestion
from portview.readers.execution import read_execution, suspended
from portview.readers.process_details import OwnerDetailsReader
from portview.readers.process_identity import process_key
from tests.other_user import as_nobody
from tests.system.actions.conftest import wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.system.actions.conftest import Server

SUSPEND, RESUME = SuspendVerb.SUSPEND, SuspendVerb.RESUME
IS_WINDOWS = sys.platform == "win32"
AS_NOBODY = as_nobody()


def own_key() -> ProcessKey:
    key = process_key(os.getpid())
    assert isinstance(key, ProcessKey)
    return key


def answers(port: int) -> bool:
    """Ask a server that answers each connection, and wait no longer than a moment."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(0.3)
        try:
            return client.recv(2) == b"hi"
        except TimeoutError:
            return False


def test_a_process_stands_still_and_goes_on_and_its_neighbour_never_stops(
    serve: Callable[..., Server],
) -> None:
    server, neighbour = serve("answering"), serve("answering")
    assert answers(server.port)
    plan = inspect_execution(server.key, SUSPEND)
    assert [row.local.port for row in plan.sockets] == [server.port]
    assert plan.is_possible
    assert read_execution(server.pid) is Execution.RUNNING

    report = change_execution(plan)
    assert (report.outcome, report.execution) == (Outcome.DONE, Execution.SUSPENDED)
    assert f"127.0.0.1:{server.port}" in report.next_step
    assert read_execution(server.pid) is Execution.SUSPENDED
    once_had_by = ProcessKey(server.pid, server.key.started_ms - 1000)
    asked = [server.key, neighbour.key, once_had_by]
    assert suspended(asked) == {server.key: Execution.SUSPENDED}
    assert not answers(server.port)
    assert answers(neighbour.port)

    back = change_execution(inspect_execution(server.key, RESUME))
    assert (back.outcome, back.execution) == (Outcome.DONE, Execution.RUNNING)
    assert suspended([server.key, neighbour.key]) == {}
    wait_until(lambda: answers(server.port))


def test_what_is_so_already_is_told_and_not_done_twice(serve: Callable[..., Server]) -> None:
    server = serve("answering")
    resumed = change_execution(inspect_execution(server.key, RESUME))
    assert (resumed.outcome, resumed.done) == (Outcome.DONE, "Nothing had to be done.")
    for _ in range(2):
        change_execution(inspect_execution(server.key, SUSPEND))
    assert inspect_execution(server.key, SUSPEND).is_so_already
    # Suspended twice it would stay suspended on Windows.
    change_execution(inspect_execution(server.key, RESUME))
    wait_until(lambda: answers(server.port))


def test_what_others_suspended_more_than_once_goes_on_as_well(
    serve: Callable[..., Server],
) -> None:
    server = serve("answering")
    with open_process_handle(server.key) as hold:
        for _ in range(3):
            hold.suspend()
    report = change_execution(inspect_execution(server.key, RESUME))
    assert (report.outcome, report.execution) == (Outcome.DONE, Execution.RUNNING)
    wait_until(lambda: answers(server.port))


@pytest.mark.parametrize("verb", [SUSPEND, RESUME])
def test_another_process_of_this_pid_is_left_alone(
    serve: Callable[..., Server], verb: SuspendVerb
) -> None:
    server = serve("answering")
    forged = ProcessKey(server.pid, server.key.started_ms + 10)
    with pytest.raises(PortViewError) as refused:
        inspect_execution(forged, verb)
    assert refused.value.code == "pid_reused"
    plan = inspect_execution(server.key, verb)
    server.stop()
    with pytest.raises(PortViewError) as gone:
        change_execution(plan)
    assert gone.value.code == "process_gone"


def test_portview_and_what_it_runs_under_are_refused() -> None:
    report = change_execution(inspect_execution(own_key(), SUSPEND))
    assert (report.outcome, report.done) == (Outcome.NOT_DONE, "Nothing was done.")
    assert report.plan.refusal
    assert report.plan.refusal.code == "is_portview"


def test_a_suspended_holder_is_told_as_such_and_its_port_is_freed(
    serve: Callable[..., Server],
) -> None:
    server = serve("polite")
    change_execution(inspect_execution(server.key, SUSPEND))
    plan = inspect_port(FreeRequest(server.port))
    (step,) = plan.steps
    assert step.process
    assert step.process.execution is Execution.SUSPENDED
    details = OwnerDetailsReader().read(OwnerQuestion(server.key))
    assert details.execution is Execution.SUSPENDED
    report = free_port(plan, watch_s=0.2)
    assert report.outcome is Outcome.DONE
    # Asked on Linux, where it is woken to hear it; Windows has no way.
    assert report.results[0].ending is (Ending.ENDED if IS_WINDOWS else Ending.CLOSED)
    assert not server.is_running()


def test_it_is_on_record_and_is_no_process_to_be_started_again(
    serve: Callable[..., Server],
) -> None:
    server = serve("polite")
    kept = keep_record(change_execution(inspect_execution(server.key, SUSPEND)))
    assert read_records() == (kept,)
    (process,) = kept.processes
    assert (process.key, process.ending) == (server.key, "suspended")
    assert why_not_again(process)
    change_execution(inspect_execution(server.key, RESUME))


def test_the_commands_ask_for_the_start_time_and_for_consent(
    serve: Callable[..., Server], portview: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    server = serve("answering")
    words = (str(server.pid), "--started", iso_time(server.key.started_ms) or "")
    undecided = portview("suspend", *words)
    assert undecided.returncode == Outcome.NOT_DONE
    assert "confirmation was not possible" in undecided.stderr
    wrong = portview("suspend", words[0], "--started", "2001-01-01T00:00:00Z", "--yes", "--json")
    assert json.loads(wrong.stdout)["error"]["code"] == "pid_reused"
    shown = json.loads(portview("suspend", *words, "--dry-run", "--json").stdout)
    assert (shown["plan"]["is_possible"], shown["report"]) == (True, None)
    assert shown["plan"]["sockets"][0]["local_port"] == server.port
    assert read_execution(server.pid) is Execution.RUNNING

    done = portview("suspend", *words, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["execution"] == "suspended"
    assert read_execution(server.pid) is Execution.SUSPENDED
    assert "Suspended" in portview("free", str(server.port), "--dry-run").stdout
    back = portview("resume", *words, "--yes")
    assert back.returncode == 0, back.stderr
    assert read_execution(server.pid) is Execution.RUNNING


@pytest.mark.linux_only("a debugger that stops a process: ptrace")
def test_what_a_debugger_holds_is_told_apart(serve: Callable[..., Server]) -> None:
    server = serve("traced")
    wait_until(lambda: read_execution(server.told["child"]) is Execution.TRACED)
    report = change_execution(inspect_execution(server.key_of(server.told["child"]), RESUME))
    assert (report.outcome, report.execution) == (Outcome.NOT_DONE, Execution.TRACED)
    assert report.done == "Nothing was done."
    assert "debugger" in report.next_step


@pytest.mark.linux_only("another user's process, and setpriv to become one")
@pytest.mark.root_only("becomes another user")
def test_another_users_process_needs_rights(
    serve: Callable[..., Server], portview: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    server = serve("answering")
    started = iso_time(server.key.started_ms) or ""
    words = ("suspend", str(server.pid), "--started", started, "--yes", "--json")
    denied = portview(*words, prefix=AS_NOBODY)
    assert denied.returncode == Outcome.NEEDS_ADMIN, denied.stderr
    assert json.loads(denied.stdout)["error"]["code"] == "access_denied"
    assert f"portview suspend {server.pid} " in denied.stderr
    assert read_execution(server.pid) is Execution.RUNNING
