"""Servers in processes of the test's own, which alone are ever stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from portview.actions.safety.seen_process import SeenProcess
from portview.domain.owners.process import Execution, ProcessKey
from portview.log import log_path
from portview.readers import system_tools
from portview.readers.execution import read_execution
from portview.readers.process_identity import process_key
from portview.readers.running_program import read_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SERVER = Path(__file__).with_name("server.py")
COMMANDED = Path(__file__).with_name("commanded.py")
HOLDING = Path(__file__).with_name("holding.py")
WITH_TOOLS = Path(__file__).resolve().parents[2] / "fakes" / "portview_with_tools.py"
ROOT = Path(__file__).resolve().parents[3]


def seen_now(key: ProcessKey) -> SeenProcess:
    """Return a process as a plan would hold it if it were made now."""
    return SeenProcess(key, read_program(key))


class Server:
    """A process that holds a port, and what it told about itself."""

    def __init__(
        self,
        *arguments: str,
        prefix: tuple[str, ...] = (),
        script: Path = SERVER,
        folder: Path | None = None,
    ) -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, str(script), *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=sys.platform != "win32",
        )
        self._seen: dict[int, ProcessKey] = {}
        try:
            self.told = self.hear()
        except AssertionError:
            self.stop()
            raise
        self.port = int(self.told["port"])
        self.pid = int(self.told["pid"])

    def hear(self) -> dict[str, Any]:
        """Wait for the next line that one of the processes says."""
        assert self._process.stdout
        while True:
            line = self._process.stdout.readline()
            assert line, "the server ended without saying more"
            if line.strip():
                told = json.loads(line)
                self._remember(told)
                return dict(told)

    def _remember(self, told: dict[str, Any]) -> None:
        pids = [told["pid"], *told.get("children", [])]
        pids += [told[name] for name in ("child", "grandchild") if name in told]
        for pid in pids:
            key = process_key(pid)
            if isinstance(key, ProcessKey):
                self._seen[pid] = key

    @property
    def key(self) -> ProcessKey:
        """Return the identity of the process that spoke first."""
        return self._seen[self.pid]

    @property
    def seen(self) -> SeenProcess:
        """Return it as a person sees it now, without a port that it would be stopped for."""
        return seen_now(self.key)

    def key_of(self, pid: int) -> ProcessKey:
        """Return the identity of a process that it told of."""
        return self._seen[pid]

    def is_running(self, pid: int | None = None) -> bool:
        """Tell whether one of its processes still runs; a zombie does not."""
        key = self._seen[pid or self.pid]
        if process_key(key.pid) != key:
            return False
        with suppress(psutil.Error):
            return psutil.Process(key.pid).status() != psutil.STATUS_ZOMBIE
        return False

    def wait(self) -> None:
        """Wait until the process that spoke first has ended by itself, with all that it held."""
        self._process.wait(30)

    def stop(self) -> None:
        """End everything that it started."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            with suppress(psutil.Error):
                for child in psutil.Process(self._process.pid).children(recursive=True):
                    child.kill()
            self._process.kill()
            for pid, key in self._seen.items():
                if process_key(pid) == key:
                    with suppress(psutil.Error):
                        psutil.Process(pid).kill()
        self._process.wait(10)
        assert self._process.stdout
        self._process.stdout.close()


