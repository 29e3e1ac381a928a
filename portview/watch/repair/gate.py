"""Whether a step of a repair can help at all: not where another program holds the port.

Nor where a range of the system keeps it. What can't be determined refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.facts import Known, Unreadable
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _
from portview.watch.evaluation.programs import is_program, program_id, shown_program
from portview.watch.rules.model import Expectation, RepairKind
from portview.watch.rules.shown import is_about_this_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow
    from portview.watch.evaluation.local_facts import LocalFacts
    from portview.watch.rules.model import RepairStep, Watch


def why_it_can_not_help(
    watch: Watch,
    step: RepairStep,
    facts: LocalFacts,
    good_program: str,
    service_holds: Callable[[str, SocketRow], bool | None],
) -> str:
    """Return a sentence on why a step is not tried, "" where it may help.

    ``good_program`` was on the port when all was well, "" for not known; ``service_holds`` says
    whether a socket is a service's.
    """
    if watch.port is None or not is_about_this_machine(watch):
        return ""
    if watch.even_if_held and step.kind is not RepairKind.FREE:
        return ""
    if isinstance(facts.snapshot, Unreadable):
        text = _("Who holds the port can't be read: {reason}.")
        return text.format(reason=facts.snapshot.reason)
    protocol = Protocol(watch.protocol)
    rows = facts.holding(protocol, watch.port)
    if not rows:
        return _why_reserved(watch, facts, protocol)
    for row in rows:
        info = facts.info(row)
        is_own = _is_own(watch, step, row, info, good_program, service_holds)
        if is_own is True:
            continue
        program = shown_program(info, row.pid) or _("an unknown program")
        if is_own is None:
            text = _("Port {port} is held by {program}; whose it is can't be determined.")
        elif step.kind is RepairKind.FREE:
            text = _("Port {port} is held by {program}, not by {wanted}: it is left alone.")
        else:
            text = _("Port {port} is held by another program, {program}: this can't help.")
        return text.format(port=watch.port, program=program, wanted=quoted(step.program))
    return ""


def _is_own(  # noqa: PLR0917 - what the question is about
    watch: Watch,
    step: RepairStep,
    row: SocketRow,
    info: ProcessInfo | None,
    good_program: str,
    service_holds: Callable[[str, SocketRow], bool | None],
) -> bool | None:
    """Return whether a holder is one that the step is for; None where that can't be determined."""
    if step.kind is RepairKind.FREE:
        return None if info is None else is_program(info, step.program)
    if watch.expect is Expectation.FREE:
        return True
    if watch.program:
        return None if info is None else is_program(info, watch.program)
    if step.kind is RepairKind.RESTART_SERVICE:
        return service_holds(step.service, row)
    if not good_program:
        # Nothing says that it is not the program that the command is for.
        return True
    known_by = program_id(info)
    return known_by == good_program if known_by else None


def _why_reserved(watch: Watch, facts: LocalFacts, protocol: Protocol) -> str:
    ranges = facts.ranges(protocol)
    exclusion = ranges.value.exclusion_of(watch.port or 0) if isinstance(ranges, Known) else None
    if exclusion is None or exclusion.is_administered:
        return ""
    text = _("Port {port} is in the excluded range {range}: no program can take it.")
    return text.format(port=watch.port, range=exclusion)


def holds_of_service(service: str, row: SocketRow, pids: Sequence[int]) -> bool | None:
    """Return whether a socket belongs to a service that runs in these processes."""
    if service in row.services or f"{service}.service" in row.services:
        return True
    return None if row.owner is None else row.owner.pid in pids
