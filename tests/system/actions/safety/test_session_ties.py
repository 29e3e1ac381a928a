"""What PortView's own session depends on: real displays, terminals and connections."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from portview.domain.facts import ABSENT, Known
from portview.domain.owners.session_ties import SessionTie
from portview.readers.linux.session_ties import session_ties
from portview.readers.running_processes import running_processes
from tests.system.actions.conftest import HOLDING, ROOT, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.system.actions.conftest import Holder

pytestmark = pytest.mark.linux_only("terminals, Unix sockets and /proc of Linux")

NONE = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "SSH_CONNECTION": ""}
IN_TERMINAL = (
    "import os, sys; os.setsid(); terminal = os.open(sys.argv[1], os.O_RDWR); "
    "os.dup2(terminal, 2); os.execvp(sys.argv[2], sys.argv[2:])"
)
"""Makes a terminal the controlling one and runs a command there."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Make a folder whose paths fit into a Unix socket's address (108 bytes)."""
    with TemporaryDirectory(prefix="pv-", dir="/tmp") as made:
        yield Path(made)


@pytest.fixture
def plan_step(portview: Callable[..., subprocess.CompletedProcess[str]]):  # noqa: ANN201
    """Ask PortView, in an environment and a terminal of choice, what it would do to a port."""

    def ask(port: int, prefix: tuple[str, ...] = (), **environment: str) -> tuple[str, str | None]:
        words = ["free", str(port), "--dry-run", "--json"]
        done = portview(*words, prefix=prefix, environment={**NONE, **environment})
        (step,) = json.loads(done.stdout)["plan"]["steps"]
        return step["action"], (step["refusal"] or {}).get("code")

    return ask


REFUSED_DISPLAY = ("refuse", "session_display")
ASKED = ("ask_to_close", None)


