"""Where PortView starts when it is started for an elevated request instead of for a person."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from portview.actions.elevated_helper.server import run_elevated_request
from portview.actions.process_handles.windows_close_request import (
    CTRL_BREAK_VERB,
    run_console_request,
)
from portview.process_hardening import leave_working_directory
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)


def enter(arguments: Sequence[str]) -> int:
    """Do the elevated request that the arguments name and return an exit code."""
    if arguments[0] == CTRL_BREAK_VERB:
        return run_console_request(arguments[1:])
    if is_elevated():
        leave_working_directory()
    if sys.platform == "win32":
        # An elevated process shares no output with the one that asked for it.
        from portview.actions.elevation.uac import answer_through_pipe  # noqa: PLC0415

        address = arguments[-1]
        return run_elevated_request(
            arguments[:-1], lambda answer: answer_through_pipe(address, answer)
        )
    return run_elevated_request(arguments, _answer_through_output)


def _answer_through_output(answer: bytes) -> None:
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
