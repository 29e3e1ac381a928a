"""Which steps of a long plan are shown one by one, and what is said about the others. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from portview.actions.free_port.plan import PlanAction
from portview.domain.plain_text import inert
from portview.i18n import ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.free_port.plan import PlanStep

MOST_STEPS = 12
_MOST_PROGRAMS = 5
_LONGEST_NAME = 80


def shown_steps(
    steps: Sequence[PlanStep],
) -> tuple[tuple[PlanStep, ...], tuple[PlanStep, ...]]:
    """Return the steps to show one by one, and the others, each in the order of the plan.

    What is refused comes first where not everything has room: it is why nothing will be done.
    """
    if len(steps) <= MOST_STEPS:
        return tuple(steps), ()
    by_weight = sorted(steps, key=lambda step: step.kind is not PlanAction.REFUSE)
    first = {id(step) for step in by_weight[:MOST_STEPS]}
    shown = tuple(step for step in steps if id(step) in first)
    return shown, tuple(step for step in steps if id(step) not in first)


def summary_of_steps(steps: Sequence[PlanStep], *, is_possible: bool = True) -> str:
    """Return how many more hold the port, by program, and how many run under them."""
    names = Counter(
        inert(step.process.info.name or "?", _LONGEST_NAME) for step in steps if step.process
    )
    programs = ", ".join(f"{name} ({count})" for name, count in names.most_common(_MOST_PROGRAMS))
    count = len(steps)
    words = ngettext(
        "{count} more process holds it and is stopped as well: {programs}.",
        "{count} more processes hold it and are stopped as well: {programs}.",
        count,
    )
    if not is_possible:
        words = ngettext(
            "{count} more process holds it: {programs}.",
            "{count} more processes hold it: {programs}.",
            count,
        )
    sentences = [words.format(count=count, programs=programs)]
    under = sum(len(step.tree) for step in steps)
    if under:
        words = ngettext(
            "{count} process runs under them.", "{count} processes run under them.", under
        )
        sentences.append(words.format(count=under))
    return " ".join(sentences)
