"""Ask netsh.exe, where Windows has no other way of significant that is open to every user."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from portview.i18n import _
from portview.readers.bounded_program import run_bounded
from portview.readers.windows.system_programs import (
    CREATE_NO_WINDOW,
    program_environment,
    program_folder,
    system_program,
)

_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class NetshAnswer:
    """What netsh printed, in the console's code page and the system's language, and how it ended.

    ``problem`` says in a sentence why there is no answer.
    """

    output: bytes = b""
    problem: str = ""


def ask_netsh(*words: str) -> NetshAnswer:
    """Run netsh by its full path, so that no other program of this name is started. Any thread.

    Blocks for some 100 ms, at most 10 s. Never raises.
    """
    if sys.platform != "win32":
        return NetshAnswer(problem=_("this system has no netsh."))
    try:
        done = run_bounded(
            [str(system_program("netsh.exe")), *words],
            timeout_s=_TIMEOUT_S,
            creationflags=CREATE_NO_WINDOW,
            cwd=program_folder(),
            env=program_environment(),
        )
    except subprocess.TimeoutExpired:
        return NetshAnswer(
            problem=_("netsh did not answer within {timeout_s} s.").format(timeout_s=_TIMEOUT_S)
        )
    except OSError as error:
        return NetshAnswer(
            problem=_("netsh can't be run: {value}.").format(value=error.strerror or error)
        )
    if not done.output.strip():
        return NetshAnswer(problem=_("netsh printed nothing."))
    if done.code:
        return NetshAnswer(
            done.output, _("netsh refused (exit code {code}).").format(code=done.code)
        )
    return NetshAnswer(done.output)
