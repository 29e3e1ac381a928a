"""Start the window once more, as administrator; it takes over from the one that runs."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from portview.actions.own_command import elevated_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.elevation.shell_execute import Shell


def restart_as_administrator(arguments: Sequence[str] = (), *, shell: Shell | None = None) -> None:
    """Have Windows ask the person, and start PortView with administrator rights (Windows).

    ``arguments`` say what its window shows. Blocks until the person answers. The new instance asks
    this one to close when it is there. Raises PortViewError; a refusal is the error
    "elevation_cancelled".
    """
    # Windows' part is loaded with the first request.
    from portview.actions.elevation.shell_execute import SW_SHOWNORMAL, close_handle  # noqa: PLC0415
    from portview.actions.elevation.uac import start_elevated  # noqa: PLC0415

    process = start_elevated(arguments, show=SW_SHOWNORMAL, shell=shell)
    if process is not None:
        close_handle(process)


def can_restart_as_administrator() -> bool:
    """Return whether the system can do so: elsewhere than on Windows, windows of root are rare."""
    return sys.platform == "win32"


def list_as_root_command() -> str:
    """Return the command that lists every socket with its owner, as root, in a terminal."""
    return shlex.join(["sudo", *elevated_command(), "list"])
