"""Where the file of a program lies."""

from __future__ import annotations

from pathlib import Path

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _


def folder_of(executable: str) -> Path:
    """Return the folder of an executable. May block for a path on a network; any thread.

    Raises PortViewError where there is no such folder. That it is a folder matters to whoever
    opens it: opening a file may run it.
    """
    folder = Path(executable).parent
    try:
        is_there = folder.is_absolute() and folder.is_dir()
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        raise PortViewError(
            "no_such_folder",
            _("The folder of this program is not there (any more)."),
            _("The program may have been moved or uninstalled, or it runs in a container."),
            Outcome.NOT_DONE,
        )
    return folder
