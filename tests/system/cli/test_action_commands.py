"""The commands as programs and people use them: exit codes, JSON, and never without consent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.actions.confirmation.history import read_records
from portview.domain.errors import Outcome
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import ProcessKey

if sys.platform != "win32":
    import pty

from tests.other_user import as_nobody

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from tests.system.actions.conftest import Commanded, Server

    Portview: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).resolve().parents[3]
AS_NOBODY = as_nobody()


def test_free_without_a_terminal_and_without_yes_stops_nothing(
    serve: Callable[..., Server], portview: Portview
) -> None:
    server = serve("polite")
    for extra in ((), ("--json",), ("--force", "--tree")):
        done = portview("free", str(server.port), *extra)
        assert done.returncode == Outcome.NOT_DONE
        assert "confirmation was not possible" in done.stderr
        assert "--yes" in done.stderr
        assert server.is_running()


def test_free_frees_and_tells_in_json(serve: Callable[..., Server], portview: Portview) -> None:
    server = serve("polite")
    shown = portview("free", str(server.port), "--dry-run", "--json")
    assert shown.returncode == 0
    assert server.is_running()
    plan = json.loads(shown.stdout)
    assert (plan["dry_run"], plan["report"]) == (True, None)
    (step,) = plan["plan"]["steps"]
    assert step["process"]["pid"] == server.pid
    assert step["process"]["process_started"] == iso_time(server.key.started_ms)
    assert step["sockets"][0]["local_port"] == server.port

    done = portview("free", str(server.port), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)["report"]
    assert report["outcome"] == "done"
    assert report["proof"]["verdict"] == "free"
    assert report["results"][0]["pid"] == server.pid
    assert not server.is_running()

    (record,) = read_records()
    assert record.processes[0].pid == server.pid
    assert record.processes[0].command_line
    assert record.processes[0].working_directory
    assert record.outcome is Outcome.DONE


def test_free_of_a_free_port_is_done(portview: Portview) -> None:
    done = portview("free", "1", "--json")
    document = json.loads(done.stdout)
    assert document["plan"]["steps"] == []


def test_mistakes_are_told_before_anything_is_looked_at(portview: Portview) -> None:
    for words in (
        ("free", "http"),
        ("free", "70000"),
        ("free", "80", "--grace", "soon"),
        ("free", "80", "--address", "somewhere"),
        ("end", "x", "--started", "2026-01-01T00:00:00Z"),
        ("end", "1"),
        ("end", "1", "--started", "yesterday"),
        ("end", "1", "--started", "2026-01-01T00:00:00"),
        ("close", "80", "81"),
        ("close", "::1:80", "127.0.0.1:1"),
        ("service", "pause", "x"),
    ):
        done = portview(*words)
        assert done.returncode == Outcome.BAD_INPUT, words
        assert done.stderr.startswith("portview: ")
        assert "Traceback" not in done.stderr


def test_end_needs_the_right_start_time(serve: Callable[..., Server], portview: Portview) -> None:
    server = serve("polite")
    key = server.key
    wrong = iso_time(key.started_ms + 10) or ""
    refused = portview("end", str(key.pid), "--started", wrong, "--yes", "--force", "--json")
    assert refused.returncode == Outcome.NOT_DONE
    assert json.loads(refused.stdout)["error"]["code"] == "pid_reused"
    assert server.is_running()

    right = iso_time(key.started_ms) or ""
    undecided = portview("end", str(key.pid), "--started", right)
    assert undecided.returncode == Outcome.NOT_DONE
    assert server.is_running()

    done = portview("end", str(key.pid), "--started", right, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["report"]["results"][0]["pid"] == key.pid
    assert not server.is_running()


def test_end_with_tree_ends_what_runs_under_it(
    serve: Callable[..., Server], portview: Portview
) -> None:
    server = serve("tree")
    right = iso_time(server.key.started_ms) or ""
    done = portview("end", str(server.pid), "--started", right, "--tree", "--yes")
    assert done.returncode == 0, done.stderr
    for pid in (server.pid, server.told["child"], server.told["grandchild"]):
        assert not server.is_running(pid)


def test_what_runs_the_command_is_refused(portview: Portview) -> None:
    """This test's own process is the parent of the command."""
    from portview.readers.process_identity import process_key  # noqa: PLC0415

    key = process_key(os.getpid())
    assert isinstance(key, ProcessKey)
    started = iso_time(key.started_ms) or ""
    done = portview("end", str(key.pid), "--started", started, "--yes", "--force", "--json")
    assert done.returncode == Outcome.NOT_DONE
    assert json.loads(done.stdout)["plan"]["refusal"]["code"] == "runs_portview"


