"""The command that works for this person, the way PortView was started: for hints and messages."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

CONSOLE_PROGRAM = "portviewc.exe"
"""The program for the console, beside the program with the window (Windows)."""


def command_line(*arguments: str) -> str:
    """Return a command that runs PortView with these arguments, quoted for this system's shell."""
    quoted = subprocess.list2cmdline(arguments) if sys.platform == "win32" else _join(arguments)
    return f"{command_prefix()} {quoted}"


@cache
def command_prefix() -> str:
    """Return what stands before the verb: ``portview`` where that runs this very PortView.

    Else the interpreter and module that were started, or the built program's path.
    """
    if getattr(sys, "frozen", False):
        return _prefix_of_built_program(Path(sys.executable))
    script = _own_script()
    if script is not None:
        return "portview" if _is_found_as("portview", script) else _quoted(str(script))
    return _quoted(*_interpreter_and_module(sys.orig_argv))


def _prefix_of_built_program(executable: Path) -> str:
    # The installation puts its folder bin on the PATH if the person wants that.
    shim = executable.parent / "bin" / "portview.cmd"
    if _is_found_as("portview", shim):
        return "portview"
    return _quoted(str(executable.with_name(CONSOLE_PROGRAM)))


def _own_script() -> Path | None:
    """Return the installed script that was started, None where it was ``-m portview``."""
    started = Path(sys.argv[0]) if sys.argv and sys.argv[0] else None
    if started is None or started.stem not in {"portview", "portview-window"}:
        return None
    return started.with_name("portview" + started.suffix).absolute()


def _interpreter_and_module(original: list[str]) -> list[str]:
    """Return the start of a command line up to the module's name, as it was typed."""
    if "-m" in original:
        end = original.index("-m") + 2
        if original[end - 1 : end] == ["portview"]:
            return original[:end]
    return [sys.executable, "-P", "-m", "portview"]


def _is_found_as(name: str, program: Path) -> bool:
    found = shutil.which(name)
    return found is not None and os.path.realpath(found) == os.path.realpath(program)


def _quoted(*words: str) -> str:
    return subprocess.list2cmdline(words) if sys.platform == "win32" else _join(words)


def _join(words: tuple[str, ...]) -> str:
    # Words in capitals (PID, TIME) stand for something and stay as they are.
    return shlex.join(words)
