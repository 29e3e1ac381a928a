"""Between what a person saw and what is done: who changed is not stopped, who did not is."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.free_port.plan import PlanAction
from portview.actions.json_output.actions import free_document
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.processes.suspend import SuspendVerb, change_execution, inspect_execution
from portview.actions.stopping.stop import Ending
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process import Execution, ProcessKey
from portview.domain.sockets.socket_row import Protocol
from portview.readers.execution import read_execution
from portview.readers.process_identity import process_key
from tests.system.actions.conftest import runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portview.actions.free_port.execute import FreeReport

pytestmark = pytest.mark.linux_only("exec, fork and SCM_RIGHTS")

Start = "Callable[..., Commanded]"
SLEEP = ("/bin/sleep", "120")
SCRIPT = (sys.executable, "-Sc", "[*iter(input,None)]")


def key_of(pid: int) -> ProcessKey:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    return key


def nothing_was_done(report: FreeReport) -> str:
    """Check that a report says so, and return what it says changed."""
    endings = {result.ending for result in report.results}
    assert endings <= {Ending.CHANGED, Ending.UNTOUCHED, Ending.GONE}, endings
    assert Ending.CHANGED in endings
    assert report.done.startswith("Nothing was done.")
    assert "freed" not in report.now
    assert free_document(report.plan, report)["report"]["results"]
    return report.done


@pytest.mark.parametrize("force", [False, True])
def test_a_holder_that_closed_the_port_lives_on(command: Start, force: bool) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port, force=force))
    server.do("close")
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert f"no longer holds TCP 127.0.0.1:{server.port}" in nothing_was_done(report)
    assert report.outcome is Outcome.DONE, "the port is free, though nobody was stopped"


def test_a_holder_that_moved_to_another_port_lives_on(command: Start) -> None:
    server = command("listen")
    before = server.port
    plan = inspect_port(FreeRequest(before))
    server.do("move")
    assert server.port != before
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert "no longer holds" in nothing_was_done(report)


def test_a_socket_that_listens_no_more_is_not_held(command: Start) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port))
    server.do("unbind")
    free_port(plan, watch_s=0)
    assert server.is_running


def test_a_udp_port_that_was_closed_spares_its_holder(command: Start) -> None:
    server = command("udp")
    plan = inspect_port(FreeRequest(server.port, Protocol.UDP))
    server.do("close")
    nothing_was_done(free_port(plan, watch_s=0))
    assert server.is_running


@pytest.mark.parametrize("argv", [SLEEP, SCRIPT], ids=["another file", "another script"])
@pytest.mark.parametrize("force", [False, True])
def test_a_holder_that_runs_another_program_lives_on(
    command: Start,
    argv: tuple[str, ...],
    force: bool,
) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port, force=force))
    server.exec(*argv)
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert "another program" in nothing_was_done(report)
    assert report.outcome is Outcome.NOT_DONE
    assert report.next_step == "Check again before you continue."
    again = free_port(inspect_port(FreeRequest(server.port, force=True)), watch_s=0)
    assert again.outcome is Outcome.DONE, "seen as it is now, it may be stopped"


def test_a_socket_that_was_handed_on_spares_both(command: Start, tmp_path: Path) -> None:
    server, stranger = command("listen"), command("take", str(tmp_path / "way"))
    plan = inspect_port(FreeRequest(server.port))
    stranger.begin("wait")
    server.do("hand", str(tmp_path / "way"))
    stranger.hear()
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert stranger.is_running
    assert f"PID {stranger.pid}" in nothing_was_done(report)
    assert report.outcome is Outcome.NOT_DONE


def test_a_socket_that_was_handed_over_spares_both(command: Start, tmp_path: Path) -> None:
    server, stranger = command("listen"), command("take", str(tmp_path / "way"))
    plan = inspect_port(FreeRequest(server.port))
    stranger.begin("wait")
    server.do("hand", str(tmp_path / "way"))
    stranger.hear()
    server.do("close")
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert stranger.is_running
    assert report.outcome is Outcome.NOT_DONE


def test_a_child_that_came_after_the_look_spares_both(command: Start) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port))
    child = key_of(server.do("fork")["child"])
    nothing_was_done(free_port(plan, watch_s=0))
    assert server.is_running
    assert runs(child)
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    assert report.outcome is Outcome.DONE, "seen together, both are stopped"
    assert not server.is_running
    assert not runs(child)


def test_one_of_two_holders_that_let_go_spares_both(command: Start, tmp_path: Path) -> None:
    server, other = command("listen"), command("take", str(tmp_path / "way"))
    other.begin("wait")
    server.do("hand", str(tmp_path / "way"))
    other.hear()
    plan = inspect_port(FreeRequest(server.port))
    assert len(plan.steps) == 2
    other.do("close")
    report = free_port(plan, watch_s=0)
    assert other.is_running
    assert server.is_running
    assert f"PID {other.pid}" in nothing_was_done(report)


def test_another_server_that_joined_the_port_spares_both(command: Start) -> None:
    server, stranger = command("listen"), command()
    plan = inspect_port(FreeRequest(server.port))
    stranger.do("listen", str(server.port))
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert stranger.is_running
    assert f"PID {stranger.pid}" in nothing_was_done(report)


def test_one_of_two_holders_that_ended_does_not_save_the_other(
    command: Start, tmp_path: Path
) -> None:
    server, other = command("listen"), command("take", str(tmp_path / "way"))
    other.begin("wait")
    server.do("hand", str(tmp_path / "way"))
    other.hear()
    plan = inspect_port(FreeRequest(server.port))
    other.stop()
    report = free_port(plan, watch_s=0)
    assert report.outcome is Outcome.DONE
    assert not server.is_running


def test_a_program_that_started_itself_again_is_still_the_same(command: Start) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port))
    server.exec("again")
    assert free_port(plan, watch_s=0).outcome is Outcome.DONE
    assert not server.is_running


@pytest.mark.parametrize(
    "words", ["nothing", "rename otherwise", "duplicate", "listen", "udp", "spawn", "fork alone"]
)
def test_what_does_not_matter_does_not_save_it(command: Start, words: str) -> None:
    server = command("listen")
    port = server.port
    plan = inspect_port(FreeRequest(port))
    server.do(*words.split())
    report = free_port(plan, watch_s=0)
    assert report.outcome is Outcome.DONE, report
    assert not server.is_running


def test_who_does_not_close_when_asked_is_ended(command: Start) -> None:
    server = command("listen")
    server.do("stubborn")
    report = free_port(inspect_port(FreeRequest(server.port)), grace_s=0.2, watch_s=0)
    assert [result.ending for result in report.results] == [Ending.ENDED]


def test_who_released_the_port_when_asked_is_not_ended(command: Start) -> None:
    server = command("listen")
    server.do("graceful")
    report = free_port(inspect_port(FreeRequest(server.port)), grace_s=0.2, watch_s=0)
    assert server.is_running
    assert [result.ending for result in report.results] == [Ending.RELEASED]
    assert report.outcome is Outcome.DONE
    assert "keeps running" in report.done


def test_who_runs_another_program_when_asked_is_not_ended(command: Start) -> None:
    server = command("listen")
    server.do("exec_when_asked")
    report = free_port(inspect_port(FreeRequest(server.port)), grace_s=0.5, watch_s=0)
    assert server.is_running
    assert [result.ending for result in report.results] == [Ending.CHANGED]
    assert report.outcome is Outcome.NOT_DONE


def test_a_suspended_holder_is_stopped(command: Start) -> None:
    server = command("listen")
    server.suspend()
    assert free_port(inspect_port(FreeRequest(server.port)), watch_s=0).outcome is Outcome.DONE
    assert not server.is_running


def test_a_holder_in_a_debugger_is_stopped(command: Start) -> None:
    server, debugger = command("listen"), command()
    debugger.do("trace", str(server.pid))
    assert read_execution(server.pid) is Execution.TRACED
    plan = inspect_port(FreeRequest(server.port))
    report = free_port(plan, grace_s=0.2, watch_s=0)
    assert report.outcome is Outcome.DONE
    assert not server.is_running
    assert debugger.is_running


def test_end_spares_who_runs_another_program_by_now(command: Start) -> None:
    server = command()
    step = inspect_process(server.key, force=True)
    server.exec(*SLEEP)
    report = end_process(step)
    assert server.is_running
    assert report.outcome is Outcome.NOT_DONE
    assert "another program" in report.now
    assert end_process(inspect_process(server.key)).outcome is Outcome.DONE


def test_a_member_of_a_tree_that_runs_another_program_spares_the_tree(command: Start) -> None:
    server = command("listen")
    child = key_of(server.do("commanded")["child"])
    step = inspect_process(server.key, tree=True)
    assert [one.key for one in step.tree] == [child]
    server.do("tell", "exec", *SLEEP)
    report = end_process(step)
    assert server.is_running
    assert runs(child)
    assert report.outcome is Outcome.NOT_DONE


@pytest.mark.parametrize("verb", SuspendVerb)
def test_suspending_and_resuming_spare_who_changed(command: Start, verb: SuspendVerb) -> None:
    server = command("listen")
    is_resumed = verb is SuspendVerb.RESUME
    if is_resumed:
        server.suspend()
    plan = inspect_execution(server.key, verb)
    if is_resumed:
        os.kill(server.pid, signal.SIGCONT)
    server.exec(*SLEEP)
    if is_resumed:
        server.suspend()
    with pytest.raises(PortViewError) as refused:
        change_execution(plan)
    assert refused.value.code == "changed"
    assert read_execution(server.pid).is_suspended is is_resumed


def test_suspending_spares_who_closed_its_ports(command: Start) -> None:
    server = command("listen")
    plan = inspect_execution(server.key, SuspendVerb.SUSPEND)
    server.do("close")
    with pytest.raises(PortViewError) as refused:
        change_execution(plan)
    assert "no longer holds" in refused.value.message
    assert read_execution(server.pid) is Execution.RUNNING


def test_a_plan_made_now_says_what_is_true_now(command: Start) -> None:
    server = command("listen")
    server.exec("again")
    (step,) = inspect_port(FreeRequest(server.port)).steps
    assert step.kind is PlanAction.ASK
    assert step.holder
    assert [socket.local.port for socket in step.holder.sockets] == [server.port]


@pytest.mark.parametrize("change", ["close", "move", "exec", "hand", "fork", "join"])
def test_an_elevated_process_compares_by_itself(
    command: Start, pkexec: Callable[[str], None], tmp_path: Path, change: str
) -> None:
    """What happens while the person reads the system's prompt counts as well."""
    pkexec('exec "$@"')
    server, stranger = command("listen"), command("take", str(tmp_path / "way"))
    plan = inspect_port(FreeRequest(server.port))
    if change == "exec":
        server.exec(*SLEEP)
    elif change == "join":
        stranger.do("listen", str(server.port))
    elif change == "hand":
        stranger.begin("wait")
        server.do("hand", str(tmp_path / "way"))
        stranger.hear()
    else:
        server.do(change)
    report = free_port(plan, watch_s=0, as_admin=True)
    assert server.is_running
    assert stranger.is_running
    nothing_was_done(report)


