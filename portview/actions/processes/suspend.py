"""Suspend one process, and resume it; looked at before and after."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.actions.elevation.client import run_elevated
from portview.actions.elevation.request import ElevatedOperation, ElevatedRequest
from portview.actions.inspection.process_inspection import ProcessInspector, read_rows
from portview.actions.inspection.verification import changed_since, find_changes
from portview.actions.port_usage import holds_port
from portview.actions.process_handles.choose import open_process_handle
from portview.actions.process_handles.handle import ProcessGoneError, check_identity, process_gone
from portview.actions.safety.process_words import describe_process
from portview.actions.safety.refusals import Refusal, suspend_refusal
from portview.actions.safety.seen_process import SeenProcess, sockets_of
from portview.actions.safety.state_refusals import state_refusal
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.owners.process import Execution
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import _, join_list
from portview.readers.execution import read_execution

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.process_handles.handle import ProcessHandle
    from portview.actions.safety.process_facts import ProcessFacts, SelfContext
    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.program import RunningProgram
    from portview.domain.sockets.socket_row import SocketRow

_MOST_RESUMES = 20
"""Windows counts how often a process was suspended; each call undoes one of them."""
_AT_THE_LATEST_S = 2.0
"""How long a process may take to be suspended: Linux waits for the end of a system call."""
_LOOK_EVERY_S = 0.02


class SuspendVerb(StrEnum):
    """What is wanted of a process."""

    SUSPEND = "suspend"
    RESUME = "resume"

    @property
    def participle(self) -> str:
        """Return "suspended" or "resumed"."""
        return "suspended" if self is SuspendVerb.SUSPEND else "resumed"


_ELEVATED_REQUESTS = {
    SuspendVerb.SUSPEND: ElevatedOperation.SUSPEND,
    SuspendVerb.RESUME: ElevatedOperation.RESUME,
}


@dataclass(frozen=True, slots=True)
class SuspendPlan:
    """What PortView is about to do to one process.

    ``sockets`` are what it listens with, which it keeps. ``refusal`` says why nothing will be done.
    ``seen`` is what the process has to be at the moment of the act.
    """

    verb: SuspendVerb
    process: ProcessFacts
    sockets: tuple[SocketRow, ...] = ()
    refusal: Refusal | None = None
    seen: SeenProcess | None = None

    @property
    def is_so_already(self) -> bool:
        """Return whether the process is already as it is wanted."""
        execution = self.process.execution
        if self.verb is SuspendVerb.SUSPEND:
            return execution.is_suspended
        return execution is Execution.RUNNING

    @property
    def is_possible(self) -> bool:
        """Return whether there is something that may be done."""
        return self.refusal is None and not self.is_so_already


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspendReport(ActionReport):
    """How suspending or resuming ended, and whether the process is suspended now."""

    plan: SuspendPlan
    execution: Execution


def inspect_execution(key: ProcessKey, verb: SuspendVerb) -> SuspendPlan:
    """See whether the process that a person saw is suspended. Changes nothing.

    Raises PortViewError where it has ended, or where its PID is another process now.
    """
    check_identity(key)
    inspector = ProcessInspector(for_showing=True)
    facts = inspector.facts_of(key)
    holding = tuple(row for row in read_rows() if row.owner == key and holds_port(row))
    reason = suspend_refusal(facts, inspector.standpoint())
    reason = reason or state_refusal(facts, is_resume=verb is SuspendVerb.RESUME)
    seen = SeenProcess(key, facts.program, sockets_of(holding))
    return SuspendPlan(verb, facts, holding, reason, seen)


def change_execution(plan: SuspendPlan, *, as_admin: bool = False) -> SuspendReport:
    """Do what a plan says, and look whether it came about. Blocks; any thread.

    Raises PortViewError, with outcome NEEDS_ADMIN where this user may not.
    """
    key = plan.process.key
    name = describe_process(plan.process.info)
    verb = plan.verb
    is_suspend = verb is SuspendVerb.SUSPEND
    asked = (_("Suspend {name}.") if is_suspend else _("Resume {name}.")).format(name=name)
    if plan.refusal is not None:
        return SuspendReport(
            Outcome.NOT_DONE,
            asked,
            _("Nothing was done."),
            plan.refusal.reason,
            plan.refusal.advice,
            plan=plan,
            execution=plan.process.execution,
        )
    if as_admin:
        run_elevated(ElevatedRequest(_ELEVATED_REQUESTS[verb], (plan.seen or SeenProcess(key),)))
        execution = _with_handle(plan, _settled(verb))
    else:
        execution = _with_handle(plan, _verified(plan, _act(verb)))
    is_so = execution.is_suspended is (verb is SuspendVerb.SUSPEND)
    was_so = plan.is_so_already and is_so
    return SuspendReport(
        Outcome.DONE if is_so and execution is not Execution.UNKNOWN else Outcome.NOT_DONE,
        asked,
        _("Nothing had to be done.")
        if was_so
        else (_("{name} was suspended.") if is_suspend else _("{name} was resumed.")).format(
            name=name
        ),
        _now(name, execution),
        _next(plan, execution),
        plan=plan,
        execution=execution,
    )


def _verified(
    plan: SuspendPlan, act: Callable[[ProcessHandle], Execution]
) -> Callable[[ProcessHandle], Execution]:
    """Return an act that is done only if the process is still as the person saw it."""

    def verified(hold: ProcessHandle) -> Execution:
        def read_program(_key: ProcessKey) -> RunningProgram:
            return hold.program()

        seen = plan.seen or SeenProcess(plan.process.key)
        changes = find_changes([seen], read_program, refuse=_suspend_refusal, has_begun=True)
        if changes:
            raise changed_since(changes)
        return act(hold)

    return verified


def _suspend_refusal(
    process: ProcessFacts, standpoint: SelfContext, port: int | None
) -> Refusal | None:
    del port
    return suspend_refusal(process, standpoint)


def _act(verb: SuspendVerb) -> Callable[[ProcessHandle], Execution]:
    settle = _settled(verb)

    def act(hold: ProcessHandle) -> Execution:
        if verb is SuspendVerb.SUSPEND:
            # Twice suspended it would have to be resumed twice, which nobody would know.
            if not read_execution(hold.key.pid).is_suspended:
                hold.suspend()
            return settle(hold)
        execution = read_execution(hold.key.pid)
        if execution is Execution.RUNNING:
            return execution  # Nobody has to resume what runs.
        for _unused in range(_MOST_RESUMES):
            hold.resume()
            execution = settle(hold)
            if execution is not Execution.SUSPENDED:
                break
        return execution

    return act


def _settled(verb: SuspendVerb) -> Callable[[ProcessHandle], Execution]:
    """Return how to look until it has come about; while held the PID stays the process's own."""
    wants_suspended = verb is SuspendVerb.SUSPEND
    # A count that is left is left for good; only standing still takes its time.
    patience_s = _AT_THE_LATEST_S if wants_suspended else _LOOK_EVERY_S

    def inspector(hold: ProcessHandle) -> Execution:
        deadline = time.monotonic() + patience_s
        while True:
            execution = read_execution(hold.key.pid)
            if execution.is_suspended is wants_suspended or time.monotonic() > deadline:
                return execution
            if hold.wait(_LOOK_EVERY_S):
                raise ProcessGoneError

    return inspector


