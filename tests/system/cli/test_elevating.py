"""Commands of a user without rights, through a stand-in for pkexec that really has them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.errors import Outcome
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import Execution, ProcessKey
from portview.readers.execution import read_execution
from portview.readers.linux.display_servers import X_PORTS
from portview.readers.process_identity import process_key

if sys.platform != "win32":
    import pty

from tests.other_user import as_nobody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.system.actions.conftest import Server

pytestmark = [
    pytest.mark.linux_only("pkexec, and setpriv to become another user"),
    pytest.mark.root_only("becomes another user"),
]

ROOT = Path(__file__).resolve().parents[3]
WITH_TOOLS = ROOT / "tests" / "fakes" / "portview_with_tools.py"
AS_NOBODY = as_nobody()
OFFER = b"Run just this action as administrator? [y/N]"

# A shell, because another user may not get at the Python that runs the tests.
ASKS_THE_AGENT = """#!/bin/sh
printf '%s\\0' "$@" > '{folder}/errand'
cat '{folder}/answer'
exit "$(cat '{folder}/code')"
"""


class Agent:
    """Does as root what a stand-in for pkexec hands over, or declines like a person does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.declines = False
        self.elevated_requests: list[list[str]] = []
        self._elevated_request, self._answer, self._code = (
            folder / name for name in ("errand", "answer", "code")
        )
        for pipe in (self._elevated_request, self._answer, self._code):
            os.mkfifo(pipe)
            pipe.chmod(0o666)
        script = folder / "pkexec"
        script.write_text(ASKS_THE_AGENT.format(folder=folder), "utf-8")
        script.chmod(0o755)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while asked := self._elevated_request.read_text("utf-8"):
            self.elevated_requests.append(asked.split("\0")[:-1])
            output, code = self._do(self.elevated_requests[-1])
            self._answer.write_bytes(output)
            self._code.write_text(str(code), "utf-8")

    def _do(self, command: list[str]) -> tuple[bytes, int]:
        if self.declines:
            return b"", 126
        done = subprocess.run(command, check=False, capture_output=True, cwd=ROOT, timeout=60)
        return done.stdout, done.returncode

    @property
    def asked_as_nobody(self) -> dict[str, Any]:
        return {"prefix": AS_NOBODY, "tools": self.folder}

    def close(self) -> None:
        self._elevated_request.write_bytes(b"")
        self._thread.join()


