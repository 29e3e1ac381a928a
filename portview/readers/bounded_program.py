"""Run a program of the system, bounded in time and in what it may print."""

from __future__ import annotations

import subprocess
import threading
import time
from typing import IO, TYPE_CHECKING, NamedTuple

from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MAX_OUTPUT_BYTES = 64_000_000
"""More than nft prints of a set with 100,000 elements."""

_CHUNK = 65536
_LAST_WORDS_S = 1.0


class ProgramEnd(NamedTuple):
    """How a program ended and what it printed."""

    code: int
    output: bytes
    error: bytes


class TooMuchOutputError(OSError):
    """A program that printed more than anybody reads, and was stopped for it."""


class _Reader(threading.Thread):
    """Reads a pipe to its end, or until it is too much."""

    def __init__(self, pipe: IO[bytes], most: int, process: subprocess.Popen[bytes]) -> None:
        super().__init__(name="program output", daemon=True)  # untranslated: a thread
        self._pipe, self._most, self._process = pipe, most, process
        self.data = bytearray()
        self.is_too_much = False
        self.start()

    def run(self) -> None:
        with self._pipe:
            while piece := self._pipe.read1(_CHUNK):  # type: ignore[attr-defined]
                self.data += piece
                if len(self.data) > self._most:
                    self.is_too_much = True
                    self._process.kill()
                    return


def run_bounded(
    arguments: Sequence[str],
    *,
    timeout_s: float,
    max_bytes: int = MAX_OUTPUT_BYTES,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    creationflags: int = 0,
) -> ProgramEnd:
    """Run a program to its end, without a shell and without input.

    Ends with the time limit even where a child of the program keeps its output open. Raises
    subprocess.TimeoutExpired, TooMuchOutputError, and OSError where it can't be started; the
    program is stopped then. Any thread.
    """
    ends = time.monotonic() + timeout_s
    process = subprocess.Popen(  # noqa: S603 - callers name a program of the system
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=cwd,
        creationflags=creationflags,
    )
    if process.stdout is None or process.stderr is None:
        raise AssertionError  # Both are pipes.
    output = _Reader(process.stdout, max_bytes, process)
    error = _Reader(process.stderr, max_bytes, process)
    try:
        code = process.wait(timeout_s)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        for reader in (output, error):
            reader.join(max(_LAST_WORDS_S, ends - time.monotonic()))
    if output.is_too_much or error.is_too_much:
        raise TooMuchOutputError(
            _("it printed more than {max_bytes} bytes").format(max_bytes=max_bytes)
        )
    if output.is_alive() or error.is_alive():
        raise subprocess.TimeoutExpired(list(arguments), timeout_s)
    return ProgramEnd(code, bytes(output.data), bytes(error.data))
