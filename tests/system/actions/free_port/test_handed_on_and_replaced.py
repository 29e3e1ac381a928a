"""Sockets that are handed on and programs that are replaced before, while and after it is asked."""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.free_port.verify import PortVerdict
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.stopping.stop import Ending
from portview.domain.errors import Outcome
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import Protocol
from portview.readers.process_identity import process_key
from tests.system.actions.conftest import COMMANDED, runs, wait_until

if TYPE_CHECKING:
    from portview.actions.free_port.execute import FreeReport

pytestmark = pytest.mark.linux_only("exec, fork and SCM_RIGHTS")

Start = "Callable[..., Commanded]"
SLEEP = ("/bin/sleep", "120")


def key_of(pid: int) -> ProcessKey:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    return key


def has_threads_left(key: ProcessKey) -> bool:
    """Tell whether any thread of a process runs, its first one or another."""
    if process_key(key.pid) != key:
        return False
    pidfd = os.pidfd_open(key.pid)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return not poll.poll(0)
    finally:
        os.close(pidfd)


def nothing_was_done(report: FreeReport) -> str:
    endings = {result.ending for result in report.results}
    assert Ending.CHANGED in endings
    assert endings <= {Ending.CHANGED, Ending.UNTOUCHED, Ending.GONE}
    assert report.done.startswith("Nothing was done.")
    return report.done


def test_a_socket_on_its_way_to_nobody_spares_who_sent_it(command: Start) -> None:
    """No process has it open, and the port is not free all the same."""
    server = command("listen")
    port = server.port
    plan = inspect_port(FreeRequest(port, force=True))
    server.do("send_to_nobody")
    server.do("close")
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert "no longer holds" in nothing_was_done(report)
    assert report.outcome is Outcome.NOT_DONE
    assert report.proof
    assert report.proof.verdict is not PortVerdict.FREE


def test_a_socket_that_waits_in_the_queue_of_another_keeps_the_port(
    command: Start, tmp_path: Path
) -> None:
    server, stranger = command("listen"), command("take", str(tmp_path / "way"))
    server.begin("hand", str(tmp_path / "way"))
    wait_until(lambda: is_connected(tmp_path / "way"))
    plan = inspect_port(FreeRequest(server.port, force=True))
    report = free_port(plan, watch_s=0)
    assert not server.is_running
    assert stranger.is_running
    assert report.outcome is Outcome.NOT_DONE
    assert report.proof
    assert report.proof.verdict is PortVerdict.STILL_HELD
    assert "freed" not in report.now


def is_connected(path: Path) -> bool:
    with open("/proc/net/unix", encoding="utf-8") as lines:  # noqa: PTH123
        return sum(line.rstrip().endswith(str(path)) for line in lines) > 1


def test_a_socket_that_a_debugger_took_spares_both(command: Start) -> None:
    server, debugger = command("listen"), command()
    plan = inspect_port(FreeRequest(server.port))
    debugger.do("steal", str(server.pid))
    report = free_port(plan, watch_s=0)
    assert server.is_running
    assert debugger.is_running
    assert f"PID {debugger.pid}" in nothing_was_done(report)


def test_a_socket_that_is_handed_over_when_asked_spares_the_next(
    command: Start, tmp_path: Path
) -> None:
    server, stranger = command("listen"), command("take", str(tmp_path / "way"))
    stranger.begin("wait")
    server.do("hand_when_asked", str(tmp_path / "way"))
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    stranger.hear()
    assert not server.is_running
    assert stranger.is_running
    assert report.outcome is Outcome.NOT_DONE
    assert report.proof
    assert report.proof.verdict is PortVerdict.TAKEN_AGAIN


def test_a_udp_socket_that_was_handed_on_spares_both(command: Start, tmp_path: Path) -> None:
    server, stranger = command("udp"), command("take", str(tmp_path / "way"))
    plan = inspect_port(FreeRequest(server.port, Protocol.UDP))
    stranger.begin("wait")
    server.do("hand", str(tmp_path / "way"))
    stranger.hear()
    nothing_was_done(free_port(plan, watch_s=0))
    assert server.is_running
    assert stranger.is_running


