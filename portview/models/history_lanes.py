"""An answer about history arranged in lanes over time. Pure, no Qt.

One port's lanes are the programs that had it, and below them the watches that fired. All ports'
lanes are the ports, and the bars in them the programs.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.formatting import format_duration
from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.i18n import _, join_sentences, ngettext
from portview.watch.history.times import unknown_times
from portview.watch.history.words import LONGEST_NAME, event_text, span_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.watch.history.questions import HistoryAnswer, IncidentSpan, Span

MOST_LANES = 50
"""Lanes of one port."""

MOST_PORTS = 5000
"""Lanes of all ports."""


class Tone(Enum):
    """What a bar means; a view gives it a colour, and its shape or text the same meaning."""

    NOW = auto()
    """A program that has the port now."""
    PAST = auto()
    OTHER = auto()
    """A program that took over in the same lane."""
    FIRING = auto()


class Bar(NamedTuple):
    """One span as a piece of a lane; ``start_ms`` and ``end_ms`` lie within what is shown."""

    start_ms: int
    end_ms: int
    is_start_seen: bool
    is_open: bool
    tooltip: str
    tone: Tone = Tone.PAST
    label: str = ""


class Mark(NamedTuple):
    """Something that happened."""

    at_ms: int
    tooltip: str


class Lane(NamedTuple):
    """The bars of one program or port, by their time."""

    name: str
    bars: tuple[Bar, ...]
    port: int | None = None
    protocol: str = ""
    marks: tuple[Mark, ...] = ()
    detail: str = ""
    """What else can be searched for: names of programs."""

    @property
    def is_current(self) -> bool:
        """Return whether somebody has the port now."""
        return any(bar.is_open for bar in self.bars)


class Lanes(NamedTuple):
    """What a view shows between two moments. ``unknown`` are times in which nobody looked."""

    from_ms: int
    to_ms: int
    lanes: tuple[Lane, ...] = ()
    unknown: tuple[tuple[int, int], ...] = ()
    marks: tuple[Mark, ...] = ()
    summary: str = ""


def arrange(answer: HistoryAnswer, from_ms: int, to_ms: int) -> Lanes:
    """Return one port's lanes between two moments: programs that have it now first."""
    by_name: dict[str, list[Bar]] = {}
    for span in answer.spans:
        bar = _bar(span, from_ms, to_ms)
        if bar is not None:
            by_name.setdefault(span_name(span), []).append(bar)
    lanes = [Lane(name, tuple(bars)) for name, bars in by_name.items()]
    lanes.sort(key=lambda lane: (not lane.is_current, -lane.bars[-1].end_ms, lane.name))
    unknown = unknown_times(answer, from_ms, to_ms)
    summary = _summary(answer, lanes, unknown)
    watches = _watch_lanes(answer.incidents, from_ms, to_ms)
    return Lanes(
        from_ms,
        to_ms,
        (*lanes[:MOST_LANES], *watches),
        unknown,
        _marks(answer, from_ms, to_ms),
        summary,
    )


def arrange_ports(answer: HistoryAnswer, from_ms: int, to_ms: int) -> Lanes:
    """Return a lane for each port that somebody listened on between two moments, by number."""
    found: dict[tuple[int, str], list[tuple[str, Bar]]] = {}
    for span in answer.spans:
        bar = _bar(span, from_ms, to_ms)
        if bar is not None:
            found.setdefault((span.port, span.protocol), []).append((span_name(span), bar))
    marks: dict[int, list[Mark]] = {}
    for event in answer.events:
        if event.port is not None and from_ms <= event.at_ms <= to_ms:
            marks.setdefault(event.port, []).append(Mark(event.at_ms, event_text(event)))
    lanes = [
        Lane(
            f"{port}/{protocol}",
            _distinguished(bars),
            port,
            protocol,
            tuple(marks.get(port, ())),
            " ".join(dict.fromkeys(name for name, _bar in bars)),
        )
        for (port, protocol), bars in sorted(found.items())
    ]
    unknown = unknown_times(answer, from_ms, to_ms)
    whole = tuple(
        Mark(event.at_ms, event_text(event))
        for event in answer.events
        if event.port is None and from_ms <= event.at_ms <= to_ms
    )
    summary = _all_summary(answer, lanes, unknown)
    return Lanes(from_ms, to_ms, tuple(lanes[:MOST_PORTS]), unknown, whole, summary)


