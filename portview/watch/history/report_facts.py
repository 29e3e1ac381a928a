"""What a report says about a time: ports, changes, alerts and repairs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.watch.history.times import length_ms, union, unknown_times, without_ms
from portview.watch.history.words import event_words, span_name

if TYPE_CHECKING:
    from portview.watch.history.peers import Peer
    from portview.watch.history.questions import HistoryAnswer, IncidentSpan, Span
    from portview.watch.history.writing import PortEvent

_REPAIR = "repair"


class PortFacts(NamedTuple):
    """One port in the time of a report. Texts are untrusted."""

    port: int
    protocol: str
    programs: tuple[str, ...]
    times: tuple[tuple[int, int], ...]
    """When somebody listened, as far as it was seen."""
    listened_ms: int
    share: float | None
    """Of the time in which PortView looked; None where it did not look at all."""
    starts: int
    """How often it was seen to begin."""


class ChangeFacts(NamedTuple):
    """Something that happened: ``kind`` is "began", "ended", or the kind of an event."""

    at_ms: int
    kind: str
    port: int | None
    protocol: str | None
    text: str


class ReportFacts(NamedTuple):
    """Everything that a report shows."""

    from_ms: int
    to_ms: int
    unknown: tuple[tuple[int, int], ...]
    unknown_ms: int
    looked_ms: int
    ports: tuple[PortFacts, ...]
    changes: tuple[ChangeFacts, ...]
    alerts: tuple[IncidentSpan, ...]
    repairs: tuple[PortEvent, ...]
    peers: tuple[Peer, ...]
    """Other machines, where the person had them recorded."""
    is_cut: bool


def report_facts(answer: HistoryAnswer, from_ms: int, to_ms: int) -> ReportFacts:
    """Return the facts of an answer between two moments."""
    unknown = tuple(union(unknown_times(answer, from_ms, to_ms)))
    unknown_ms = length_ms(unknown)
    looked_ms = max(0, to_ms - from_ms - unknown_ms)
    events = [event for event in answer.events if from_ms <= event.at_ms <= to_ms]
    changes = [*_span_changes(answer.spans, from_ms, to_ms), *_event_changes(events)]
    return ReportFacts(
        from_ms,
        to_ms,
        unknown,
        unknown_ms,
        looked_ms,
        _ports(answer.spans, unknown, from_ms, to_ms, looked_ms),
        tuple(sorted(changes, key=lambda change: change.at_ms)),
        answer.incidents,
        tuple(event for event in events if event.kind == _REPAIR),
        answer.peers,
        answer.is_cut,
    )


def _ports(
    spans: tuple[Span, ...],
    unknown: tuple[tuple[int, int], ...],
    from_ms: int,
    to_ms: int,
    looked_ms: int,
) -> tuple[PortFacts, ...]:
    by_port: dict[tuple[int, str], list[Span]] = {}
    for span in spans:
        by_port.setdefault((span.port, span.protocol), []).append(span)
    found = []
    for (port, protocol), own in sorted(by_port.items()):
        cut = [
            (max(span.from_ms, from_ms), min(to_ms if span.to_ms is None else span.to_ms, to_ms))
            for span in own
        ]
        times = union((start, end) for start, end in cut if start <= end)
        listened_ms = without_ms(times, unknown)
        found.append(
            PortFacts(
                port,
                protocol,
                tuple(dict.fromkeys(span_name(span) for span in own)),
                tuple(times),
                listened_ms,
                min(1.0, listened_ms / looked_ms) if looked_ms else None,
                sum(span.is_start_seen and span.from_ms >= from_ms for span in own),
            )
        )
    return tuple(found)


def _span_changes(spans: tuple[Span, ...], from_ms: int, to_ms: int) -> list[ChangeFacts]:
    found = []
    for span in spans:
        if span.is_start_seen and from_ms <= span.from_ms <= to_ms:
            found.append(_change(span, span.from_ms, "began"))
        if span.to_ms is not None and from_ms <= span.to_ms < to_ms:
            found.append(_change(span, span.to_ms, "ended"))
    return found


def _change(span: Span, at_ms: int, kind: str) -> ChangeFacts:
    return ChangeFacts(at_ms, kind, span.port, span.protocol, span_name(span))


def _event_changes(events: list[PortEvent]) -> list[ChangeFacts]:
    return [
        ChangeFacts(
            event.at_ms,
            event_words(event.kind),
            event.port,
            event.protocol,
            " ".join(part for part in (event.watch, event.detail) if part),
        )
        for event in events
    ]
