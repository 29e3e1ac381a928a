"""Runs a command of a repair: as arguments, never through a shell, and ends all of it in time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.processes.started_tree import StartedTree
from portview.domain.cancellation import CancelToken
from portview.readers.windows.system_programs import CREATE_NO_WINDOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARK = "PORTVIEW_REPAIR"
"""A variable by which processes of a command are known again that have left its tree."""
_LOOK_EVERY_S = 0.05


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
    tree = StartedTree(process.pid, (MARK, mark))
    ends = time.monotonic() + timeout_s
    while True:
        code = process.poll()
        if code is not None:
            return CommandEnd(code)
        # What leaves the tree later is known from here.
        tree.look()
        if time.monotonic() >= ends or cancel.wait(_LOOK_EVERY_S):
            break
    tree.end(process)
    return CommandEnd(None, is_late=True)