@contextmanager
def x_server() -> Iterator[str]:
    """Run a real X server that also takes TCP, and yield its number."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-listen", "tcp", "-nolisten", "local"],  # noqa: S607
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb did not start"
        yield number
    finally:
        server.terminate()
        server.wait(10)


def test_the_x_server_that_is_looked_at_is_refused_and_another_is_not(
    plan_step: Callable[..., tuple[str, str | None]],
) -> None:
    with x_server() as mine, x_server() as other:
        port = 6000 + int(mine)
        assert plan_step(port, DISPLAY=f":{mine}") == REFUSED_DISPLAY
        assert plan_step(port, DISPLAY=f":{mine}.0") == REFUSED_DISPLAY
        assert plan_step(port, DISPLAY=f"unix:{mine}") == REFUSED_DISPLAY
        assert plan_step(port, DISPLAY=f"localhost:{mine}") == REFUSED_DISPLAY
        assert plan_step(port, DISPLAY=f":{other}") == ASKED
        assert plan_step(port, DISPLAY=f"localhost:{other}") == ASKED
        assert plan_step(port) == ASKED


def test_the_display_of_whoever_started_portview_counts_as_well(
    plan_step: Callable[..., tuple[str, str | None]],
) -> None:
    """As where ``sudo`` leaves it out."""
    with x_server() as number:
        prefix = ("env", f"DISPLAY=:{number}", "sh", "-c", 'env -u DISPLAY "$@"; exit $?', "sh")
        assert plan_step(6000 + int(number), prefix) == REFUSED_DISPLAY


def test_the_wayland_compositor_that_is_looked_at_is_refused(
    plan_step: Callable[..., tuple[str, str | None]], hold: Callable[..., Holder], folder: Path
) -> None:
    holder = hold("display", str(folder / "wayland-7"))
    other = hold("display", str(folder / "wayland-8"))
    where = {"XDG_RUNTIME_DIR": str(folder)}
    assert ties({**where, "WAYLAND_DISPLAY": "wayland-7"}).of(holder.pid) == Known(
        SessionTie.DISPLAY
    )
    assert ties({**where, "WAYLAND_DISPLAY": "wayland-7"}).of(other.pid) == ABSENT
    assert ties({"WAYLAND_DISPLAY": f"{folder}/wayland-8"}).of(other.pid) == Known(
        SessionTie.DISPLAY
    )
    assert ties({}).of(holder.pid) == ABSENT


def test_the_terminal_that_it_is_typed_in_is_refused(
    plan_step: Callable[..., tuple[str, str | None]], hold: Callable[..., Holder]
) -> None:
    terminal, other = hold("terminal"), hold("terminal")
    inside = (sys.executable, "-c", IN_TERMINAL, terminal.told["terminal"])
    assert plan_step(terminal.port, inside) == ("refuse", "session_terminal")
    assert plan_step(other.port, inside) == ASKED
    assert plan_step(terminal.port) == ASKED


@pytest.mark.parametrize("kind", ["tmux", "screen"])
def test_a_multiplexer_is_refused_and_the_terminal_that_shows_it(
    kind: str, hold: Callable[..., Holder], folder: Path
) -> None:
    ready = folder / "pid"
    pane = f"echo $$ > {ready}; exec sleep 60"
    commands = {
        "tmux": ["tmux", "-f", "/dev/null", "-S", str(folder / "t"), "new-session", pane],
        "screen": ["screen", "-c", "/dev/null", "sh", "-c", pane],
    }
    environment = {**os.environ, **NONE, "SCREENDIR": str(folder)}
    environment.pop("TMUX", None)
    terminal = hold("terminal", *commands[kind], env=environment)
    other = hold("terminal")
    wait_until(lambda: ready.exists() and bool(ready.read_text("ascii").strip()))
    inside = int(ready.read_text("ascii"))
    processes = running_processes()
    found = session_ties(processes, inside)
    server = processes[inside].parent_pid
    try:
        assert found.of(terminal.pid) == Known(SessionTie.TERMINAL)
        assert isinstance(found.of(terminal.told["child"]), Known)
        assert found.of(other.pid) == ABSENT
        assert server in {key.pid for key in chain_of(inside)}, "it runs above, and is refused so"
    finally:
        os.kill(inside, signal.SIGKILL)
        wait_until(lambda: server not in running_processes() or is_zombie(server))


def test_the_ssh_connection_is_refused_and_others_are_not(
    plan_step: Callable[..., tuple[str, str | None]], hold: Callable[..., Holder]
) -> None:
    mine, other = hold("carried"), hold("carried")
    connection = {"SSH_CONNECTION": mine.told["connection"]}
    assert plan_step(mine.port, **connection) == ("refuse", "session_ssh")
    assert plan_step(other.port, **connection) == ASKED
    assert plan_step(mine.port) == ASKED


def test_what_carries_the_display_elsewhere_is_refused(
    hold: Callable[..., Holder], folder: Path
) -> None:
    display, inner = str(folder / "wayland-7"), str(folder / "xrdp_display_7")
    server = hold("display", display, inner)
    relay = hold("relay", inner)
    window, idle = hold("relay", display), hold("visited")
    found = ties({"WAYLAND_DISPLAY": display})
    assert found.of(server.pid) == Known(SessionTie.DISPLAY)
    assert found.of(relay.pid) == Known(SessionTie.REMOTE_DESKTOP)
    assert found.of(window.pid) == ABSENT, "a program with a window that also serves a port"
    assert found.of(idle.pid) == ABSENT


def test_a_remote_desktop_server_counts_only_while_somebody_is_connected(
    hold: Callable[..., Holder], folder: Path
) -> None:
    program = folder / "x11vnc"
    shutil.copy(os.path.realpath(sys.executable), program)
    display = hold("display", str(folder / "wayland-7"))
    busy = hold("visited", prefix=(str(program), str(HOLDING)))
    idle = hold("serving", prefix=(str(program), str(HOLDING)))
    found = ties({"WAYLAND_DISPLAY": str(folder / "wayland-7")})
    assert found.of(display.pid) == Known(SessionTie.DISPLAY)
    assert found.of(busy.pid) == Known(SessionTie.REMOTE_DESKTOP)
    assert found.of(idle.pid) == ABSENT
    assert ties({}).of(busy.pid) == ABSENT, "no display leads here"


def test_without_a_session_nothing_is_looked_for() -> None:
    assert ties({}).found == {}


def ties(environment: dict[str, str]):  # noqa: ANN201
    """Return the ties of a process without a terminal that has only this environment."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"],
        stdin=subprocess.PIPE,
        env=environment,
        start_new_session=True,
        cwd=ROOT,
    )
    with process:
        # Until it has started its program, it still has the environment of this test.
        wait_until(lambda: b"input()" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        processes = running_processes()
        # Its ancestors are those of this test run, which may well have a session of their own.
        alone = {process.pid: processes[process.pid]._replace(parent_pid=0)}
        found = session_ties({**processes, **alone}, process.pid)
        process.communicate(b"\n")
    return found


def chain_of(pid: int):  # noqa: ANN201
    from portview.domain.owners.process_tree import ancestors_of  # noqa: PLC0415

    return ancestors_of(running_processes(), pid)


def is_zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return True
