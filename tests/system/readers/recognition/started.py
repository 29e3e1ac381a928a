"""Servers from packages: started in a project's folder, waited for, and read as PortView reads."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.domain.json_schema import socket_object
from portview.domain.sockets.socket_row import awaits_clients
from portview.readers.choose import open_reader
from portview.readers.recognition.identities import identify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from portview.domain.sockets.socket_row import SocketRow

SERVERS = Path(sys.prefix) / "test-tools" / "servers"
"""Where ``packaging/test_servers`` lays the servers out."""

PORT = 18080
"""Each test has a network of its own, so that all may use the same one."""

SECRET = "hunter2-Zx81-Qq99-secret"  # noqa: S105 - no password of anything
PATIENCE_S = 90.0


class Shown(NamedTuple):
    """What PortView shows of one socket of a port."""

    pid: int
    what: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Started:
    """How a server is started.

    ``command`` is its command line, of which the first word is looked up among the laid out
    servers; ``files`` are written before, below the folder, and ``prepare`` does more. ``{port}``,
    ``{here}`` (the folder) and ``{system}`` (the unpacked packages' /usr) are put in everywhere.
    """

    command: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], object] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def is_laid_out(part: str) -> bool:
    return (SERVERS / f"{part}.stamp").exists()


def find_tool(name: str) -> str:
    """Return the program of a name: of the laid out servers, or as it is installed."""
    system = SERVERS / "system" / "usr"
    places = [
        SERVERS / "python" / "bin",
        SERVERS / "node" / "node_modules" / ".bin",
        SERVERS / "go" / "go" / "bin",
        *(system / below for below in ("sbin", "bin")),
    ]
    path = os.pathsep.join([*map(str, places), os.environ["PATH"], "/usr/sbin", "/sbin"])
    found = shutil.which(name, path=path)
    assert found, f"{name} is not there, though the servers were laid out"
    return found


def environment_of(program: str) -> dict[str, str]:
    """Return variables with which an unpacked program finds its libraries, and secrets."""
    variables = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        "DATABASE_PASSWORD": SECRET,
        "API_TOKEN": SECRET,
    }
    system = SERVERS / "system"
    if program.startswith(str(system)):
        below = ("usr/lib", "lib")
        folders = [folder for each in below for folder in (system / each).glob("*-linux-gnu*")]
        variables["LD_LIBRARY_PATH"] = ":".join(map(str, [*folders, system / "usr/lib"]))
        native = [place for each in folders for place in each.glob("ruby/*")]
        ruby = (system / "usr/lib/ruby").glob("[v0-9]*")
        variables["RUBYLIB"] = ":".join(map(str, [*ruby, *native]))
        gems = [place for each in folders for place in each.glob("rubygems-integration/[0-9]*")]
        gems.append(system / "usr/share/rubygems-integration/all")
        variables["GEM_PATH"] = ":".join(map(str, gems))
    return variables


def _filled(text: str, folder: Path) -> str:
    """Return a text with the port, the folder and the place of the unpacked packages put in."""
    text = text.replace("{port}", str(PORT)).replace("{here}", str(folder))
    return text.replace("{system}", str(SERVERS / "system" / "usr"))


@contextmanager
def started(server: Started, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a folder until the block ends, with all that it started."""
    for name, text in server.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(_filled(text, folder))
    if server.prepare is not None:
        server.prepare(folder)
    first, *words = server.command
    program = first if "/" in first else find_tool(first)
    filled = [_filled(word, folder) for word in words]
    log = folder.parent / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [_filled(program, folder), *filled],
            cwd=folder,
            env={
                **environment_of(program),
                **{name: _filled(value, folder) for name, value in server.environment.items()},
            },
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for ending in (signal.SIGTERM, signal.SIGKILL):
            # All of its session, because masters may leave workers behind.
            _signal_session(process.pid, ending)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        assert process.stdin
        process.stdin.close()


def _signal_session(session: int, number: int) -> None:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                os.kill(int(entry.name), number)
        except (OSError, ValueError, IndexError):
            continue


def _serves(row: SocketRow, port: int) -> bool:
    return row.local.port == port and awaits_clients(row) and row.owner is not None


def shown(
    process: subprocess.Popen[bytes], folder: Path, *, port: int = PORT, least: int = 1
) -> list[Shown]:
    """Wait until a port is served by so many processes, and return what PortView shows of them."""
    reader = open_reader()
    deadline = time.monotonic() + PATIENCE_S
    try:
        while True:
            snapshot = reader.read_settled()
            rows = [row for row in snapshot.rows if _serves(row, port)]
            if len({row.owner for row in rows}) >= least:
                break
            log = (folder.parent / "log").read_text(errors="replace")[-2000:]
            # A daemon's first process ends in peace.
            assert process.poll() in {None, 0}, f"the server ended: {log}"
            assert time.monotonic() < deadline, f"the server does not listen: {log}"
            time.sleep(0.05)
    finally:
        reader.close()
    reader = open_reader()
    try:
        # Read once more: a title that a program gives itself is in its place by now.
        snapshot = reader.read_settled()
    finally:
        reader.close()
    rows = [row for row in snapshot.rows if _serves(row, port)]
    processes = identify(
        snapshot.processes, [row.owner for row in rows if row.owner], deadline_s=PATIENCE_S
    )
    found = [socket_object(row, processes[row.owner]) for row in rows if row.owner]
    return [Shown(each["pid"], each["what"] or "", each) for each in found]
