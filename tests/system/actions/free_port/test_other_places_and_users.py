"""Holders in other namespaces, of other users, with other rights, and PIDs that were passed on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.end import inspect_process
from portview.domain.errors import Outcome
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import process_key
from tests.other_user import as_nobody, folder_for_all
from tests.system.actions.conftest import ROOT, runs

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = [
    pytest.mark.linux_only("namespaces and users"),
    pytest.mark.root_only("unshare(2), setuid(2)"),
]

KTHREADD = Path("/proc/2/comm")
PIDS = ("unshare", "--pid", "--fork")
Start = "Callable[..., Commanded]"
Portview = "Callable[..., subprocess.CompletedProcess[str]]"

REUSE = """
import json, os, subprocess, sys, threading
from pathlib import Path
from portview.actions.free_port.execute import free_port, inspect_port
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.end import end_process, inspect_process
from portview.actions.processes.suspend import SuspendVerb, change_execution, inspect_execution
from portview.domain.errors import PortViewError
from portview.readers.process_identity import process_key

SERVER = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); " \\
    "print(s.getsockname()[1], flush=True); input()"

def start(port):
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return server, int(server.stdout.readline())

first, port = start(0)
plan = inspect_port(FreeRequest(port, force=True))
assert plan.is_possible, plan.refused
step = inspect_process(process_key(first.pid), force=True)
pause = inspect_execution(process_key(first.pid), SuspendVerb.SUSPEND)
first.kill()
first.communicate()
for _ in range(200):
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(first.pid - 1))
    second, _ = start(port)
    if second.pid == first.pid:
        break
    second.kill()
    second.communicate()
said = {"reused": second.pid == first.pid}
report = free_port(plan, watch_s=0)
said["free"] = [[str(one.ending) for one in report.results], str(report.proof.verdict)]
said["end"] = [str(one.ending) for one in end_process(step).results]
try:
    change_execution(pause)
except PortViewError as error:
    said["suspend"] = error.code
said["lives"] = second.poll() is None
said["state"] = Path(f"/proc/{second.pid}/stat").read_text().rpartition(")")[2].split()[0]
second.kill()
second.communicate()
print(json.dumps(said))
"""


def key_of(pid: int) -> ProcessKey:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    return key


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that everybody may enter and write, as one of a test's own is not."""
    with folder_for_all() as folder:
        folder.chmod(0o777)
        yield folder


