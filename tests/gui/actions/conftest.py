"""A server to be stopped, and the dialog that leads there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.log import log_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVER = Path(__file__).resolve().parents[2] / "system" / "actions" / "server.py"


@pytest.fixture(autouse=True)
def own_record(own_folders: None) -> Iterator[None]:
    """Let the record go to the test's own folder, which the log's path remembers otherwise."""
    log_path.cache_clear()
    yield
    log_path.cache_clear()


@pytest.fixture
def server() -> Iterator[Callable[[], tuple[subprocess.Popen[str], int]]]:
    """Start polite servers, given with their ports, that end with the test."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, str(SERVER), "polite"], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout
        return process, int(json.loads(process.stdout.readline())["port"])

    yield start
    for process in started:
        process.kill()
        process.wait(10)
        assert process.stdout
        process.stdout.close()
