"""The owner of a socket in full sentences: what is wrong, and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.facts import Known, Remedy, Unreadable
from portview.domain.owners.container_owners import container_relay, describe_relay, relay_advice
from portview.domain.owners.owners import (
    FIELD_PROBLEM_WORDS,
    owner_problem_reason,
    without_process_sentence,
)
from portview.domain.owners.process import Execution
from portview.domain.owners.process_details import ChainEnd
from portview.domain.owners.system_owners import explain_system_owner
from portview.i18n import N_, _, join_and, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.owners.process import ProcessInfo
    from portview.domain.owners.process_details import OwnerDetails, ParentChain
    from portview.domain.sockets.entry import SocketEntry

_FIELD_WORDS = {
    "name": N_("name"),
    "executable": N_("executable"),
    "command_line": N_("command line"),
    "user": N_("user"),
}
_REMEDIES = {
    "access_denied": N_("Started as administrator, PortView could see it."),
}


def owner_sentences(entry: SocketEntry, platform: str) -> tuple[str, ...]:
    """Return what a person should know about the owner of a row; nothing where all is plain.

    ``platform`` is a value of ``sys.platform``.
    """
    row = entry.row
    sentences = [explain_system_owner(row, platform) or ""]
    if row.owner_problem is not None:
        sentences.append(owner_problem_reason(row))
        if row.pid is not None:
            sentences.append(_("The system names PID {pid}.").format(pid=row.pid))
    elif row.key.owner is None and not sentences[0]:
        sentences.append(without_process_sentence(row))
    if entry.info is not None:
        relay = container_relay(entry.info)
        if relay is not None:
            sentences += [describe_relay(relay), relay_advice(relay, row.local.port)]
        sentences.extend(_unread_fields(entry.info))
        if entry.info.executable_deleted:
            sentences.append(_("Its executable was deleted or replaced while it was running."))
    return tuple(filter(None, sentences))


def describe_chain(chain: ParentChain) -> str:
    """Return a chain of parents from the nearest on, with its end where that reports something."""
    links = [describe_parent(parent) for parent in chain.parents]
    gone = (
        _("a process")
        if chain.end_pid is None
        else _("PID {end_pid}").format(end_pid=chain.end_pid)
    )
    end = {
        ChainEnd.PARENT_GONE: _("{gone}, which has ended").format(gone=gone),
        ChainEnd.UNREADABLE: _("a process that can't be read"),
        ChainEnd.TOO_LONG: "\u2026",
    }.get(chain.end)
    return " \u2190 ".join([*links, end] if end else links)


def describe_parent(info: ProcessInfo) -> str:
    """Return a process as people call it: its name and its PID."""
    return f"{info.name} ({info.pid})" if info.name else _("PID {pid}").format(pid=info.pid)


def services_words(details: OwnerDetails | None) -> str:
    """Name the services of an owner, or say why they could not be read; empty for none."""
    if details is None:
        return ""
    match details.services:
        case Known(services):
            return join_list(
                service.name
                if service.display_name == service.name
                else f"{service.display_name} ({service.name})"
                for service in services
            )
        case Unreadable(_, Remedy.NOTHING):
            return ""  # This system has none that PortView could ask for.
        case Unreadable(reason):
            return _("Unknown: {reason}.").format(reason=reason)
        case _:
            return ""


def describe_holders(holders: Sequence[ProcessInfo]) -> str:
    """Return who may hold a socket, as a list in words."""
    return join_list(describe_parent(holder) for holder in holders)


def describe_suspended(execution: Execution) -> str:
    """Return that a process is suspended and what that means; empty where it may well run."""
    if execution is Execution.SUSPENDED:
        return _("Suspended: it keeps its ports and doesn't respond until it is resumed.")
    if execution is Execution.TRACED:
        return _("Stopped by a debugger: it keeps its ports and doesn't respond meanwhile.")
    return ""


def _unread_fields(info: ProcessInfo) -> list[str]:
    by_problem: dict[str, list[str]] = {}
    for field, words in _FIELD_WORDS.items():
        problem = info.problems.get(field)
        if problem is not None:
            by_problem.setdefault(problem, []).append(_(words))
    return [
        join_sentences(
            _("The {fields} could not be read: {problem}.").format(
                fields=join_and(fields), problem=_(FIELD_PROBLEM_WORDS[problem])
            ),
            _(_REMEDIES.get(problem.value, "")),
        )
        for problem, fields in (
            (problem, by_problem[problem])
            for problem in FIELD_PROBLEM_WORDS
            if problem in by_problem
        )
    ]
