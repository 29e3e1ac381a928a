"""What one reading at a watch found."""

from __future__ import annotations

from dataclasses import dataclass

from portview.watch.incidents.machine import Evaluation


@dataclass(frozen=True, slots=True)
class Observation:
    """One evaluation with a sentence for people.

    ``subject`` says what of the watch it is about: "" for the watch itself, a listener's key for
    one listener of ``no_new_listeners``. ``program`` is who was found on the port, as shown, and
    ``program_id`` its executable or name, by which it is known again.
    """

    evaluation: Evaluation
    detail: str
    program: str = ""
    program_id: str = ""
    subject: str = ""


def good(detail: str, program: str = "", program_id: str = "") -> Observation:
    """Return that all is as expected."""
    return Observation(Evaluation.GOOD, detail, program, program_id)


def bad(detail: str, program: str = "", program_id: str = "") -> Observation:
    """Return that it is not as expected."""
    return Observation(Evaluation.BAD, detail, program, program_id)


def unreadable(detail: str) -> Observation:
    """Return that it can't be determined."""
    return Observation(Evaluation.UNREADABLE, detail)
