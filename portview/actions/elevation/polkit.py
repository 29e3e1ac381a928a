"""Administrator rights through polkit's ``pkexec``, which shows its own prompt."""

from __future__ import annotations

import logging
import subprocess
from typing import TYPE_CHECKING

from portview.actions.elevation.errors import elevation_cancelled, elevation_unavailable
from portview.actions.own_command import elevated_command
from portview.i18n import _
from portview.readers.system_tools import find_tool, tool_environment

if TYPE_CHECKING:
    from portview.actions.elevation.request import ElevatedRequest
    from portview.domain.cancellation import CancelToken

logger = logging.getLogger(__name__)

_DISMISSED, _NOT_AUTHORIZED = 126, 127
"""Exit codes of pkexec(1)."""


def ask_polkit(elevated_request: ElevatedRequest, cancel: CancelToken | None) -> bytes:
    """Run a request as root and return what it wrote to its output. Raises PortViewError."""
    from portview.actions.elevation.manual_command import manual_command  # noqa: PLC0415 - it imports this file

    program = find_tool("pkexec")
    if program is None:
        raise elevation_unavailable(
            _("pkexec, which PortView needs to get administrator rights, is missing."),
            manual_command(elevated_request),
        )
    try:
        process = subprocess.Popen(  # noqa: S603 - our own command and validated words
            [program, *elevated_command(), *elevated_request.arguments()],
            env=tool_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise elevation_unavailable(
            _("pkexec can't be run: {error}.").format(error=error), manual_command(elevated_request)
        ) from (error)
    with process:
        if cancel is None:
            raw, complaint = process.communicate()
        else:
            with cancel.waking(process.terminate):
                raw, complaint = process.communicate()
    if process.returncode == _DISMISSED:
        raise elevation_cancelled()
    if process.returncode == _NOT_AUTHORIZED or not raw:
        logger.warning("pkexec: %s", complaint.decode("utf-8", "replace").strip())
        raise elevation_unavailable(
            _("The system did not grant administrator rights."), manual_command(elevated_request)
        )
    return raw
