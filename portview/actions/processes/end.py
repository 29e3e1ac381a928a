"""End one process, or everything under it as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.elevation.client import stop_elevated
from portview.actions.free_port.plan import PlanAction, PlanStep, plan_end
from portview.actions.free_port.report import changes_words, pending_words, results_words
from portview.actions.inspection.process_inspection import ProcessInspector
from portview.actions.process_handles.handle import check_identity
from portview.actions.safety.process_words import describe_process
from portview.actions.safety.seen_process import SeenProcess
from portview.actions.stopping.stop import Ending, StopResult, stop_processes
from portview.domain.errors import ActionReport, Outcome
from portview.i18n import _, join_list

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from portview.actions.progress import ActionStep
    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.process import ProcessKey


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReport(ActionReport):
    """How ending a process went, for it and for each process under it."""

    step: PlanStep
    results: tuple[StopResult, ...] = ()

    @property
    def can_be_elevated(self) -> bool:
        """Return whether the same may work as administrator."""
        is_denied = any(result.ending is Ending.DENIED for result in self.results)
        return is_denied or (self.step.refusal is not None and self.step.refusal.needs_admin)


def inspect_process(key: ProcessKey, *, force: bool = False, tree: bool = False) -> PlanStep:
    """Propose how to end the process that a person saw. Changes nothing.

    Raises PortViewError where it has ended, or where its PID is another process now.
    """
    check_identity(key)
    inspector = ProcessInspector(for_showing=True)
    members = inspector.tree(key) if tree else ()
    return plan_end(inspector.facts_of(key), inspector.standpoint(), force=force, tree=members)


def end_process(
    step: PlanStep,
    *,
    grace_s: float = 5.0,
    as_admin: bool = False,
    cancel: CancelToken | None = None,
    report: Callable[[ActionStep], None] | None = None,
    end_now: threading.Event | None = None,
) -> EndReport:
    """Do what ``inspect_process`` proposed. Blocks; any thread.

    ``as_admin`` has the system ask for administrator rights for this one action. What was refused
    because it could not be read here, the elevated process reads by itself, and refuses again where
    it has to. Raises Cancelled before anything was done, and PortViewError where the rights were
    not given.
    """
    process = step.process
    is_refused = step.kind is PlanAction.REFUSE
    is_for_admin = as_admin and step.refusal is not None and step.refusal.needs_admin
    if process is None or (is_refused and not is_for_admin):
        return _refused(step)
    sentence = _("End {name} and what runs under it.") if step.tree else _("End {name}.")
    asked = sentence.format(name=describe_process(process.info))
    if cancel:
        cancel.raise_if_cancelled()
    force = step.kind is PlanAction.END
    members = (*step.tree, process)
    seen = tuple(SeenProcess(one.key, one.program) for one in members)
    if as_admin:
        results = stop_elevated(seen, grace_s=grace_s, force=force, cancel=cancel)
    else:
        results = stop_processes(
            seen,
            grace_s=grace_s,
            force=force,
            cancel=cancel,
            report=report,
            end_now=end_now,
        )
    names = {member.key: member.info for member in members}
    done = results_words(results, names)
    left = [one for one in results if not one.ending.is_over]
    seconds = max((one.after_ms for one in results), default=0) / 1000
    now = _("Ended after {seconds:.1f} s.").format(seconds=seconds)
    if left:
        running = (describe_process(names.get(one.process), one.process.pid) for one in left)
        now = _("Still running: {processes}").format(processes=join_list(running))
    endings = {one.ending for one in results}
    if Ending.CHANGED in endings:
        now = changes_words(results)
    return EndReport(
        _outcome(endings), asked, done, now, _next(results), step=step, results=results
    )


def _refused(step: PlanStep) -> EndReport:
    reason = step.refusal
    name = describe_process(step.process.info if step.process else None)
    return EndReport(
        Outcome.NEEDS_ADMIN if reason and reason.needs_admin else Outcome.NOT_DONE,
        _("End {name}.").format(name=name),
        _("Nothing was done."),
        reason.reason if reason else "",
        reason.advice if reason else "",
        step=step,
    )


def _outcome(endings: set[Ending]) -> Outcome:
    if all(ending.is_over for ending in endings):
        return Outcome.DONE
    return Outcome.NEEDS_ADMIN if Ending.DENIED in endings else Outcome.NOT_DONE


def _next(results: Sequence[StopResult]) -> str:
    endings = {one.ending for one in results}
    if Ending.DENIED in endings:
        return _("Try again with administrator rights.")
    if endings & {Ending.NOT_THE_SAME, Ending.CHANGED}:
        return _("Check again before you continue.")
    if Ending.STILL_RUNNING in endings:
        return pending_words(results)
    return ""
