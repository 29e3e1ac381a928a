"""The only way to administrator rights: one request at a time, which the system shows."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.stopping.serialised import read_result
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.safety.seen_process import SeenProcess
    from portview.actions.stopping.stop import StopResult
    from portview.domain.cancellation import CancelToken


def stop_elevated(
    seen: Sequence[SeenProcess],
    *,
    grace_s: float = 5.0,
    force: bool = False,
    cancel: CancelToken | None = None,
) -> tuple[StopResult, ...]:
    """Stop processes like ``stop_processes``, as administrator. Raises PortViewError.

    Each is compared again with what the person saw, by the elevated process itself. Blocks for as
    long as the person takes to answer the system's prompt; a refusal there is the error
    "elevation_cancelled".
    """
    elevated_request = ElevatedRequest(
        ElevatedOperation.STOP, tuple(seen), round(grace_s * 1000), force
    )
    answer = run_elevated(elevated_request, cancel)
    try:
        results = tuple(read_result(values) for values in answer["results"])
    except (KeyError, TypeError, ValueError) as error:
        raise no_answer() from error
    if [result.process for result in results] != [one.key for one in seen]:
        raise no_answer()
    return results


def run_elevated(
    elevated_request: ElevatedRequest, cancel: CancelToken | None = None
) -> dict[str, Any]:
    """Have a request done as administrator and return the answer. Raises PortViewError."""
    if sys.platform == "win32":
        from portview.actions.elevation.uac import ask_windows  # noqa: PLC0415

        raw = ask_windows(elevated_request.arguments(), cancel)
    else:
        from portview.actions.elevation.polkit import ask_polkit  # noqa: PLC0415

        raw = ask_polkit(elevated_request, cancel)
    return read_answer(raw)


def read_answer(raw: bytes) -> dict[str, Any]:
    """Take an answer apart; an error that it carries is raised as PortViewError."""
    try:
        answer = json.loads(raw)
        outcome = Outcome(answer["outcome"])
        error = answer.get("error")
        if error is None:
            return dict(answer)
        problem = PortViewError(
            str(error["code"]), str(error["message"]), str(error["hint"]), outcome
        )
    except (KeyError, TypeError, ValueError, AttributeError) as reason:
        raise no_answer() from reason
    raise problem


def no_answer() -> PortViewError:
    """Return the error for an answer that can't be understood."""
    return PortViewError(
        "no_answer",
        _("The elevated process returned an invalid response."),
        _("Check the current state before you try again; the log may have details."),
        Outcome.NOT_DONE,
    )
