"""Ask netsh.exe, where Windows has no other way of telling that is open to every user."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 10
_CREATE_NO_WINDOW = 0x08000000


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
        return NetshAnswer(problem="this system has no netsh.")
    netsh = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "netsh.exe")
    try:
        done = subprocess.run(  # noqa: S603 - a system program with words of our own
            [netsh, *words],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            creationflags=_CREATE_NO_WINDOW,
        )
    except subprocess.TimeoutExpired:
        return NetshAnswer(problem=f"netsh did not answer within {_TIMEOUT_S} s.")
    except OSError as error:
        return NetshAnswer(problem=f"netsh can't be run: {error.strerror or error}.")
    if not done.stdout.strip():
        return NetshAnswer(problem="netsh printed nothing.")
    if done.returncode:
        return NetshAnswer(done.stdout, f"netsh refused (exit code {done.returncode}).")
    return NetshAnswer(done.stdout)
