"""The running distributions of the Windows Subsystem for Linux, as wsl.exe lists them."""

from __future__ import annotations

import logging
import subprocess
import sys

from portview.readers.windows.system_programs import (
    CREATE_NO_WINDOW,
    program_environment,
    program_folder,
    system_program,
)

logger = logging.getLogger(__name__)

_PATIENCE_S = 2.0
_LONGEST_OUTPUT = 16_384
_MOST_DISTRIBUTIONS = 64


def running_distributions() -> tuple[str, ...]:
    """Return the names of the distributions that run; none where there is no WSL.

    ``wsl --list --running --quiet`` starts none. Blocks for two seconds at most.
    https://learn.microsoft.com/windows/wsl/basic-commands
    """
    if sys.platform != "win32":
        return ()
    try:
        done = subprocess.run(  # noqa: S603 - Windows' own program by its full path
            [str(system_program("wsl.exe")), "--list", "--running", "--quiet"],
            capture_output=True,
            check=False,
            cwd=program_folder(),
            env=program_environment(),
            creationflags=CREATE_NO_WINDOW,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.debug("WSL could not be asked: %r", error)
        return ()
    return read_distributions(done.stdout) if done.returncode == 0 else ()


def read_distributions(output: bytes) -> tuple[str, ...]:
    """Return the names in what wsl.exe printed: UTF-16, or UTF-8 with WSL_UTF8 set."""
    is_wide = b"\0" in output[:64]
    text = output[:_LONGEST_OUTPUT].decode("utf-16-le" if is_wide else "utf-8", "replace")
    names = (line.strip().strip("\ufeff\0") for line in text.splitlines())
    return tuple(name for name in names if name)[:_MOST_DISTRIBUTIONS]
