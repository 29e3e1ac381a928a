"""The record of what was done: one JSON object per line, in a file of this user's."""

from __future__ import annotations

import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from portview.actions.firewall_rules.report import FirewallReport
from portview.actions.free_port.execute import FreeReport
from portview.actions.free_port.plan import PlanAction
from portview.actions.port_settings.change import SettingReport
from portview.actions.processes.end import EndReport
from portview.actions.processes.stopped import StoppedProcess
from portview.actions.processes.suspend import SuspendReport
from portview.actions.services.change import ServiceReport
from portview.domain.errors import Outcome
from portview.domain.facts import known_or
from portview.domain.firewall import RuleEffect
from portview.domain.json_schema import iso_time
from portview.domain.owners.process_rights import ProcessRights
from portview.log import log_path
from portview.private_files import make_folder, open_to_append, read_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from portview.actions.free_port.plan import PlanStep
    from portview.actions.safety.process_facts import ProcessFacts
    from portview.actions.stopping.stop import StopResult
    from portview.domain.errors import ActionReport

logger = logging.getLogger(__name__)

_LARGEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """One action: when, what was asked, done and true then, and to whom.

    ``made_rules`` are the ids of firewall rules that it made, which can be revoked by them.
    ``undo_setting`` are the words of the change that undoes one of a setting.
    """

    at_ms: int
    asked: str
    done: str
    now: str
    outcome: Outcome
    processes: tuple[StoppedProcess, ...] = ()
    stopped_services: tuple[str, ...] = ()
    made_rules: tuple[str, ...] = ()
    undo_setting: tuple[str, ...] = ()
    kind: str = ""
    """What happened to ``port``: "freed", "allowed" or "blocked"; else empty."""
    port: int | None = None
    protocol: str | None = None


def record_path() -> Path:
    """Return the file of the record, which stands beside the log."""
    return log_path().with_name("actions.jsonl")


