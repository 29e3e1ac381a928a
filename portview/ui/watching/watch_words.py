"""How watches and their states are worded in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.local_time import local_moment, short_moment
from portview.domain.severity import Severity
from portview.domain.user_input.parsing import format_duration
from portview.i18n import _, join_list
from portview.ui.widgets.result import ResultRow
from portview.watch.history.words import event_words
from portview.watch.rules.model import Expectation
from portview.watch.rules.shown import shown_url

if TYPE_CHECKING:
    from portview.watch.rules.model import Watch
    from portview.watch.running.status import WatchStatus
    from portview.watch.running.strip import WatchStrip

_NOW_MS = 1500
_SEVERITIES = {"ok": Severity.GOOD, "firing": Severity.BAD, "recovering": Severity.BAD}


STRIP_COLUMN = 3
"""The place of the last day among the columns."""


def columns() -> tuple[str, ...]:
    """Return the titles of the table."""
    return (
        _("State"),
        _("Name"),
        _("Expects"),
        _("Last 24 hours"),
        _("Since"),
        _("Last check"),
        _("Next check"),
        _("Notifies"),
        _("Detail"),
    )


def state_words(status: WatchStatus) -> str:
    """Return a state with what is laid over it."""
    words = {
        "ok": _("OK"),
        "pending": _("pending"),
        "firing": _("firing"),
        "recovering": _("recovering"),
        "unknown": _("unknown"),
    }[status.state]
    over = []
    if status.is_acknowledged:
        over.append(_("acknowledged"))
    if status.silenced_until_ms:
        over.append(_("silenced"))
    if status.is_flapping:
        over.append(_("flapping"))
    return f"{words} ({', '.join(over)})" if over else words


def expectation_words(watch: Watch) -> str:
    """Return what a watch expects, in a few words."""
    port = "" if watch.port is None else f"{watch.protocol.upper()} {watch.port}"
    where = f"{watch.host}:{watch.port}" if watch.host else port
    words = {
        Expectation.LISTENING: _("{port} listens"),
        Expectation.FREE: _("{port} is free"),
        Expectation.HELD_BY: _("{port} is held by {program}"),
        Expectation.TCP: _("{where} answers"),
        Expectation.UDP: _("{where} answers"),
        Expectation.HTTP: _("{url} responds as expected"),
        Expectation.TLS: _("the certificate of {where} is valid for {days:g} days"),
        Expectation.SERVICE: _("the service {service} runs"),
        Expectation.NO_NEW_LISTENERS: _("nothing new listens"),
        Expectation.NOT_EXPOSED: _("{port} stays closed to other machines"),
        Expectation.SOCKETS: _("at most {above:g} sockets"),
        Expectation.DYNAMIC_PORTS: _("dynamic ports are left"),
        Expectation.NOT_RESERVED: _("{port} is in no excluded range"),
        Expectation.RESOURCES: _("use of {resource} stays below {above:g}"),
    }[watch.expect]
    return words.format(
        port=port,
        where=where or shown_url(watch.url),
        url=shown_url(watch.url) or where,
        program=watch.program,
        service=watch.service,
        days=watch.days,
        above=watch.above or 0.0,
        resource=watch.resource,
    )


def next_check(status: WatchStatus, now_ms: int) -> str:
    """Return when a watch is checked next, as far as its interval reports."""
    if status.checked_ms is None:
        return _("soon")
    left_ms = status.checked_ms + round(status.watch.interval_s * 1000) - now_ms
    if left_ms < _NOW_MS:
        return _("soon")
    return _("in {time}").format(time=format_duration(left_ms // 1000 * 1000))


def status_row(
    status: WatchStatus, now_ms: int, strip: WatchStrip | None = None, *, is_evaluated: bool = True
) -> ResultRow:
    """Return one line of the table. ``is_evaluated`` says whether any process checks watches."""
    checked = ""
    if status.checked_ms:
        age_ms = max(0, now_ms - status.checked_ms)
        checked = _("{time} ago").format(time=format_duration(age_ms // 1000 * 1000))
        if age_ms < _NOW_MS:
            checked = _("now")
    return ResultRow(
        (
            state_words(status),
            status.watch.name,
            expectation_words(status.watch),
            strip.words() if strip else "",
            short_moment(status.since_ms, now_ms) if status.since_ms else "",
            checked,
            next_check(status, now_ms) if is_evaluated else _("not scheduled"),
            join_list(status.watch.notify) or _("desktop"),
            status.detail,
        ),
        _SEVERITIES.get(status.state, Severity.NOTE),
    )


def event_row(event: tuple[int, str, str]) -> ResultRow:
    """Return one line of the timeline."""
    at_ms, kind, text = event
    severity = {"firing": Severity.BAD, "reminder": Severity.BAD, "resolved": Severity.GOOD}
    return ResultRow(
        (local_moment(at_ms), event_words(kind), text), severity.get(kind, Severity.NOTE)
    )
