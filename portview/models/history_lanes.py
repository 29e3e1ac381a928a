"""An answer about history arranged in lanes, one for each program. Pure, no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.formatting import format_duration
from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.i18n import _, join_sentences, ngettext

if TYPE_CHECKING:
    from portview.watch.history.questions import HistoryAnswer, Span
    from portview.watch.history.writing import PortEvent

MOST_LANES = 50
_LONGEST_NAME = 60


class Bar(NamedTuple):
    """One span as a piece of a lane; ``start_ms`` and ``end_ms`` lie within what is shown."""

    start_ms: int
    end_ms: int
    is_start_seen: bool
    is_open: bool
    tooltip: str


class Lane(NamedTuple):
    """The spans of one program, by their time."""

    name: str
    bars: tuple[Bar, ...]

    @property
    def is_current(self) -> bool:
        """Return whether the program has the port now."""
        return any(bar.is_open for bar in self.bars)


class Mark(NamedTuple):
    """Something that happened."""

    at_ms: int
    tooltip: str


class Lanes(NamedTuple):
    """What a view shows between two moments. ``unknown`` are times in which nobody looked."""

    from_ms: int
    to_ms: int
    lanes: tuple[Lane, ...] = ()
    unknown: tuple[tuple[int, int], ...] = ()
    marks: tuple[Mark, ...] = ()
    summary: str = ""


def arrange(answer: HistoryAnswer, from_ms: int, to_ms: int) -> Lanes:
    """Return the lanes of an answer between two moments: those that have the port now first."""
    by_name: dict[str, list[Bar]] = {}
    for span in answer.spans:
        end_ms = to_ms if span.to_ms is None else span.to_ms
        if end_ms < from_ms or span.from_ms > to_ms:
            continue
        bar = Bar(
            max(span.from_ms, from_ms),
            min(end_ms, to_ms),
            span.is_start_seen and span.from_ms >= from_ms,
            span.to_ms is None,
            _tooltip(span, to_ms),
        )
        by_name.setdefault(_name(span), []).append(bar)
    lanes = [Lane(name, tuple(bars)) for name, bars in by_name.items()]
    lanes.sort(key=lambda lane: (not lane.is_current, -lane.bars[-1].end_ms, lane.name))
    unknown = tuple(_unknown(answer, from_ms, to_ms))
    marks = tuple(
        Mark(event.at_ms, _event_text(event))
        for event in answer.events
        if from_ms <= event.at_ms <= to_ms
    )
    summary = _summary(answer, lanes, unknown)
    return Lanes(from_ms, to_ms, tuple(lanes[:MOST_LANES]), unknown, marks, summary)


def _name(span: Span) -> str:
    return inert(span.what or span.process or _("unknown program"), _LONGEST_NAME)


def _unknown(answer: HistoryAnswer, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
    if answer.first_look_ms is None:
        return [(from_ms, to_ms)]
    found = [(from_ms, answer.first_look_ms)] if answer.first_look_ms > from_ms else []
    found += [(gap.from_ms, to_ms if gap.to_ms is None else gap.to_ms) for gap in answer.gaps]
    cut = [(max(start, from_ms), min(end, to_ms)) for start, end in found]
    return [(start, end) for start, end in cut if start < end]


def _summary(answer: HistoryAnswer, lanes: list[Lane], unknown: tuple[tuple[int, int], ...]) -> str:
    if answer.first_look_ms is None:
        return _("Nothing was recorded yet. PortView remembers who listens from now on.")
    count = sum(len(lane.bars) for lane in lanes)
    if not count:
        words = _("No process was seen listening here.")
    else:
        words = ngettext(
            "Seen listening once, by {programs}.", "Seen listening {count} times, by {programs}.",
            count,
        ).format(count=count, programs=_programs(lanes))  # fmt: skip
    if unknown:
        length = format_duration(sum(end - start for start, end in unknown))
        words = join_sentences(
            words,
            _("PortView did not record {length} of this time (hatched).").format(length=length),
        )
    return words


def _programs(lanes: list[Lane]) -> str:
    if len(lanes) == 1:
        return lanes[0].name
    return ngettext("{count} program", "{count} programs", len(lanes)).format(count=len(lanes))


def _tooltip(span: Span, now_ms: int) -> str:
    end_ms = now_ms if span.to_ms is None else span.to_ms
    until = _("now") if span.to_ms is None else local_moment(span.to_ms)
    since = local_moment(span.from_ms)
    if not span.is_start_seen:
        since = _("{moment} or before").format(moment=since)
    name = _name(span)
    lines = [
        name if span.pid is None else _("{name} (PID {pid})").format(name=name, pid=span.pid),
        _("From {since} until {until}, {length}").format(
            since=since, until=until, length=format_duration(end_ms - span.from_ms)
        ),
        f"{span.protocol.upper()} {inert(span.address)}:{span.port}",
    ]
    if span.user:
        lines.append(_("User {user}").format(user=inert(span.user, _LONGEST_NAME)))
    if span.executable:
        lines.append(inert(span.executable, 200))
    return "\n".join(lines)


def _event_text(event: PortEvent) -> str:
    parts = (event.kind, event.watch or "", inert(event.detail or "", 200))
    return f"{local_moment(event.at_ms)}\n" + "  ".join(part for part in parts if part)