def keep_record(report: ActionReport, *, at_ms: int | None = None) -> ActionRecord:
    """Append a report to the record and to the log. A disk that refuses is logged, not fatal."""
    record = record_of(report, time.time_ns() // 1_000_000 if at_ms is None else at_ms)
    logger.info("%s %s %s", record.asked, record.done, record.now)
    line = json.dumps(_to_json(record), ensure_ascii=True) + "\n"
    try:
        path = record_path()
        make_folder(path.parent)
        _make_room(path)
        # Command lines may hold secrets: nobody else needs to read them.
        with os.fdopen(open_to_append(path), "wb") as file:
            file.write(line.encode("ascii"))
    except OSError as error:
        logger.warning("the action was not recorded: %s", error)
    return record


def read_records() -> tuple[ActionRecord, ...]:
    """Return what was recorded, the newest first. Lines that can't be understood are left out."""
    records = []
    for path in (record_path(), record_path().with_suffix(".1.jsonl")):
        try:
            lines = read_whole(path).decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        records += [record for line in reversed(lines) if (record := _from_json(line))]
    return tuple(records)


def record_of(report: ActionReport, at_ms: int) -> ActionRecord:
    """Return the record of a report. Pure."""
    processes: tuple[StoppedProcess, ...] = ()
    services: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    if isinstance(report, FreeReport):
        processes = _stopped(report.plan.steps, report.results)
        if not report.service_problems and report.proof:
            services = tuple(
                step.service.name
                for step in report.plan.steps
                if step.kind is PlanAction.STOP_SERVICE and step.service
            )
    elif isinstance(report, EndReport):
        processes = _stopped([report.step], report.results)
    elif isinstance(report, SuspendReport) and report.outcome is Outcome.DONE:
        process = report.plan.process
        processes = (_stopped_process(process, report.plan.verb.participle),)
    elif isinstance(report, FirewallReport) and report.is_in_force:
        rules = (report.rule_id,)
    elif isinstance(report, ServiceReport) and report.is_stopped:
        services = (report.service.name,)
    elif isinstance(report, SettingReport) and report.outcome is Outcome.DONE and report.plan.undo:
        undo = report.plan.undo.words()
    kind, port, protocol = _happened(report)
    return ActionRecord(
        at_ms,
        report.asked,
        report.done,
        report.now,
        report.outcome,
        processes,
        services,
        rules,
        undo,
        kind,
        port,
        protocol,
    )


def _happened(report: ActionReport) -> tuple[str, int | None, str | None]:
    """Return what a report means for the history of a port: the kind, the port, the protocol."""
    if isinstance(report, FreeReport) and report.outcome is Outcome.DONE and report.results:
        request = report.plan.request
        return "freed", request.port, request.protocol.value
    rule = report.proof.own if isinstance(report, FirewallReport) and report.proof else None
    if rule is not None:
        spec = rule.rule_spec
        kind = "allowed" if spec.effect is RuleEffect.ALLOW else "blocked"
        return kind, spec.port, spec.protocol.value
    return "", None, None


def _stopped(
    steps: Iterable[PlanStep], results: Iterable[StopResult]
) -> tuple[StoppedProcess, ...]:
    members = {member.key: member for step in steps for member in step.members}
    stopped = []
    for result in results:
        member = members.get(result.process)
        if member is None:
            continue
        stopped.append(_stopped_process(member, result.ending.value))
    return tuple(stopped)


def _stopped_process(process: ProcessFacts, ending: str) -> StoppedProcess:
    info = process.info
    return StoppedProcess(
        info.pid,
        info.key.started_ms,
        ending,
        info.name,
        info.executable,
        info.command_line,
        process.working_directory,
        info.user,
        known_or(process.rights, None),
    )


def _make_room(path: Path) -> None:
    try:
        size = path.lstat().st_size
    except FileNotFoundError:
        return
    if size > _LARGEST_BYTES:
        path.replace(path.with_suffix(".1.jsonl"))


def _to_json(record: ActionRecord) -> dict[str, Any]:
    return {
        "at": iso_time(record.at_ms),
        "at_ms": record.at_ms,
        "asked": record.asked,
        "done": record.done,
        "now": record.now,
        "outcome": record.outcome.name.lower(),
        "processes": [_process_to_json(process) for process in record.processes],
        "stopped_services": list(record.stopped_services),
        "made_rules": list(record.made_rules),
        "undo_setting": list(record.undo_setting),
        "kind": record.kind,
        "port": record.port,
        "protocol": record.protocol,
    }


def _process_to_json(process: StoppedProcess) -> dict[str, Any]:
    values = {name: getattr(process, name) for name in StoppedProcess.__slots__}
    return {**values, "rights": asdict(process.rights) if process.rights else None}


def _from_json(line: str) -> ActionRecord | None:
    try:
        values = json.loads(line)
        return ActionRecord(
            int(values["at_ms"]),
            str(values["asked"]),
            str(values["done"]),
            str(values["now"]),
            Outcome[str(values["outcome"]).upper()],
            tuple(_process_from_json(one) for one in values["processes"]),
            tuple(str(name) for name in values["stopped_services"]),
            tuple(str(name) for name in values.get("made_rules", ())),
            tuple(str(word) for word in values.get("undo_setting", ())),
            str(values.get("kind", "")),
            None if values.get("port") is None else int(values["port"]),
            None if values.get("protocol") is None else str(values["protocol"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _process_from_json(values: dict[str, Any]) -> StoppedProcess:
    line = values["command_line"]
    texts = {
        name: None if values[name] is None else str(values[name])
        for name in ("name", "executable", "working_directory", "user")
    }
    return StoppedProcess(
        int(values["pid"]),
        int(values["started_ms"]),
        str(values["ending"]),
        command_line=None if line is None else tuple(str(word) for word in line),
        rights=_rights_from_json(values.get("rights")),
        **texts,
    )


def _rights_from_json(values: dict[str, Any] | None) -> ProcessRights | None:
    """Read the rights; None for a record that was written before they were kept."""
    if values is None:
        return None
    group = values["group_id"]
    return ProcessRights(
        str(values["user_id"]),
        str(values["level"]),
        is_privileged=bool(values["is_privileged"]),
        group_id=None if group is None else int(group),
        groups=tuple(int(number) for number in values["groups"]),
        namespaces=tuple(str(name) for name in values["namespaces"]),
        label=str(values["label"]),
    )