def test_two_holders_that_were_seen_are_both_stopped(command: Start, tmp_path: Path) -> None:
    server, other = command("listen"), command("take", str(tmp_path / "way"))
    neighbour = command("listen")
    other.begin("wait")
    server.do("hand", str(tmp_path / "way"))
    other.hear()
    assert free_port(inspect_port(FreeRequest(server.port)), watch_s=0).outcome is Outcome.DONE
    assert not server.is_running
    assert not other.is_running
    assert neighbour.is_running


@pytest.mark.parametrize("starts_new", [False, True])
def test_a_program_whose_file_was_replaced_counts_once_it_runs(
    command: Start, tmp_path: Path, starts_new: bool
) -> None:
    """As an upgrade does: who saw the old version did not see the new one."""
    program = tmp_path / "python"
    shutil.copy(Path(sys.executable).resolve(), program)
    server = command("listen")
    server.exec(str(program), str(COMMANDED))
    plan = inspect_port(FreeRequest(server.port))
    program.unlink()
    shutil.copy(Path(sys.executable).resolve(), program)
    if starts_new:
        server.exec(str(program), str(COMMANDED))
        nothing_was_done(free_port(plan, watch_s=0))
        assert server.is_running
    else:
        assert free_port(plan, watch_s=0).outcome is Outcome.DONE
        assert not server.is_running


@pytest.mark.parametrize("force", [False, True])
def test_a_program_without_a_file_is_another(command: Start, force: bool) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port, force=force))
    server.do("exec_from_memory", *SLEEP)
    wait_until(lambda: "memfd:" in os.readlink(f"/proc/{server.pid}/exe"))  # noqa: PTH115
    nothing_was_done(free_port(plan, watch_s=0))
    assert server.is_running
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    assert report.outcome is Outcome.DONE, "seen as it is now, it may be stopped"


def test_a_program_that_a_second_thread_starts_is_another(command: Start) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port))
    server.do("exec_in_a_thread", *SLEEP)
    wait_until(lambda: os.readlink(f"/proc/{server.pid}/exe").endswith("sleep"))  # noqa: PTH115
    nothing_was_done(free_port(plan, watch_s=0))
    assert server.is_running


def test_a_program_that_did_not_get_the_socket_is_another(command: Start) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port))
    server.do("exec_without", *SLEEP)
    wait_until(lambda: os.readlink(f"/proc/{server.pid}/exe").endswith("sleep"))  # noqa: PTH115
    nothing_was_done(free_port(plan, watch_s=0))
    assert server.is_running


def test_a_member_of_the_tree_of_a_port_that_changed_spares_all(command: Start) -> None:
    server = command("listen")
    child = key_of(server.do("commanded")["child"])
    plan = inspect_port(FreeRequest(server.port, tree=True))
    server.do("tell", "exec", *SLEEP)
    wait_until(lambda: os.readlink(f"/proc/{child.pid}/exe").endswith("sleep"))  # noqa: PTH115
    nothing_was_done(free_port(plan, watch_s=0))
    assert server.is_running
    assert runs(child)


def test_a_server_that_went_to_the_background_is_left_alone(command: Start) -> None:
    server = command("listen")
    plan = inspect_port(FreeRequest(server.port))
    daemon = key_of(server.do("daemonize")["pid"])
    report = free_port(plan, watch_s=0)
    assert runs(daemon)
    assert report.outcome is Outcome.NOT_DONE
    assert "freed" not in report.now
    assert free_port(inspect_port(FreeRequest(server.port)), watch_s=0).outcome is Outcome.DONE
    assert not runs(daemon)


