"""Start a stopped process again, as it was started before; only where all of that is known."""

from __future__ import annotations

import getpass
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.plain_text import inert

if TYPE_CHECKING:
    from portview.actions.confirmation.history import StoppedProcess

_SETTLE_S = 0.5
"""How long a program that was started wrongly may take to end again."""

_CREATE_NEW_PROCESS_GROUP, _DETACHED_PROCESS = 0x00000200, 0x00000008


def why_not_again(process: StoppedProcess) -> str | None:
    """Say why a process can't be started again as it was; None where it can."""
    unknown = {
        "command line": process.command_line and process.executable,
        "working directory": process.working_directory,
        "user": process.user,
    }
    reasons = [f"Its {what} is not known." for what, value in unknown.items() if not value]
    if process.ending not in {"closed", "ended"}:
        reasons.insert(0, "PortView did not stop it.")
    if process.user and not _is_me(process.user):
        reasons.append(f"It ran as another user: {inert(process.user, 80)}.")
    if process.executable and not Path(process.executable).is_file():
        reasons.append("Its program is not there any more.")
    if process.working_directory and not Path(process.working_directory).is_dir():
        reasons.append("Its working directory is not there any more.")
    return reasons[0] if reasons else None


def start_again(process: StoppedProcess) -> ActionReport:
    """Start a process with its old command line, directory and user, and see that it stays.

    It gets PortView's own environment, which may differ from its old one, and no console. Raises
    PortViewError.
    """
    reason = why_not_again(process)
    if reason is not None or process.command_line is None:
        raise PortViewError(
            "not_startable",
            f"It can't be started again. {reason}",
            "Start it the way you did before.",
            Outcome.NOT_DONE,
        )
    name = inert(process.name or process.command_line[0], 80)
    try:
        started = subprocess.Popen(  # noqa: S603 - the recorded program, at the person's wish
            list(process.command_line),
            executable=process.executable,
            cwd=process.working_directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_apart(),
        )
    except OSError as error:
        raise PortViewError(
            "not_started", f"{name} could not be started: {error.strerror or error}."
        ) from error
    deadline = time.monotonic() + _SETTLE_S
    while started.poll() is None and time.monotonic() < deadline:
        time.sleep(_SETTLE_S / 10)
    asked = f"Start {name} again."
    if started.returncode is not None:
        return ActionReport(
            Outcome.NOT_DONE,
            asked,
            "It was started.",
            f"{name} ended again at once with exit code {started.returncode}.",
            "Start it the way you did before, to see what it says.",
        )
    pid = started.pid
    # It lives on without PortView; to Python a child that nobody waits for would be a mistake.
    started.returncode = 0
    return ActionReport(
        Outcome.DONE, asked, f"It was started as PID {pid}.", f"{name} (PID {pid}) runs."
    )


def _apart() -> dict[str, Any]:
    """Return what keeps a child alive when PortView or its terminal ends."""
    if sys.platform == "win32":
        return {"creationflags": _CREATE_NEW_PROCESS_GROUP | _DETACHED_PROCESS}
    return {"start_new_session": True}


def _is_me(user: str) -> bool:
    # Windows names users with their domain, "PC\\anna".
    mine = getpass.getuser()
    return user.rpartition("\\")[2].casefold() == mine.casefold()