def _bar(span: Span, from_ms: int, to_ms: int) -> Bar | None:
    end_ms = to_ms if span.to_ms is None else span.to_ms
    if end_ms < from_ms or span.from_ms > to_ms:
        return None
    return Bar(
        max(span.from_ms, from_ms),
        min(end_ms, to_ms),
        span.is_start_seen and span.from_ms >= from_ms,
        span.to_ms is None,
        _tooltip(span, to_ms),
        Tone.NOW if span.to_ms is None else Tone.PAST,
        span_name(span),
    )


def _distinguished(bars: Iterable[tuple[str, Bar]]) -> tuple[Bar, ...]:
    """Return the bars of a port with every second program in another tone."""
    places: dict[str, int] = {}
    return tuple(
        bar._replace(tone=Tone.OTHER) if places.setdefault(name, len(places)) % 2 else bar
        for name, bar in bars
    )


def _watch_lanes(incidents: Iterable[IncidentSpan], from_ms: int, to_ms: int) -> list[Lane]:
    by_watch: dict[str, list[Bar]] = {}
    for one in incidents:
        end_ms = to_ms if one.to_ms is None else one.to_ms
        if end_ms < from_ms or one.from_ms > to_ms:
            continue
        until = _("now") if one.to_ms is None else local_moment(one.to_ms)
        text = _("{watch} fired from {since} until {until}, {length}").format(
            watch=inert(one.watch, LONGEST_NAME),
            since=local_moment(one.from_ms),
            until=until,
            length=format_duration(end_ms - one.from_ms),
        )
        by_watch.setdefault(one.watch, []).append(
            Bar(
                max(one.from_ms, from_ms),
                min(end_ms, to_ms),
                one.from_ms >= from_ms,
                one.to_ms is None,
                f"{text}\n{inert(one.detail, 200)}".rstrip(),
                Tone.FIRING,
                _("firing"),
            )
        )
    return [
        Lane(_("Watch {watch}").format(watch=inert(name, LONGEST_NAME)), tuple(bars))
        for name, bars in by_watch.items()
    ]


def _marks(answer: HistoryAnswer, from_ms: int, to_ms: int) -> tuple[Mark, ...]:
    return tuple(
        Mark(event.at_ms, event_text(event))
        for event in answer.events
        if from_ms <= event.at_ms <= to_ms
    )


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
    return _with_unknown(words, unknown)


def _all_summary(
    answer: HistoryAnswer, lanes: list[Lane], unknown: tuple[tuple[int, int], ...]
) -> str:
    if answer.first_look_ms is None:
        return _("Nothing was recorded yet. PortView remembers who listens from now on.")
    words = ngettext("{count} port.", "{count} ports.", len(lanes)).format(count=len(lanes))
    if answer.is_cut:
        words = join_sentences(words, _("There is more than can be shown: choose a shorter time."))
    return _with_unknown(words, unknown)


def _with_unknown(words: str, unknown: tuple[tuple[int, int], ...]) -> str:
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
    name = span_name(span)
    lines = [
        name if span.pid is None else _("{name} (PID {pid})").format(name=name, pid=span.pid),
        _("From {since} until {until}, {length}").format(
            since=since, until=until, length=format_duration(end_ms - span.from_ms)
        ),
        f"{span.protocol.upper()} {inert(span.address)}:{span.port}",
    ]
    if span.user:
        lines.append(_("User {user}").format(user=inert(span.user, LONGEST_NAME)))
    if span.executable:
        lines.append(inert(span.executable, 200))
    return "\n".join(lines)