def test_a_pid_that_the_kernel_gave_to_the_next_server_is_not_that_server() -> None:
    """The same PID, program, command line and port: only the start tells them apart."""
    done = subprocess.run(
        [*PIDS, "--mount-proc", sys.executable, "-c", REUSE],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["reused"]
    assert said["free"] == [["not_the_same"], "taken_again"]
    assert said["end"] == ["not_the_same"]
    assert said["suspend"] == "pid_reused"
    assert said["lives"]
    assert said["state"] == "S"


@pytest.mark.skipif(
    not KTHREADD.exists() or KTHREADD.read_text("utf-8").strip() != "kthreadd",
    reason="the kernel's threads are not shown in this namespace",
)
def test_a_thread_of_the_kernel_is_refused() -> None:
    step = inspect_process(key_of(2), force=True, tree=True)
    assert step.refusal
    assert step.refusal.code == "kernel_thread"


def test_a_holder_that_went_to_another_network_still_holds_its_port(command: Start) -> None:
    server = command("listen")
    server.do("alone_in_the_network")
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    assert report.outcome is Outcome.DONE, report
    assert not server.is_running


def test_the_same_port_in_another_network_is_nobodys_business(command: Start) -> None:
    server = command("listen")
    other = command(prefix=("unshare", "--net"))
    other.do("listen", str(server.port), "0.0.0.0")  # noqa: S104 - a network of its own
    assert free_port(inspect_port(FreeRequest(server.port)), watch_s=0).outcome is Outcome.DONE
    assert not server.is_running
    assert other.is_running
    assert inspect_port(FreeRequest(server.port)).steps == ()


def test_a_holder_in_a_namespace_of_pids_is_the_one_that_is_stopped(command: Start) -> None:
    """Inside, its PID is one that somebody else has out here."""
    with subprocess.Popen(
        [*PIDS, sys.executable, "-c", HOLD_A_PORT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as outer:
        assert outer.stdin
        assert outer.stdout
        inner, port = map(int, outer.stdout.readline().split())
        (child,) = psutil.Process(outer.pid).children()
        key = key_of(child.pid)
        assert inner != child.pid
        try:
            report = free_port(inspect_port(FreeRequest(port, force=True)), watch_s=0)
        finally:
            outer.stdin.close()
    assert report.outcome is Outcome.DONE
    assert [result.process for result in report.results] == [key]
    assert psutil.pid_exists(1)


HOLD_A_PORT = """
import os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(os.getpid(), server.getsockname()[1], flush=True)
sys.stdin.read()
"""


def test_from_inside_a_container_a_holder_outside_is_refused(
    command: Start, portview: Portview
) -> None:
    server = command("listen")
    inside = (*PIDS, "--mount-proc")
    done = portview("free", str(server.port), "--yes", "--force", "--json", prefix=inside)
    assert done.returncode == Outcome.NOT_DONE, done.stderr
    (step,) = json.loads(done.stdout)["plan"]["steps"]
    assert step["refusal"]["code"] == "other_namespace"
    assert server.is_running


def test_a_holder_with_users_of_its_own_is_stopped(command: Start) -> None:
    server = command(prefix=("unshare", "--user", "--map-root-user"))
    server.do("listen")
    neighbour = command("listen")
    assert free_port(inspect_port(FreeRequest(server.port)), watch_s=0).outcome is Outcome.DONE
    assert not server.is_running
    assert neighbour.is_running


def test_the_socket_of_a_user_that_root_holds_as_well_is_never_called_free(
    command: Start, portview: Portview, open_folder: Path
) -> None:
    server, stranger = command("listen"), command(prefix=as_nobody())
    way = open_folder / "way"
    stranger.do("take", str(way))
    stranger.begin("wait")
    server.do("hand", str(way))
    stranger.hear()
    done = portview("free", str(server.port), "--yes", "--json", prefix=as_nobody())
    report: dict[str, Any] = json.loads(done.stdout)["report"]
    assert server.is_running
    assert done.returncode != Outcome.DONE, report
    assert "is free" not in report["now"]


def test_a_member_of_a_tree_that_may_not_be_stopped_spares_all_of_it(
    command: Start, portview: Portview
) -> None:
    """The parent gave up root after it had started its child."""
    server = command("listen")
    child = key_of(server.do("spawn")["child"])
    server.do("sit_down", "65534")
    started = iso_time(server.key.started_ms) or ""
    words = ("end", str(server.pid), "--started", started, "--tree", "--yes", "--json")
    done = portview(*words, prefix=as_nobody())
    assert done.returncode == Outcome.NEEDS_ADMIN, done.stdout
    assert runs(server.key)
    assert runs(child)
    done = portview(*words)
    assert done.returncode == Outcome.DONE, done.stdout + done.stderr
    assert not runs(server.key)
    assert not runs(child)


def test_one_of_two_servers_that_belongs_to_another_user_spares_both(
    command: Start, portview: Portview
) -> None:
    """Root may share the port of nobody's server on another address only; nobody sees no owner."""
    own, other = command(prefix=as_nobody()), command("listen")
    own.do("listen", str(other.port), "127.0.0.2")
    done = portview("free", str(other.port), "--yes", "--force", "--json", prefix=as_nobody())
    assert done.returncode == Outcome.NEEDS_ADMIN, done.stdout
    assert own.is_running
    assert other.is_running


@pytest.mark.parametrize("name", ["systemd-journald", "dbus-daemon", "X", "init", "docker-proxy"])
def test_an_own_program_with_the_name_of_the_systems_is_stopped(
    command: Start, tmp_path: Path, name: str
) -> None:
    program = tmp_path / name
    shutil.copy("/bin/sleep", program)
    server = command("listen")
    server.exec(str(program), "120")
    assert Path(f"/proc/{server.pid}/comm").read_text("utf-8").strip() == name[:15]
    report = free_port(inspect_port(FreeRequest(server.port)), watch_s=0)
    assert report.outcome is Outcome.DONE, report.now
    assert not server.is_running


def test_a_holder_that_the_command_itself_runs_under_spares_the_other_one(
    command: Start, portview: Portview, open_folder: Path
) -> None:
    """This test's own process is the parent of the command, and holds the socket as well."""
    import array  # noqa: PLC0415
    import socket  # noqa: PLC0415

    server = command("listen")
    way = str(open_folder / "way")
    with socket.socket(socket.AF_UNIX) as taking:
        taking.bind(way)
        taking.listen()
        server.begin("hand", way)
        with taking.accept()[0] as connection:
            _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(4))
            connection.send(b"x")
        server.hear()
    (number,) = array.array("i", ancillary[0][2])
    try:
        done = portview("free", str(server.port), "--yes", "--force", "--json")
        assert done.returncode == Outcome.NOT_DONE, done.stdout
        codes = {
            (step["refusal"] or {}).get("code") for step in json.loads(done.stdout)["plan"]["steps"]
        }
        assert "runs_portview" in codes
        assert server.is_running
    finally:
        os.close(number)
    done = portview("free", str(server.port), "--yes", "--json")
    assert done.returncode == Outcome.DONE, done.stdout
    assert not server.is_running
