"""Carries out one step of a repair. Never asks for rights: from the background nobody answers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import inert, quoted
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _, labelled
from portview.watch.evaluation.programs import is_program
from portview.watch.repair.attempts import RepairResult
from portview.watch.rules.file import rules_path
from portview.watch.rules.model import RepairKind

if TYPE_CHECKING:
    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.socket_row import SocketRow
    from portview.watch.rules.model import RepairStep, Watch

_GRACE_S = 5.0
_LONGEST_COMMAND = 200


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How a step ended; STARTED stands for done, so that the watch's own check decides."""

    result: RepairResult
    detail: str


def step_words(step: RepairStep) -> str:
    """Return what a step does, for people."""
    if step.kind is RepairKind.RESTART_SERVICE:
        return _("restart the service {name}").format(name=quoted(step.service))
    if step.kind is RepairKind.FREE:
        return _("free the port from {program}").format(program=quoted(step.program))
    return _("run {command}").format(command=inert(" ".join(step.command), _LONGEST_COMMAND))


def carry_out(watch: Watch, step: RepairStep, incident: str, cancel: CancelToken) -> StepEnd:
    """Do what a step says. Blocks. Raises Cancelled."""
    try:
        if step.kind is RepairKind.RESTART_SERVICE:
            return _restart(step)
        if step.kind is RepairKind.FREE:
            return _free(watch, step, cancel)
        return _run(watch, step, incident, cancel)
    except PortViewError as error:
        is_denied = error.outcome is Outcome.NEEDS_ADMIN
        result = RepairResult.REFUSED_ADMIN if is_denied else RepairResult.FAILED
        return StepEnd(result, labelled(step_words(step), inert(error.message, 300)))


def _restart(step: RepairStep) -> StepEnd:
    from portview.actions.confirmation.action import perform, prepare  # noqa: PLC0415 - when wanted
    from portview.actions.confirmation.actions import ServiceAction  # noqa: PLC0415 - likewise

    report = perform(prepare(ServiceAction(step.service, "restart")))
    return StepEnd(RepairResult.STARTED, labelled(step_words(step), report.now))


def _free(watch: Watch, step: RepairStep, cancel: CancelToken) -> StepEnd:
    from portview.actions.confirmation.action import (  # noqa: PLC0415 - when wanted
        ExecutionOptions,
        perform,
        prepare,
    )
    from portview.actions.confirmation.actions import FreeAction  # noqa: PLC0415 - likewise

    words = step_words(step)
    action = FreeAction(
        watch.port or 0, Protocol(watch.protocol), watch.address or None, grace_s=_GRACE_S
    )
    prepared = prepare(action)
    plan = prepared.plan.plan
    for one in plan.steps:
        info = one.process.info if one.process is not None else None
        if one.is_guess or info is None or is_program(info, step.program) is not True:
            text = _("not every holder of the port is that program")
            return StepEnd(RepairResult.REFUSED, labelled(words, text))
    if plan.refused:
        is_hidden = plan.is_hidden
        refusal = plan.refused[0].refusal
        reason = refusal.reason if refusal else ""
        result = RepairResult.REFUSED_ADMIN if is_hidden else RepairResult.REFUSED
        return StepEnd(result, labelled(words, inert(reason, 300)))
    report = perform(prepared, ExecutionOptions(cancel=cancel))
    if report.outcome is Outcome.DONE:
        return StepEnd(RepairResult.STARTED, labelled(words, inert(report.now, 300)))
    is_denied = report.outcome is Outcome.NEEDS_ADMIN
    result = RepairResult.REFUSED_ADMIN if is_denied else RepairResult.FAILED
    return StepEnd(result, labelled(words, inert(report.now, 300)))


def _run(watch: Watch, step: RepairStep, incident: str, cancel: CancelToken) -> StepEnd:
    from portview.watch.repair.command import run_command  # noqa: PLC0415 - when wanted

    words = step_words(step)
    if problem := why_not_trusted():
        return StepEnd(RepairResult.REFUSED_ADMIN, labelled(words, problem))
    variables = {
        "PORTVIEW_WATCH": watch.name,
        "PORTVIEW_PORT": "" if watch.port is None else str(watch.port),
        "PORTVIEW_INCIDENT": incident,
    }
    ended = run_command(step.command, variables, step.timeout_s, cancel)
    cancel.raise_if_cancelled()
    if ended.is_late:
        text = _("it did not end within {seconds:g} s and was ended with all that it started")
        return StepEnd(RepairResult.TIMED_OUT, labelled(words, text.format(seconds=step.timeout_s)))
    if ended.code is None:
        text = _("it could not be started: {reason}").format(reason=ended.problem)
        return StepEnd(RepairResult.FAILED, labelled(words, text))
    if ended.code:
        text = _("it ended with the exit code {code}").format(code=ended.code)
        return StepEnd(RepairResult.FAILED, labelled(words, text))
    return StepEnd(RepairResult.STARTED, labelled(words, _("it ended with the exit code 0")))


def why_not_trusted() -> str:
    """Return why commands of the file are not run with the rights of this process; "" if they are.

    A process with administrator rights runs no command that a program without them can write.
    """
    from portview.private_files import is_roots  # noqa: PLC0415 - for commands alone
    from portview.readers.elevation import is_elevated  # noqa: PLC0415 - likewise

    if not is_elevated():
        return ""
    path = rules_path()
    text = _("PortView runs as administrator, and {path} can be written without these rights")
    if sys.platform == "win32":
        from portview.readers.windows.administrators_folder import (  # noqa: PLC0415 - likewise
            is_administrators_file,
        )

        return "" if is_administrators_file(path) else text.format(path=path)
    try:
        status = path.stat()
    except OSError as error:
        return error.strerror or str(error)
    others_write = status.st_mode & 0o022
    if status.st_uid != 0 or others_write or not is_roots(path.parent):
        return text.format(path=path)
    return ""


def service_holder(service: str, row: SocketRow) -> bool | None:
    """Return whether a socket is a service's, by the service manager; None if unknown."""
    from portview.actions.service_control.choose import open_service_control  # noqa: PLC0415 - slow
    from portview.readers.services import open_services  # noqa: PLC0415 - likewise
    from portview.watch.repair.gate import holds_of_service  # noqa: PLC0415 - likewise

    try:
        pid = open_service_control().describe(service).service.pid
    except PortViewError:
        return None
    if holds_of_service(service, row, (pid,) if pid else ()):
        return True
    if row.owner is None:
        return None
    from portview.domain.facts import Known, Unreadable  # noqa: PLC0415 - likewise

    names = open_services().names_of(row.owner)
    if isinstance(names, Unreadable):
        return None
    wanted = {service.casefold(), f"{service}.service".casefold()}
    return isinstance(names, Known) and bool(wanted & {one.casefold() for one in names.value})
