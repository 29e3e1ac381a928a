"""Where PortView starts when it is started for an errand instead of for a person."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from portview.actions.elevated_helper.server import run_elevated_request
from portview.actions.processes.windows_close_request import CTRL_BREAK_VERB, run_ctrl_break_request
from portview.domain.errors import Outcome
from portview.process_hardening import leave_working_directory
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)


def enter(arguments: Sequence[str]) -> int:
    """Do the errand that the arguments name and return an exit code."""
    if arguments[0] == CTRL_BREAK_VERB:
        is_pid = len(arguments) == 2 and arguments[1].isdecimal()  # noqa: PLR2004 - verb and PID
        return run_ctrl_break_request(int(arguments[1])) if is_pid else int(Outcome.BAD_INPUT)
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
