"""A server to be stopped, and the dialog that leads there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from portview.log import log_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    StartServer = Callable[[], tuple[subprocess.Popen[str], int]]

SERVER = Path(__file__).resolve().parents[3] / "system" / "actions" / "server.py"


@pytest.fixture(autouse=True)
def own_record(own_folders: None) -> Iterator[None]:
    """Let the record go to the test's own folder, which the log's path remembers otherwise."""
    log_path.cache_clear()
    yield
    log_path.cache_clear()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StartServer]:
    """Start polite servers, given with their ports, that end with the test."""
    yield from started("polite", tmp_path)


@pytest.fixture
def stubborn(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers that ignore every request to close, given with their ports."""
    yield from started("stubborn", tmp_path)


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers that say "hi" to their clients and keep them, given with their ports."""
    yield from started("serving", tmp_path)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[StartServer]:
    """Start supervisors, given with the ports of the servers that they start again and again."""
    yield from started("supervised", tmp_path)


def started(kind: str, folder: Path) -> Iterator[StartServer]:
    script = folder / SERVER.name
    shutil.copy(SERVER, script)
    script.chmod(0o644)
    processes: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            # What nobody else can change, so that root may start it again.
            [sys.executable, str(script), kind],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout
        port = int(json.loads(process.stdout.readline())["port"])
        if kind == "supervised":
            process.stdout.readline()  # The server itself has the port now.
        return process, port

    yield start
    for process in processes:
        children = psutil.Process(process.pid).children() if process.poll() is None else []
        process.kill()
        process.wait(10)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        assert process.stdout
        process.stdout.close()