@pytest.mark.linux_only("another user's process, and setpriv to become one")
@pytest.mark.root_only("becomes another user")
def test_another_users_process_needs_rights(
    serve: Callable[..., Server], portview: Portview, tmp_path: Path
) -> None:
    server = serve("polite")
    hidden = portview("free", str(server.port), "--yes", "--json", prefix=AS_NOBODY)
    assert hidden.returncode == Outcome.NEEDS_ADMIN
    assert json.loads(hidden.stdout)["plan"]["steps"][0]["refusal"]["code"] == "owner_hidden"
    started = iso_time(server.key.started_ms) or ""
    denied = portview(
        "end", str(server.pid), "--started", started, "--yes", "--json", prefix=AS_NOBODY
    )
    assert denied.returncode == Outcome.NEEDS_ADMIN
    assert f"sudo {sys.executable} -I -m portview end {server.pid} " in denied.stderr
    assert json.loads(denied.stdout)["report"]["results"][0]["ending"] == "denied"
    assert server.is_running()


@pytest.mark.linux_only("capabilities, and setpriv to give one up")
@pytest.mark.root_only("is root without a capability")
def test_root_is_never_told_to_become_root(
    serve: Callable[..., Server], portview: Portview
) -> None:
    server = serve("polite", prefix=AS_NOBODY)
    without_ptrace = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
    done = portview("free", str(server.port), "--yes", "--json", prefix=without_ptrace)
    assert done.returncode == Outcome.NOT_DONE
    assert "sudo" not in done.stderr
    (step,) = json.loads(done.stdout)["plan"]["steps"]
    assert step["refusal"]["code"] == "missing_capability"
    assert "CAP_SYS_PTRACE" in step["refusal"]["reason"]
    assert step["refusal"]["needs_admin"] is False

    started = iso_time(server.key.started_ms) or ""
    without_kill = ("setpriv", "--bounding-set=-kill", "--inh-caps=-kill")
    done = portview("end", str(server.pid), "--started", started, "--yes", prefix=without_kill)
    assert done.returncode == Outcome.NOT_DONE
    assert "sudo" not in done.stderr
    assert "CAP_KILL" in done.stdout + done.stderr
    assert server.is_running()


@pytest.mark.linux_only("pseudo terminals")
@pytest.mark.parametrize("change", ["close", "move", "exec", "fork", "nothing"])
def test_what_changes_while_the_person_reads_is_left_alone(
    command: Callable[..., Commanded], change: str
) -> None:
    server = command("listen")
    port = server.port
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "portview", "free", str(port)]
    process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT)
    os.close(theirs)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(ours, 4096)
    if change == "exec":
        server.exec("/bin/sleep", "120")
    else:
        server.do(change)
    os.write(ours, b"y\n")
    with suppress(OSError):  # Linux tells a closed terminal this way.
        while piece := os.read(ours, 4096):
            said += piece
    os.close(ours)
    code = process.wait(30)
    if change == "nothing":
        assert code == 0
        assert not server.is_running
        return
    assert server.is_running
    assert b"Nothing was done." in said
    assert b"freed" not in said
    assert code == (0 if change in {"close", "move"} else 1), "the port is free, or it is not"


@pytest.mark.linux_only("pseudo terminals")
@pytest.mark.parametrize(("answer", "is_stopped"), [("y", True), ("", False), ("no", False)])
def test_at_a_terminal_it_shows_the_plan_and_asks(
    serve: Callable[..., Server], answer: str, is_stopped: bool
) -> None:
    server = serve("polite")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "portview", "free", str(server.port)]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT)
    os.close(theirs)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(ours, 4096)
    assert f"PID {server.pid}".encode() in said
    assert server.is_running()
    os.write(ours, f"{answer}\n".encode())
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:
        pass  # Linux tells a closed terminal this way.
    os.close(ours)
    assert process.wait(30) == (0 if is_stopped else 1)
    assert server.is_running() is not is_stopped
    assert (b"is free" in said) is is_stopped
