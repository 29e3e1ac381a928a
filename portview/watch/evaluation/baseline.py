"""New listeners: who listens is compared with a baseline, by program, never by PID. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.address_matching import ANY_IPV4, ANY_IPV6
from portview.domain.facts import Known, Unreadable
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import OwnerProblem, endpoint_text, is_loopback
from portview.i18n import _
from portview.watch.evaluation.observation import Observation, good, unreadable
from portview.watch.evaluation.programs import program_id
from portview.watch.incidents.machine import Evaluation
from portview.watch.rules.listener_key import DYNAMIC, UNKNOWN_PROGRAM, ListenerKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portview.domain.sockets.socket_row import SocketRow
    from portview.watch.evaluation.local_facts import LocalFacts

_PASSING = {OwnerProblem.LOOKING, OwnerProblem.OUT_OF_FILES, OwnerProblem.PROCESS_GONE}
"""What hides a program for a while only."""


def listeners_now(facts: LocalFacts) -> dict[ListenerKey, SocketRow]:
    """Return who listens, one socket for each key; those still being looked up are left out."""
    found: dict[ListenerKey, SocketRow] = {}
    for row in facts.listeners():
        if row.owner_problem in _PASSING:
            continue
        ranges = facts.ranges(row.protocol)
        is_dynamic = isinstance(ranges, Known) and ranges.value.is_dynamic(row.local.port)
        key = ListenerKey(
            row.protocol.value,
            DYNAMIC if is_dynamic else str(row.local.port),
            _address_class(row.local.address),
            inert(program_id(facts.info(row)), 500) or UNKNOWN_PROGRAM,
        )
        found.setdefault(key, row)
    return found


def compare(
    baseline: Iterable[ListenerKey], facts: LocalFacts, known_subjects: Iterable[str]
) -> list[Observation]:
    """Return one observation for the watch, one for each new listener, and for those that went.

    ``known_subjects`` are the listeners that were new before.
    """
    if isinstance(facts.snapshot, Unreadable):
        text = _("The sockets could not be read: {reason}.").format(reason=facts.snapshot.reason)
        return [
            Observation(Evaluation.UNREADABLE, text, subject=subject)
            for subject in ("", *known_subjects)
        ]
    entries = tuple(baseline)
    found: list[Observation] = []
    new = 0
    open_questions = 0
    for key, row in listeners_now(facts).items():
        verdicts = {entry.matches(key) for entry in entries}
        if True in verdicts:
            continue
        if None in verdicts:
            open_questions += 1
            continue
        new += 1
        program = facts.program(row)
        found.append(_new_listener(key, row, program, program_id(facts.info(row))))
    gone = set(known_subjects) - {one.subject for one in found}
    found += [
        Observation(Evaluation.GOOD, _("It listens no more, or was accepted."), subject=subject)
        for subject in sorted(gone)
    ]
    return [_whole(new, open_questions), *found]


def _new_listener(key: ListenerKey, row: SocketRow, program: str, known_by: str) -> Observation:
    text = _("New listener: {program} on {where} ({protocol}).").format(
        program=program or _("an unknown program"),
        where=endpoint_text(row.local),
        protocol=row.protocol.value.upper(),
    )
    return Observation(Evaluation.BAD, text, program, known_by, str(key))


def _whole(new: int, open_questions: int) -> Observation:
    if not new and open_questions:
        text = _("The programs of {count} listeners could not be read.")
        return unreadable(text.format(count=open_questions))
    # The listeners have states of their own; the watch itself is well while it can see.
    return good(_("Nothing new listens.") if not new else _("{count} new.").format(count=new))


def learned(facts: LocalFacts) -> Mapping[ListenerKey, SocketRow] | None:
    """Return what a first reading learns; None where the sockets could not be read."""
    return None if isinstance(facts.snapshot, Unreadable) else listeners_now(facts)


def _address_class(address: str) -> str:
    if is_loopback(address):
        return "loopback"
    bare = address.partition("%")[0]
    return "all" if bare in {ANY_IPV4, ANY_IPV6} else "address"