def test_a_server_that_leaves_all_to_a_child_when_asked_is_not_chased(command: Start) -> None:
    server = command("listen")
    server.do("fork_when_asked")
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    assert [result.ending for result in report.results] == [Ending.CLOSED]
    assert report.outcome is Outcome.NOT_DONE
    assert report.proof
    assert report.proof.verdict is PortVerdict.TAKEN_AGAIN
    (holder,) = report.proof.holders
    assert holder.row.owner
    assert runs(holder.row.owner)
    assert "end 1 " not in report.next_step


@pytest.mark.parametrize("force", [False, True])
def test_a_server_that_was_started_again_meanwhile_is_another(command: Start, force: bool) -> None:
    server = command("listen")
    port = server.port
    plan = inspect_port(FreeRequest(port, force=force))
    server.stop()
    successor = command("listen", str(port))
    report = free_port(plan, watch_s=0)
    assert successor.is_running
    assert [result.ending for result in report.results] == [Ending.GONE]
    assert report.outcome is Outcome.NOT_DONE
    assert f"PID {successor.pid}" in report.now


def test_a_holder_whose_first_thread_ended_is_stopped(command: Start) -> None:
    server, neighbour = command("listen"), command("listen")
    server.do("leave")
    wait_until(lambda: not server.is_running)
    assert has_threads_left(server.key)
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    assert report.outcome is Outcome.DONE, report
    assert not has_threads_left(server.key)
    assert neighbour.is_running


@pytest.mark.parametrize("change", ["close", "move"])
def test_a_holder_whose_first_thread_ended_is_compared_as_well(command: Start, change: str) -> None:
    server = command("listen")
    server.do("leave")
    wait_until(lambda: not server.is_running)
    plan = inspect_port(FreeRequest(server.port))
    assert plan.is_possible, plan.refused
    server.do(change)
    nothing_was_done(free_port(plan, watch_s=0))
    assert has_threads_left(server.key)


def test_end_stops_a_process_whose_first_thread_ended(command: Start) -> None:
    server = command("listen")
    server.do("leave")
    wait_until(lambda: not server.is_running)
    assert end_process(inspect_process(server.key)).outcome is Outcome.DONE
    assert not has_threads_left(server.key)


def test_a_holder_that_was_suspended_after_the_look_is_stopped(command: Start) -> None:
    server = command("listen")
    server.do("stubborn")
    plan = inspect_port(FreeRequest(server.port))
    server.suspend()
    report = free_port(plan, grace_s=0.2, watch_s=0)
    assert report.outcome is Outcome.DONE
    assert not server.is_running


def test_a_holder_that_a_debugger_took_after_the_look_is_stopped(command: Start) -> None:
    server, debugger = command("listen"), command()
    plan = inspect_port(FreeRequest(server.port))
    debugger.do("trace", str(server.pid))
    report = free_port(plan, grace_s=0.2, watch_s=0)
    assert report.outcome is Outcome.DONE
    assert not server.is_running
    assert debugger.is_running


def test_a_deep_chain_is_stopped_with_its_root(command: Start) -> None:
    server, neighbour = command("listen"), command()
    children = [key_of(pid) for pid in server.do("nest", "60")["children"]]
    report = end_process(inspect_process(server.key, force=True, tree=True))
    assert report.outcome is Outcome.DONE
    assert not any(runs(key) for key in (server.key, *children))
    assert neighbour.is_running


def test_a_child_that_came_into_the_tree_after_the_look_is_not_stopped(command: Start) -> None:
    server = command("listen")
    server.do("spawn")
    plan = inspect_port(FreeRequest(server.port, tree=True))
    late = key_of(server.do("spawn")["child"])
    assert free_port(plan, watch_s=0).outcome is Outcome.DONE
    assert not server.is_running
    assert runs(late), "nobody has seen it"


def test_a_member_of_the_tree_that_ended_by_itself_changes_nothing(command: Start) -> None:
    server = command("listen")
    child = key_of(server.do("spawn")["child"])
    plan = inspect_port(FreeRequest(server.port, tree=True))
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not runs(child))
    report = free_port(plan, watch_s=0)
    assert report.outcome is Outcome.DONE
    assert not server.is_running