@pytest.fixture
def agent() -> Iterator[Agent]:
    """Put the stand-in in pkexec's place, in a folder that another user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="portview-agent-"))
    folder.chmod(0o755)
    made = Agent(folder)
    yield made
    made.close()
    shutil.rmtree(folder)


def at_terminal(
    agent: Agent, arguments: Sequence[str], answers: Sequence[tuple[bytes, str]]
) -> tuple[int, str]:
    """Run a command as nobody at a terminal and answer each question when it is asked."""
    ours, theirs = pty.openpty()
    command = [*AS_NOBODY, sys.executable, str(WITH_TOOLS), str(agent.folder), *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT)
    os.close(theirs)
    said = b""
    try:
        for question, answer in answers:
            while question not in said:
                said += os.read(ours, 4096)
            os.write(ours, f"{answer}\n".encode())
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:
        pass  # Linux tells a closed terminal this way.
    os.close(ours)
    return process.wait(30), said.decode()


def ending(server: Server) -> tuple[str, ...]:
    return ("end", str(server.pid), "--started", iso_time(server.key.started_ms) or "")


def test_at_a_terminal_the_rights_are_offered_and_the_errand_done(
    serve: Callable[..., Server], agent: Agent
) -> None:
    server, neighbour = serve("polite"), serve("polite")
    code, said = at_terminal(agent, ending(server), [(b"Do this? [y/N]", "y"), (OFFER, "y")])
    assert code == Outcome.DONE, said
    assert "closed by itself" in said
    assert not server.is_running()
    assert neighbour.is_running()
    (elevated_request,) = agent.elevated_requests
    assert elevated_request[-5:-2] == ["errand", "stop", "ask"]
    assert elevated_request[-1].startswith(f"{server.pid}:{server.key.started_ms}:")


def test_declining_the_offer_keeps_the_exit_code_and_the_hint(
    serve: Callable[..., Server], agent: Agent
) -> None:
    server = serve("polite")
    code, said = at_terminal(agent, ending(server), [(b"Do this? [y/N]", "y"), (OFFER, "")])
    assert code == Outcome.NEEDS_ADMIN
    assert "sudo" in said
    assert agent.elevated_requests == []
    assert server.is_running()


def test_declining_the_prompt_of_the_system_is_a_calm_end(
    serve: Callable[..., Server], agent: Agent
) -> None:
    server = serve("polite")
    agent.declines = True
    code, said = at_terminal(agent, ending(server), [(b"Do this? [y/N]", "y"), (OFFER, "y")])
    assert code == Outcome.NOT_DONE
    assert "You declined the administrator rights; nothing was done." in said
    assert "sudo" not in said
    assert server.is_running()


def test_yes_alone_never_leads_to_a_prompt(serve: Callable[..., Server], agent: Agent) -> None:
    server = serve("polite")
    code, said = at_terminal(agent, (*ending(server), "--yes"), [])
    assert code == Outcome.NEEDS_ADMIN
    assert "[y/N]" not in said
    assert agent.elevated_requests == []
    assert server.is_running()


def test_elevate_asks_the_system_without_a_terminal(
    serve: Callable[..., Server],
    agent: Agent,
    portview: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    server = serve("polite")
    undecided = portview(*ending(server), "--elevate", **agent.asked_as_nobody)
    assert undecided.returncode == Outcome.NOT_DONE
    assert agent.elevated_requests == []
    assert server.is_running()

    suspend = ("suspend", *ending(server)[1:], "--yes", "--elevate", "--json")
    held = portview(*suspend, **agent.asked_as_nobody)
    assert held.returncode == Outcome.DONE, held.stderr
    assert json.loads(held.stdout)["report"]["execution"] == "suspended"
    assert read_execution(server.pid) is Execution.SUSPENDED

    done = portview(*ending(server), "--yes", "--elevate", "--json", **agent.asked_as_nobody)
    assert done.returncode == Outcome.DONE, done.stderr
    assert json.loads(done.stdout)["report"]["results"][0]["ending"] == "closed"
    assert not server.is_running()
    assert agent.elevated_requests[0][-3:-1] == ["errand", "suspend"]


def test_a_forged_start_time_is_refused_before_any_prompt(
    serve: Callable[..., Server],
    agent: Agent,
    portview: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    server = serve("polite")
    forged = ("end", str(server.pid), "--started", iso_time(server.key.started_ms + 10) or "")
    done = portview(*forged, "--yes", "--elevate", "--json", **agent.asked_as_nobody)
    assert json.loads(done.stdout)["error"]["code"] == "pid_reused"
    assert agent.elevated_requests == []
    assert server.is_running()


def test_a_holder_that_is_hidden_is_looked_up_and_stopped_by_two_errands(
    serve: Callable[..., Server],
    agent: Agent,
    portview: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    server, neighbour = serve("polite"), serve("polite")
    shown = portview("free", str(server.port), "--elevate", "--dry-run", **agent.asked_as_nobody)
    assert shown.returncode == Outcome.DONE, shown.stderr
    assert f"PID {server.pid}" in shown.stdout
    assert [elevated_request[-4:] for elevated_request in agent.elevated_requests] == [
        ["errand", "holders", "tcp", str(server.port)]
    ]
    assert server.is_running()

    done = portview(
        "free",
        str(server.port),
        "--yes",
        "--elevate",
        "--json",
        prefix=AS_NOBODY,
        tools=agent.folder,
    )
    assert done.returncode == Outcome.DONE, done.stderr
    document = json.loads(done.stdout)
    assert document["plan"]["steps"][0]["process"]["pid"] == server.pid
    assert document["report"]["results"][0]["ending"] == "closed"
    assert document["report"]["proof"]["verdict"] == "free"
    assert not server.is_running()
    assert neighbour.is_running()
    seen, socket = agent.elevated_requests[-1][-2:]
    assert seen.startswith(f"{server.pid}:{server.key.started_ms}:")
    assert socket.startswith(f"on=tcp,127.0.0.1:{server.port},")
    assert len(agent.elevated_requests) == 3


def test_at_a_terminal_looking_and_acting_are_asked_about_one_by_one(
    serve: Callable[..., Server], agent: Agent
) -> None:
    server = serve("polite")
    free = ("free", str(server.port))
    code, said = at_terminal(agent, free, [(OFFER, "y"), (b"Do this? [y/N]", "n")])
    assert code == Outcome.NOT_DONE
    assert f"PID {server.pid}" in said
    assert server.is_running()
    code, said = at_terminal(agent, free, [(OFFER, "n")])
    assert code == Outcome.NEEDS_ADMIN
    assert len(agent.elevated_requests) == 1
    assert server.is_running()


@pytest.fixture(params=["display", "ssh"])
def session(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Name a display or a connection that this process has, which nobody may look into."""
    with socket.socket() as server:
        for number in X_PORTS:
            with suppress(OSError):
                server.bind(("127.0.0.1", number))
                break
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0]:
            ends = f"127.0.0.1 {client.getsockname()[1]} 127.0.0.1 {port}"
            variables = {"SSH_CONNECTION": ends}
            if request.param == "display":
                variables = {"DISPLAY": f"localhost:{port - X_PORTS[0]}"}
            yield {"DISPLAY": "", "SSH_CONNECTION": "", **variables}


