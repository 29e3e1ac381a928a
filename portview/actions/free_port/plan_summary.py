"""Which steps of a long plan are shown one by one, and what is said about the others. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from portview.actions.free_port.plan import PlanAction
from portview.domain.plain_text import inert
from portview.i18n import join_list, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.free_port.plan import PlanStep

MOST_GROUPS = 12
_MOST_PROGRAMS = 5
_LONGEST_NAME = 80


class StepGroup(NamedTuple):
    """Steps for processes of one program that are alike: a master and its workers.

    ``first`` is the one that started the others where one did, and the first of the plan else.
    """

    first: PlanStep
    others: tuple[PlanStep, ...] = ()


def grouped_steps(steps: Sequence[PlanStep]) -> list[StepGroup]:
    """Return the steps with those of one program together, in the order of the plan.

    Alike are those with which the same is done, in the same way, to the same command line of the
    same user at the same places. What is refused stands alone: its reason is its own.
    """
    alike: dict[object, list[PlanStep]] = {}
    for number, step in enumerate(steps):
        alike.setdefault(_likeness(step) or number, []).append(step)
    groups = []
    for members in alike.values():
        parents = {member.process.info.key for member in members if member.process}
        # Whose parent is not among them comes first: it is the one that started the others.
        members.sort(key=lambda one: _parent_of(one) in parents)
        groups.append(StepGroup(members[0], tuple(members[1:])))
    return groups


def shown_groups(steps: Sequence[PlanStep]) -> tuple[list[StepGroup], list[PlanStep]]:
    """Return the groups to show one by one, and the steps of the others, in the order of the plan.

    What is refused comes first where not everything has room: it is why nothing will be done.
    """
    groups = grouped_steps(steps)
    by_weight = sorted(groups, key=lambda group: group.first.kind is not PlanAction.REFUSE)
    first = {id(group) for group in by_weight[:MOST_GROUPS]}
    rest = [group for group in groups if id(group) not in first]
    return (
        [group for group in groups if id(group) in first],
        [step for group in rest for step in (group.first, *group.others)],
    )


def _likeness(step: PlanStep) -> object:
    process = step.process
    if process is None or step.kind is PlanAction.REFUSE or step.service or step.tree:
        return None
    info = process.info
    if not info.command_line:
        return None
    places = frozenset((row.protocol, row.local) for row in step.sockets)
    asking = (step.kind, process.asking, process.why_not_asked, step.is_guess)
    return (info.command_line, info.user, info.executable, places, asking, process.execution)


def _parent_of(step: PlanStep) -> object:
    parent = step.process.shown_parent if step.process else None
    return parent.key if parent else None


def summary_of_steps(steps: Sequence[PlanStep], *, is_possible: bool = True) -> str:
    """Return how many more hold the port, by program, and how many run under them."""
    names = Counter(
        inert(step.process.info.name or "?", _LONGEST_NAME) for step in steps if step.process
    )
    programs = join_list(f"{name} ({count})" for name, count in names.most_common(_MOST_PROGRAMS))
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
