"""Child processes that hold sockets, and readers to look at them with."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.readers.linux.sockets import LinuxSocketReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Words: TypeAlias = tuple[str, ...]
    Numbers: TypeAlias = tuple[int, ...]

ROOT = Path(__file__).resolve().parents[3]
_SECONDS_TO_END = 10


class Child:
    """A child process that runs Python code, line by line in step with the test.

    The code says a line with ``print(..., flush=True)`` and waits with ``input()``. ``prefix`` is
    a command to run it under, ``keep`` are descriptors that it inherits.
    """

    def __init__(self, code: str, *arguments: str, prefix: Words = (), keep: Numbers = ()) -> None:
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            pass_fds=keep,
        )
        self.pid = self._process.pid

    def hear(self) -> str:
        """Wait for the next line that the child says."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the child ended without saying more"
        return line.rstrip("\n")

    def say(self, line: str = "") -> None:
        """Let the child continue."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def leave(self) -> None:
        """Ask the child to end without its clean-up, and wait for it."""
        self.say("leave")
        self._process.wait(_SECONDS_TO_END)

    def kill(self) -> None:
        """End the child at once, as a crash would."""
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Close its input, wait, and kill what does not end."""
        assert self._process.stdin
        assert self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process.stdout.close()


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Start children that are ended with the test."""
    children: list[Child] = []

    def start(code: str, *arguments: str, prefix: Words = (), keep: Numbers = ()) -> Child:
        children.append(Child(code, *arguments, prefix=prefix, keep=keep))
        return children[-1]

    yield start
    for each in children:
        each.end()


@pytest.fixture
def reader() -> Iterator[LinuxSocketReader]:
    """Open the native reader."""
    opened = LinuxSocketReader()
    yield opened
    opened.close()
