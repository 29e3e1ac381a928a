"""Who would start again what is to be stopped, in sentences, each of them once. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.command_name import command_line
from portview.domain.facts import Absent, Known
from portview.domain.json_schema import iso_time
from portview.domain.owners.restarters import RestarterKind
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.actions.free_port.plan import PlanStep
    from portview.domain.owners.restarters import Restarter

_LONGEST_NAME = 80
_INIT_PID = 1


def restart_sentences(steps: Iterable[PlanStep]) -> tuple[str, ...]:
    """Return who would start again what these steps end, once each, however many it would start.

    Who is ended as well starts nothing any more and is not named.
    """
    steps = tuple(steps)
    ended = {member.key for step in steps for member in step.members}
    sentences: dict[str, None] = {}
    for step in steps:
        if step.process is None or not step.members:
            continue
        fact = step.process.restarted_by
        if isinstance(fact, Absent):
            continue
        if not isinstance(fact, Known):
            sentence = _("It may be started again: {reason}.").format(reason=inert(fact.reason))
            sentences[sentence] = None
        elif fact.value.process not in ended:
            sentences[_sentence(fact.value)] = None
    return tuple(sentences)


def _sentence(restarter: Restarter) -> str:
    named = {
        "name": inert(restarter.name, _LONGEST_NAME),
        "how": inert(restarter.how, _LONGEST_NAME),
        "manager": restarter.manager,
        "pid": restarter.process.pid if restarter.process else "",
    }
    match restarter.kind:
        case RestarterKind.SERVICE_MANAGER:
            sentence = _("The service {name} starts it again ({how}).")
        case RestarterKind.CONTAINER_RUNTIME:
            sentence = _("{manager} starts the container {name} again ({how}).")
        case RestarterKind.PROCESS if restarter.is_certain:
            sentence = _("{name} (PID {pid}) starts it again when it ends: {how}.")
        case RestarterKind.PROCESS if restarter.how:
            sentence = _("{name} (PID {pid}) may start it again: {how}.")
        case _other:
            sentence = _("{name} (PID {pid}) started it, still runs, and may start it again.")
    return " ".join(filter(None, (sentence.format(**named), stop_words(restarter))))


def stop_words(restarter: Restarter) -> str:
    """Return how to stop what starts it again; empty where PortView advises nothing."""
    if restarter.stop:
        return _("To stop both: {command}").format(command=inert(restarter.stop, 200))
    process = restarter.process
    # Process 1 is never to be ended, whatever it starts.
    if process is None or process.pid == _INIT_PID:
        return ""
    return _("To stop that as well: {command}").format(
        command=command_line(
            "end", str(process.pid), "--started", iso_time(process.started_ms) or ""
        )
    )
