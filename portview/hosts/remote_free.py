"""Freeing a port on another machine: its plan in words, and the command that does just that plan.

The other PortView plans again when it acts. The processes that the person saw travel with the
command, and it stops nothing where others hold the port by then.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from portview.domain.plain_text import inert
from portview.i18n import _

_LONGEST = 300
_ACTS = ("ask_to_close", "end", "stop_service")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{1,20}Z")


class RemotePlan(NamedTuple):
    """What another machine would do; ``command`` is empty where it can't or need not."""

    lines: tuple[str, ...]
    command: tuple[str, ...] = ()


def plan_arguments(port: int, protocol: str) -> tuple[str, ...]:
    """Return the command that plans and does nothing."""
    return ("free", str(port), "--proto", protocol, "--dry-run", "--json")


def read_plan(document: dict[str, Any], port: int, protocol: str) -> RemotePlan:
    """Return a plan as sentences and as a command. Never raises: what is odd is no plan."""
    plan = document.get("plan")
    steps = plan.get("steps") if isinstance(plan, dict) else None
    if not isinstance(steps, list):
        return RemotePlan((_("Its answer is not what was requested."),))
    if not steps:
        report = document.get("report")
        return RemotePlan(report_lines(report) or (_("Nothing holds the port there."),))
    lines, expected = [], []
    for step in steps:
        line, holder = _step(step if isinstance(step, dict) else {})
        lines.append(line)
        expected.append(holder)
    if not all(expected):
        return RemotePlan(tuple(lines))
    asked = ("free", str(port), "--proto", protocol, "--yes", "--json")
    return RemotePlan(
        tuple(lines), (*asked, *(word for one in expected for word in ("--expect", one)))
    )


def _step(step: dict[str, Any]) -> tuple[str, str]:
    """Return a sentence, and the holder as ``--expect`` takes it; "" where it is left alone."""
    found = step.get("process")
    process = found if isinstance(found, dict) else {}
    pid, started = process.get("pid"), process.get("process_started")
    name = inert(str(process.get("process") or "?"), _LONGEST)
    refusal, service = step.get("refusal"), step.get("service")
    if step.get("action") not in _ACTS or isinstance(refusal, dict):
        reason = refusal.get("reason") if isinstance(refusal, dict) else ""
        return inert(str(reason or _("It is left alone.")), _LONGEST), ""
    if type(pid) is not int or not _MOMENT.fullmatch(str(started)):
        return _("Which process holds the port is not known for certain."), ""
    if step["action"] == "stop_service" and isinstance(service, dict):
        title = inert(str(service.get("name", "?")), _LONGEST)
        sentence = _("Stop the service {service}: {process}, PID {pid}.").format(
            service=title, process=name, pid=pid
        )
    elif step["action"] == "end":
        sentence = _("End {process}, PID {pid}.").format(process=name, pid=pid)
    else:
        sentence = _("Ask {process}, PID {pid}, to close; end it if it does not.").format(
            process=name, pid=pid
        )
    return sentence, f"{pid}@{started}"


def report_lines(report: object) -> tuple[str, ...]:
    """Return the sentences of a report."""
    if not isinstance(report, dict):
        return ()
    found = [report.get(key) for key in ("done", "now", "next_step")]
    return tuple(inert(one, _LONGEST) for one in found if isinstance(one, str) and one)
