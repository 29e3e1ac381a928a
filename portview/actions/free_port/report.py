"""What a person is informed of a port that was to be freed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.free_port.plan import PlanAction
from portview.actions.free_port.restart_words import restart_sentences
from portview.actions.free_port.verify import PortVerdict
from portview.actions.safety.process_facts import CloseMethod
from portview.actions.safety.process_words import describe_process, listed_names
from portview.actions.stopping.stop import Ending
from portview.command_name import command_line
from portview.domain.errors import Outcome
from portview.domain.json_schema import iso_time
from portview.domain.plain_text import inert
from portview.i18n import N_, _, join_sentences, ngettext
from portview.probes.bind_report import BindVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from portview.actions.free_port.plan import FreePlan
    from portview.actions.free_port.verify import HolderNow, Proof
    from portview.actions.stopping.stop import StopResult
    from portview.domain.errors import PortViewError
    from portview.domain.owners.process import ProcessInfo, ProcessKey

ENDING_LABELS = {
    Ending.CLOSED: N_("closed by itself when asked"),
    Ending.ENDED: N_("was ended"),
    Ending.GONE: N_("had ended before"),
    Ending.RELEASED: N_("released the port when asked, and keeps running"),
    Ending.CHANGED: N_("was not stopped: it changed since it was shown"),
    Ending.NOT_THE_SAME: N_("was left alone: its PID now belongs to another process"),
    Ending.DENIED: N_("was left alone: access denied"),
    Ending.STILL_RUNNING: N_("still runs"),
    Ending.UNTOUCHED: N_("was left alone"),
}

IGNORED = N_("did not close when asked, and was ended")

_MOST_CHANGES = 5
_SHORTEST_S = 0.05
"""Less would be reported as 0.0 s."""


def outcome_of(
    proof: Proof, results: Iterable[StopResult], problems: Iterable[PortViewError]
) -> Outcome:
    """Decide what counts as done: a port that a server can take now."""
    if proof.verdict is PortVerdict.FREE:
        return Outcome.DONE
    is_left_over = proof.verdict in {PortVerdict.TIME_WAIT, PortVerdict.CONNECTIONS}
    if is_left_over and proof.bind.verdict is BindVerdict.LEFTOVERS:
        return Outcome.DONE
    is_denied = any(result.ending is Ending.DENIED for result in results)
    if is_denied or any(problem.outcome is Outcome.NEEDS_ADMIN for problem in problems):
        return Outcome.NEEDS_ADMIN
    return Outcome.NOT_DONE


def describe_result(
    plan: FreePlan,
    results: Sequence[StopResult],
    problems: Sequence[PortViewError],
    proof: Proof,
) -> tuple[str, str, str]:
    """Return what was done, what is true now and what to do next, in sentences."""
    was_freed = bool(plan.steps) and not has_changed(results)
    return (
        join_sentences(_done(plan, results, problems), _proof_words(proof)),
        _now(plan, proof, was_freed),
        _next(plan, results, problems, proof),
    )


def _done(plan: FreePlan, results: Sequence[StopResult], problems: Sequence[PortViewError]) -> str:
    names = {member.key: member.info for step in plan.steps for member in step.members}
    parts = [problem.message for problem in problems]
    if not problems:
        parts += [
            _("The service {service_name} was stopped.").format(service_name=step.service.name)
            for step in plan.steps
            if step.kind is PlanAction.STOP_SERVICE and step.service
        ]
    if results:
        parts.append(results_words(results, names))
    return join_sentences(*parts) or _("Nothing was done.")


def _proof_words(proof: Proof) -> str:
    """Return where a bind proved that the port is free; empty where none did."""
    if proof.verdict is not PortVerdict.FREE or not proof.bind.named_places:
        return ""
    text = _("A server can take it: PortView bound it on {places} and released it.")
    return text.format(places=proof.bind.named_places)


def results_words(
    results: Sequence[StopResult], names: Mapping[ProcessKey, ProcessInfo | None]
) -> str:
    """Return what became of each process; of many, how many met with the same end."""
    if has_changed(results):
        return _("Nothing was done. {changes}").format(changes=changes_words(results))
    parts = []
    for label in dict.fromkeys(_ending_label(result) for result in results):
        same = [result for result in results if _ending_label(result) == label]
        words = [describe_process(names.get(one.process), one.process.pid) for one in same]
        named = words[0]
        if len(words) > 1:
            named = f"{listed_names(words)}:"
        parts.append(f"{named} {_(label)}.")
    return join_sentences(*parts)


def _ending_label(result: StopResult) -> str:
    """Return what became of a process, untranslated; what didn't heed the question is named so."""
    if result.ending is Ending.ENDED and result.asked is not CloseMethod.NONE:
        return IGNORED
    return ENDING_LABELS[result.ending]


def has_changed(results: Iterable[StopResult]) -> bool:
    """Return whether nothing was done because something is not as the person saw it."""
    endings = {result.ending for result in results}
    return Ending.CHANGED in endings and endings <= {
        Ending.CHANGED,
        Ending.UNTOUCHED,
        Ending.GONE,
    }