class Commanded:
    """A server that does what it is told (``commanded.py``)."""

    def __init__(self, prefix: tuple[str, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, str(COMMANDED)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=sys.platform != "win32",
        )
        self.pid = int(self.do("nothing")["pid"])
        key = process_key(self.pid)
        assert isinstance(key, ProcessKey)
        self.key = key
        self.port = 0

    def do(self, *words: str) -> dict[str, Any]:
        """Give a command and wait until it is done."""
        self.begin(*words)
        return self.hear()

    def begin(self, *words: str) -> None:
        """Give a command that is done later."""
        assert self._process.stdin
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for the answer to a command."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the server ended"
        said = dict(json.loads(line))
        if "port" in said:
            self.port = int(said["port"])
        return said

    def suspend(self) -> None:
        """Stop it with SIGSTOP, and wait until it is."""
        os.kill(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 30
        while read_execution(self.pid) is not Execution.SUSPENDED:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def exec(self, *argv: str) -> None:
        """Have it run another program, and wait until it does."""
        before = read_program(self.key)
        self.do("exec", *argv)
        deadline = time.monotonic() + 30
        while read_program(self.key).load == before.load:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    @property
    def is_running(self) -> bool:
        """Tell whether it runs; a zombie does not."""
        return runs(self.key)

    def stop(self) -> None:
        """End it with everything that it started."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait(10)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            with suppress(BrokenPipeError):
                stream.close()


def runs(key: ProcessKey) -> bool:
    """Tell whether this very process runs; a zombie does not."""
    if process_key(key.pid) != key:
        return False
    with suppress(psutil.Error):
        return psutil.Process(key.pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def command() -> Iterator[Callable[..., Commanded]]:
    """Start servers that do what they are told and are stopped with the test."""
    servers: list[Commanded] = []

    def start(*words: str, prefix: tuple[str, ...] = ()) -> Commanded:
        servers.append(Commanded(prefix))
        if words:
            servers[-1].do(*words)
        return servers[-1]

    yield start
    # The last ones first: who holds another in a debugger lets it go by ending.
    for server in reversed(servers):
        server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> dict[str, Path]:
    """Return where a server lies that nobody but this user can change, as a checkout need not."""
    script = tmp_path / SERVER.name
    shutil.copy(SERVER, script)
    script.chmod(0o644)
    return {"script": script, "folder": tmp_path}


class Holder:
    """A process of holding.py, which ends when its input does; ``prefix`` is how it is run."""

    def __init__(self, *arguments: str, prefix: tuple[str, ...] = (), **more: Any) -> None:
        self.process = subprocess.Popen(
            [*(prefix or (sys.executable, str(HOLDING))), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **more,
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.stop()
        assert line, "it ended without saying anything"
        self.told = json.loads(line)
        self.pid = int(self.told["pid"])
        self.port = int(self.told.get("port", 0))

    @property
    def key(self) -> ProcessKey:
        """Return its identity."""
        key = process_key(self.pid)
        assert isinstance(key, ProcessKey)
        return key

    def stop(self) -> None:
        """End it and what it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def hold() -> Iterator[Callable[..., Holder]]:
    """Start processes that hold an end of a session; they are ended with the test."""
    holders: list[Holder] = []

    def start(*arguments: str, **more: Any) -> Holder:
        holders.append(Holder(*arguments, **more))
        return holders[-1]

    yield start
    for holder in holders:
        holder.stop()


@pytest.fixture
def pkexec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a stand-in in pkexec's place that runs a line of shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(system_tools, "_folders", (str(folder), *system_tools.TOOL_FOLDERS))
    # pkexec hands none of our variables on, which name the test's own folders.
    log = f"export PORTVIEW_LOG_DIR='{tmp_path}'"

    def put(line: str) -> None:
        (folder / "pkexec").write_text(f"#!/bin/sh\n{log}\n{line}\n", "utf-8")
        (folder / "pkexec").chmod(0o755)

    return put


@pytest.fixture(autouse=True)
def own_record(own_folders: None) -> Iterator[None]:
    """Let the record go to the test's own folder, which the log's path remembers otherwise."""
    log_path.cache_clear()
    yield
    log_path.cache_clear()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that are stopped with the test."""
    servers: list[Server] = []

    def start(*arguments: str, **more: Any) -> Server:
        servers.append(Server(*arguments, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def portview() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command of PortView in a process of its own, without a terminal.

    Programs in ``tools`` stand in for the system's.
    """

    def run(
        *arguments: str,
        prefix: tuple[str, ...] = (),
        tools: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        program = (str(WITH_TOOLS), str(tools)) if tools else ("-m", "portview")
        return subprocess.run(
            [*prefix, sys.executable, *program, *arguments],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            # As the built program speaks by its manifest; a plain Python speaks Windows' code page.
            encoding="utf-8",
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **(environment or {})},
            cwd=ROOT,
            timeout=90,
        )

    return run


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
