"""The JSON form of an answer about history: stable keys, ISO 8601 in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portview.domain.json_schema import iso_time

if TYPE_CHECKING:
    from portview.watch.history.counters import CountPoint
    from portview.watch.history.peers import Peer
    from portview.watch.history.questions import Gap, HistoryAnswer, Span
    from portview.watch.history.writing import PortEvent


def history_document(port: int | None, answer: HistoryAnswer) -> dict[str, Any]:
    """Return the document of ``history --json``. Machine text is handed on unchanged."""
    return {
        "port": port,
        "spans": [span_object(span) for span in answer.spans],
        "events": [_event_object(event) for event in answer.events],
        "gaps": [_gap_object(gap) for gap in answer.gaps],
        "counts": [_count_object(point) for point in answer.counts],
        "peers": [_peer_object(peer) for peer in answer.peers],
        "recording": answer.is_recording,
        "first_look": iso_time(answer.first_look_ms),
        "cut": answer.is_cut,
    }


def span_object(span: Span) -> dict[str, Any]:
    """Return one span; ``start_seen`` is false where it listened before PortView looked."""
    return {
        "from": iso_time(span.from_ms),
        "to": iso_time(span.to_ms),
        "start_seen": span.is_start_seen,
        "port": span.port,
        "protocol": span.protocol,
        "address": span.address,
        "pid": span.pid,
        "process": span.process,
        "executable": span.executable,
        "command_line": None if span.command_line is None else list(span.command_line),
        "user": span.user,
        "what": span.what,
        "container": span.container,
        "owner_problem": span.owner_problem,
    }


def _event_object(event: PortEvent) -> dict[str, Any]:
    return {
        "at": iso_time(event.at_ms),
        "kind": event.kind,
        "port": event.port,
        "protocol": event.protocol,
        "watch": event.watch,
        "incident": event.incident,
        "detail": event.detail,
    }


def _count_object(point: CountPoint) -> dict[str, Any]:
    return {
        "from": iso_time(point.from_ms),
        "to": iso_time(point.to_ms),
        "connections": point.connections,
        "most": point.most,
        "received_bytes": point.received,
        "sent_bytes": point.sent,
    }


def _peer_object(peer: Peer) -> dict[str, Any]:
    return {
        "port": peer.port,
        "direction": "in" if peer.is_incoming else "out",
        "address": peer.address,
        "process": peer.process,
        "first_seen": iso_time(peer.from_ms),
        "last_seen": iso_time(peer.to_ms),
        "connections": peer.connections,
    }


def _gap_object(gap: Gap) -> dict[str, Any]:
    return {"from": iso_time(gap.from_ms), "to": iso_time(gap.to_ms)}