def test_an_elevated_process_stops_what_is_as_it_was_seen(
    command: Start, pkexec: Callable[[str], None]
) -> None:
    pkexec('exec "$@"')
    server = command("listen")
    server.do("listen")
    plan = inspect_port(FreeRequest(server.port))
    server.exec("again")
    assert free_port(plan, watch_s=0, as_admin=True).outcome is Outcome.DONE
    assert not server.is_running


def test_an_elevated_process_suspends_nobody_who_changed(
    command: Start, pkexec: Callable[[str], None]
) -> None:
    pkexec('exec "$@"')
    server = command("listen")
    plan = inspect_execution(server.key, SuspendVerb.SUSPEND)
    server.exec(*SLEEP)
    with pytest.raises(PortViewError) as refused:
        change_execution(plan, as_admin=True)
    assert refused.value.code == "changed"
    assert read_execution(server.pid) is Execution.RUNNING


@pytest.mark.parametrize("force", [False, True])
def test_a_tree_of_two_hundred_is_stopped_and_named_in_a_few_words(
    command: Start,
    force: bool,
) -> None:
    server, neighbour = command("listen"), command("listen")
    children = [key_of(pid) for pid in server.do("breed", "200")["children"]]
    plan = inspect_port(FreeRequest(server.port, force=force, tree=True))
    (step,) = plan.steps
    assert {one.key for one in step.tree} == set(children)
    report = free_port(plan, watch_s=0)
    assert report.outcome is Outcome.DONE
    assert not any(runs(key) for key in (server.key, *children))
    assert neighbour.is_running
    assert len(report.done) < 500


