"""Run the steps of a build quietly, and show what they printed only when one fails."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING, BinaryIO, Final

from .errors import BenchError
from .visit import Visit, enter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_SHOWN_LINES: Final = 25


class StepLog:
    """Takes what the steps print."""

    def __init__(self, file: Path, stream: BinaryIO, name: str) -> None:
        self._file = file
        self._stream = stream
        self._name = name

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a command of this machine."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._stream,
            stderr=self._stream,
            env=dict(environment),
            check=False,
        )
        self._judge(done.returncode)

    def visit(self, visit: Visit) -> None:
        """Run a command in a root."""
        self._judge(enter(visit, output=self._stream, errors=self._stream))

    def _judge(self, code: int) -> None:
        if code == 0:
            return
        self._stream.flush()
        lines = self._file.read_text("utf-8", "replace").splitlines()[-_SHOWN_LINES:]
        message = "\n".join((f"{self._name} failed with exit code {code}:", *lines))
        raise BenchError(f"{message}\n(all of it is in {self._file})")


@contextlib.contextmanager
def logged(home: Path, name: str) -> Iterator[StepLog]:
    """Give a log for steps that belong together; `name` says in a message which they were."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "build.log"
    with file.open("wb") as stream:
        yield StepLog(file, stream, name)
