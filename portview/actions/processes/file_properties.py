"""The system's own window about a file: its Properties, as Explorer shows them (Windows)."""

from __future__ import annotations

from portview.actions.elevation.shell_execute import (
    SEE_MASK_INVOKEIDLIST,
    SW_SHOW,
    shell_execute,
)
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _


def show_file_properties(path: str) -> None:
    """Open Explorer's Properties of a file (ShellExecuteExW, verb "properties"); UI thread.

    The window lives as long as the thread that asked for it handles messages. Raises PortViewError.
    Not verified on Windows so far; Wine has no such verb and says so.
    """
    try:
        shell_execute("properties", path, mask=SEE_MASK_INVOKEIDLIST, show=SW_SHOW)
    except OSError as error:
        raise PortViewError(
            "no_properties",
            _("Windows could not show the properties of the file: {value}").format(
                value=error.strerror or error
            ),
            _("Open its folder instead."),
            Outcome.NOT_DONE,
        ) from error
