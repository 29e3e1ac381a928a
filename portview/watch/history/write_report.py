"""Asks for what a report needs and writes it as one file."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.table.export import encode
from portview.files import write_whole
from portview.i18n import _
from portview.watch.history.html_report import html_report
from portview.watch.history.questions import HistoryQuestion, ask_history, find_incident
from portview.watch.history.report_facts import ReportFacts, report_facts

if TYPE_CHECKING:
    from pathlib import Path

_AROUND_MS = 600_000
"""How much of the time before and after an incident its report shows."""


class ReportRequest(NamedTuple):
    """What a report is about: a time, of one port or all; or an incident with its port."""

    from_ms: int = 0
    to_ms: int = 0
    port: int | None = None
    protocol: str | None = None
    incident: str | None = None
    """The identifier, or how it begins."""


def write_report(request: ReportRequest, output: Path, store: Path | None = None) -> ReportFacts:
    """Write the report and return what is in it. Blocks; any thread.

    Raises PortViewError where nothing was recorded, no incident or more than one begins like that,
    or the file can't be written, and sqlite3.Error.
    """
    now_ms = time.time_ns() // 1_000_000
    title = _("Report about ports")
    if request.port is not None:
        title = _("Report about port {port}").format(port=request.port)
    if request.incident is not None:
        found = find_incident(request.incident, store)
        end_ms = now_ms if found.to_ms is None else found.to_ms
        request = ReportRequest(
            found.from_ms - _AROUND_MS, min(now_ms, end_ms + _AROUND_MS), found.port
        )
        title = _("Report about incident {incident}: {watch}").format(
            incident=found.incident[:8], watch=found.watch
        )
    answer = ask_history(
        HistoryQuestion(request.port, None, request.from_ms, request.to_ms, request.protocol),
        store,
    )
    facts = report_facts(answer, request.from_ms, request.to_ms)
    page = html_report(facts, title=title, machine=platform.node(), now_ms=now_ms)
    write_whole(output, encode(page))
    return facts
