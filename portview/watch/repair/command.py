"""Runs a command of a repair: as arguments, never through a shell, and ends all of it in time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from portview.domain.cancellation import CancelToken
from portview.readers.windows.system_programs import CREATE_NO_WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARK = "PORTVIEW_REPAIR"
"""A variable by which processes of a command are known again that have left its tree."""
_LOOK_EVERY_S = 0.05
_ROUNDS = 20
_LONGEST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How a command ended. ``code`` is None where time ran out, or where it could not start."""

    code: int | None
    is_late: bool = False
    problem: str = ""


def run_command(
    command: Sequence[str],
    variables: Mapping[str, str],
    timeout_s: float,
    cancel: CancelToken | None = None,
) -> CommandEnd:
    """Run a command and wait for it; at its time limit everything that it started is ended.

    One that ends by itself leaves what it started in the background alone. It gets no input, and
    what it prints goes nowhere. Blocks; any thread. When called off it is ended like one that is
    late.
    """
    cancel = cancel or CancelToken()
    mark = uuid.uuid4().hex
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own command, as arguments
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **variables, MARK: mark},
            start_new_session=sys.platform != "win32",
            creationflags=CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return CommandEnd(None, problem=reason)
    seen: dict[int, psutil.Process] = {}
    ends = time.monotonic() + timeout_s
    while True:
        code = process.poll()
        if code is not None:
            return CommandEnd(code)
        # What leaves the tree later is known from here.
        _remember(process.pid, seen)
        if time.monotonic() >= ends or cancel.wait(_LOOK_EVERY_S):
            break
    _end_everything(process, seen, mark)
    return CommandEnd(None, is_late=True)


def _remember(pid: int, seen: dict[int, psutil.Process]) -> None:
    try:
        for child in psutil.Process(pid).children(recursive=True):
            seen.setdefault(child.pid, child)
    except psutil.Error:
        pass


def _end_everything(
    process: subprocess.Popen[bytes], seen: dict[int, psutil.Process], mark: str
) -> None:
    """End a command and all that it started, until a look finds nothing more."""
    for _round in range(_ROUNDS):
        _remember(process.pid, seen)
        for known in list(seen.values()):
            _remember(known.pid, seen)
        alive = [one for one in (*seen.values(), *_marked(mark)) if _is_alive(one)]
        if process.poll() is None:
            process.kill()
        if not alive:
            break
        for one in alive:
            try:
                # psutil compares the start time first: a reused PID is left alone.
                one.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(alive, timeout=_LONGEST_WAIT_S)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_LONGEST_WAIT_S)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _marked(mark: str) -> list[psutil.Process]:
    """Return the processes that carry the mark, sessions of their own included."""
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