def test_nested_holders_are_planned_once_each(command: Start) -> None:
    server = command("listen")
    children = server.do("nest", "40")["children"]
    plan = inspect_port(FreeRequest(server.port, tree=True))
    told = [member.key.pid for step in plan.steps for member in step.members]
    assert sorted(told) == sorted([server.pid, *children])
    assert free_port(plan, watch_s=0).outcome is Outcome.DONE


@pytest.mark.root_only("a child gives up root")
def test_another_users_server_is_stopped_by_root_and_not_when_it_changed(command: Start) -> None:
    server, other = command("listen"), command("listen")
    for one in (server, other):
        one.do("sit_down", "65534")
    plan = inspect_port(FreeRequest(server.port))
    assert free_port(plan, watch_s=0).outcome is Outcome.DONE
    assert not server.is_running
    plan = inspect_port(FreeRequest(other.port))
    other.do("close")
    nothing_was_done(free_port(plan, watch_s=0))
    assert other.is_running


def test_a_holder_with_a_deleted_executable_is_stopped(command: Start, tmp_path: Path) -> None:
    server = command("listen")
    program = tmp_path / "listening"
    shutil.copy("/bin/sleep", program)
    server.exec(str(program), "120")
    plan = inspect_port(FreeRequest(server.port))
    program.unlink()
    assert free_port(plan, watch_s=0).outcome is Outcome.DONE
    assert not server.is_running


def test_a_holder_that_ended_by_itself_is_no_failure(command: Start) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port))
    server.stop()
    report = free_port(plan, watch_s=0)
    assert report.outcome is Outcome.DONE
    assert [result.ending for result in report.results] == [Ending.GONE]