def test_what_can_not_be_decided_here_is_decided_and_done_as_administrator(
    serve: Callable[..., Server],
    agent: Agent,
    portview: Callable[..., subprocess.CompletedProcess[str]],
    session: dict[str, str],
) -> None:
    """Whether the display depends on another user's process can't be read here, and can there."""
    server, neighbour = serve("polite"), serve("polite")
    asked = {**agent.asked_as_nobody, "environment": session}
    refused = portview(*ending(server), "--yes", "--json", **asked)
    assert refused.returncode == Outcome.NEEDS_ADMIN, refused.stdout
    refusal = json.loads(refused.stdout)["plan"]["refusal"]
    assert (refusal["code"], refusal["needs_admin"]) == ("session_unreadable", True)
    undecided = portview(*ending(server), "--elevate", "--json", **asked)
    assert undecided.returncode == Outcome.NOT_DONE
    assert agent.elevated_requests == []
    assert server.is_running()

    done = portview(*ending(server), "--yes", "--elevate", "--json", **asked)
    assert done.returncode == Outcome.DONE, done.stdout + done.stderr
    assert json.loads(done.stdout)["report"]["results"][0]["ending"] == "closed"
    assert not server.is_running()
    assert neighbour.is_running()


def test_what_is_refused_as_administrator_as_well_is_left_alone(
    agent: Agent, portview: Callable[..., subprocess.CompletedProcess[str]], session: dict[str, str]
) -> None:
    """The test's own process carries the command, and nobody can see who shows its display."""
    key = process_key(os.getpid())
    assert isinstance(key, ProcessKey)
    words = ("end", str(key.pid), "--started", iso_time(key.started_ms) or "")
    asked = {**agent.asked_as_nobody, "environment": session}
    done = portview(*words, "--yes", "--elevate", "--json", **asked)
    assert done.returncode == Outcome.NOT_DONE, done.stdout
    assert process_key(os.getpid()) == key