def changes_words(results: Iterable[StopResult]) -> str:
    """Return what is not as the person saw it."""
    details = dict.fromkeys(one.detail for one in results if one.ending is Ending.CHANGED)
    shown = list(details)[:_MOST_CHANGES]
    more = len(details) - len(shown)
    if more > 0:
        words = ngettext("{more} more process changed.", "{more} more processes changed.", more)
        shown.append(words.format(more=more))
    return join_sentences(*shown)


def _now(plan: FreePlan, proof: Proof, was_freed: bool) -> str:  # noqa: FBT001 - private
    port = str(plan.request)
    seconds = (proof.free_after_ms or 0) / 1000
    free = _("{port} is free.")
    if was_freed:
        is_slow = seconds >= _SHORTEST_S
        free = (
            _("{port} is free; freed in {seconds:.1f} s.")
            if is_slow
            else _("{port} is free; freed at once.")
        )
    holders = _holders(proof.holders)
    return {
        PortVerdict.FREE: free.format(port=port, seconds=seconds),
        PortVerdict.TIME_WAIT: _time_wait(port, proof),
        PortVerdict.CONNECTIONS: _connections(port, proof),
        PortVerdict.REDIRECTED: _("No process holds {port}. {detail}").format(
            port=port, detail=proof.bind.detail
        ),
        PortVerdict.TAKEN_AGAIN: _("{port} was taken again by {holders}.").format(
            port=port, holders=holders
        ),
        PortVerdict.STILL_HELD: _("{port} is still held by {holders}.").format(
            port=port, holders=holders
        ),
        PortVerdict.RESERVED: (
            _("No process holds {port}, but it is reserved by the system. {detail}").format(
                port=port, detail=proof.bind.detail
            )
        ),
        PortVerdict.BLOCKED: (
            _("No process is seen holding {port}, but it can't be taken. {detail}").format(
                port=port, detail=proof.bind.detail
            )
        ),
    }[proof.verdict]


def _connections(port: str, proof: Proof) -> str:
    if proof.bind.verdict is BindVerdict.LEFTOVERS:
        text = _("{port} is free for a server that sets SO_REUSEADDR, as most do. {reason}")
    else:
        text = _("No process listens on {port}, but it can't be taken. {reason}")
    return text.format(port=port, reason=proof.bind.reason)


def _time_wait(port: str, proof: Proof) -> str:
    if proof.time_wait_left_s is None:
        return _("No process holds {port}; only TIME_WAIT is left, for a minute or two.").format(
            port=port
        )
    return _("No process holds {port}; only TIME_WAIT is left, for {seconds:.0f} s.").format(
        port=port, seconds=proof.time_wait_left_s
    )


def _holders(holders: Iterable[HolderNow]) -> str:
    words: dict[str, None] = {}
    for holder in holders:
        process = holder.process
        name = describe_process(process.info if process else None, holder.row.pid)
        starter = process.shown_parent if process else None
        if holder.service:
            name = _("{name}, started by the service {service}").format(
                name=name, service=holder.service
            )
        elif starter is not None:
            name = _("{name}, started by {process}").format(
                name=name, process=describe_process(starter)
            )
        words[name] = None
    return "; ".join(words)


def _next(
    plan: FreePlan,
    results: Sequence[StopResult],
    problems: Sequence[PortViewError],
    proof: Proof,
) -> str:
    endings = {result.ending for result in results}
    if problems:
        return problems[0].hint
    if Ending.DENIED in endings:
        return _("Try again with administrator rights.")
    if endings & {Ending.NOT_THE_SAME, Ending.CHANGED}:
        if proof.verdict is PortVerdict.FREE:
            return ""
        return _("Check again before you continue.")
    if proof.verdict is PortVerdict.STILL_HELD and (pending := pending_words(results)):
        return pending
    return _next_by_verdict(plan, proof)


def pending_words(results: Iterable[StopResult]) -> str:
    """Return why some processes still run after they were ended; empty where none does."""
    details = (one.detail for one in results if one.ending is Ending.STILL_RUNNING)
    return join_sentences(*dict.fromkeys(filter(None, details)))


def _next_by_verdict(plan: FreePlan, proof: Proof) -> str:
    time_wait = _("Wait until it is over.")
    if proof.bind.verdict is BindVerdict.LEFTOVERS:
        time_wait = _(
            "A server that sets SO_REUSEADDR, as most do, can start now; others must wait."
        )
    tree = "" if plan.request.tree else _("What it started may hold it as well: try --tree.")
    return {
        PortVerdict.FREE: join_sentences(*restart_sentences(plan.steps)),
        PortVerdict.TIME_WAIT: time_wait,
        PortVerdict.TAKEN_AGAIN: _stop_the_starter(proof),
        PortVerdict.STILL_HELD: tree,
    }.get(proof.verdict, proof.bind.hint)


def _stop_the_starter(proof: Proof) -> str:
    for holder in proof.holders:
        if holder.service:
            command = command_line("service", "stop", inert(holder.service))
            return _("Stop what starts it again: {command}").format(command=command)
        if holder.starter is not None:
            started = iso_time(holder.starter.key.started_ms) or "TIME"
            command = command_line("end", str(holder.starter.pid), "--started", started)
            return _("Stop what starts it again, {process}: {command}").format(
                process=describe_process(holder.starter), command=command
            )
    return _("Find out what starts it again and stop that.")