def _with_handle(plan: SuspendPlan, act: Callable[[ProcessHandle], Execution]) -> Execution:
    name = describe_process(plan.process.info)
    try:
        with open_process_handle(plan.process.key) as hold:
            return act(hold)
    except (ProcessGoneError, ProcessLookupError) as error:
        raise process_gone(plan.process.key.pid) from error
    except PermissionError as error:
        raise PortViewError(
            "access_denied",
            (
                _("{name} can't be suspended without administrator rights. Nothing was done.")
                if plan.verb is SuspendVerb.SUSPEND
                else _("{name} can't be resumed without administrator rights. Nothing was done.")
            ).format(name=name),
            _("Try again as administrator."),
            Outcome.NEEDS_ADMIN,
        ) from error
    except OSError as error:
        raise PortViewError(
            "not_possible",
            (
                _("{name} was not suspended: {reason}.")
                if plan.verb is SuspendVerb.SUSPEND
                else _("{name} was not resumed: {reason}.")
            ).format(name=name, reason=error.strerror or error),
        ) from error


def describe_sockets(plan: SuspendPlan) -> str:
    """Name what a process listens on: "127.0.0.1:80, [::1]:80"; empty for nothing."""
    return join_list(dict.fromkeys(endpoint_text(row.local) for row in plan.sockets))


def _now(name: str, execution: Execution) -> str:
    return {
        Execution.RUNNING: _("{name} runs.").format(name=name),
        Execution.SUSPENDED: _("{name} is suspended: it does nothing until it is resumed.").format(
            name=name
        ),
        Execution.TRACED: _("{name} is suspended by a debugger.").format(name=name),
        Execution.UNKNOWN: _("Whether {name} is suspended could not be read.").format(name=name),
    }[execution]


def _next(plan: SuspendPlan, execution: Execution) -> str:
    if execution is Execution.TRACED:
        return _("Resume it in the debugger.") if plan.verb is SuspendVerb.RESUME else ""
    if execution is Execution.SUSPENDED:
        if plan.verb is SuspendVerb.RESUME:
            return _("Something suspended it again.")
        if plan.sockets:
            return _("It keeps {sockets}; clients that connect will hang.").format(
                sockets=describe_sockets(plan)
            )
    return ""
