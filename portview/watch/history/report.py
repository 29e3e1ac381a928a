"""An answer about history as lines for people, in local time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.formatting import format_duration
from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.domain.table.export import text_width
from portview.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.watch.history.questions import HistoryAnswer, HistoryQuestion, Span

_MOST_GAPS = 5
_MOST_PEERS = 20
_LONGEST_PROCESS = 28


def history_lines(question: HistoryQuestion, answer: HistoryAnswer, now_ms: int) -> Iterator[str]:
    """Yield what was seen, then what happened, then when nobody looked."""
    if answer.spans:
        yield from _table(answer.spans, now_ms)
    elif answer.first_look_ms is None:
        yield _("PortView has recorded nothing here yet.")
    else:
        yield _nothing(question, answer)
    if answer.events:
        yield ""
        for event in answer.events:
            what = event.watch or ""
            detail = inert(event.detail or "", 200)
            yield "  ".join(
                part for part in (local_moment(event.at_ms), event.kind, what, detail) if part
            )
    yield from _peers(answer)
    yield from _gaps(answer, now_ms)


def _peers(answer: HistoryAnswer) -> Iterator[str]:
    if not answer.peers:
        return
    yield ""
    yield _("Other machines:")
    for peer in answer.peers[:_MOST_PEERS]:
        sentence = (
            _("{address} connected to port {port}: {count}, last {moment}")
            if peer.is_incoming
            else _("{process} connected to port {port} of {address}: {count}, last {moment}")
        )
        count = ngettext("{count} connection", "{count} connections", peer.connections)
        yield "  " + sentence.format(
            address=inert(peer.address, 60),
            port=peer.port,
            process=inert(peer.process or _("unknown"), _LONGEST_PROCESS),
            count=count.format(count=peer.connections),
            moment=local_moment(peer.to_ms),
        )


def _nothing(question: HistoryQuestion, answer: HistoryAnswer) -> str:
    since, until = question.since_ms, question.until_ms
    is_moment = since is not None and since == until
    if is_moment and any(
        gap.from_ms < since and (gap.to_ms is None or since < gap.to_ms)  # type: ignore[operator]
        for gap in answer.gaps
    ):
        return _("Unknown: PortView did not record at that time.")
    if question.port is None:
        return _("Nothing that listened was seen in that time.")
    return _("No process was seen listening on port {port} while PortView recorded.").format(
        port=question.port
    )


def _table(spans: Sequence[Span], now_ms: int) -> Iterator[str]:
    head = (
        _("From"), _("Until"), _("For"), _("Port"), _("Process"), _("PID"), _("User"),
        _("Address"),
    )  # fmt: skip
    rows = [head, *(_cells(span, now_ms) for span in spans)]
    widths = [max(text_width(row[place]) for row in rows) for place in range(len(head))]
    for row in rows:
        cells = (
            cell + " " * (width - text_width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _cells(span: Span, now_ms: int) -> tuple[str, ...]:
    end_ms = now_ms if span.to_ms is None else span.to_ms
    return (
        ("" if span.is_start_seen else "<= ") + local_moment(span.from_ms),
        _("now") if span.to_ms is None else local_moment(span.to_ms),
        format_duration(end_ms - span.from_ms),
        f"{span.port}/{span.protocol}",
        inert(span.process or span.what or _("unknown"), _LONGEST_PROCESS),
        "" if span.pid is None else str(span.pid),
        inert(span.user or "", _LONGEST_PROCESS),
        inert(span.address, 45),
    )


def _gaps(answer: HistoryAnswer, now_ms: int) -> Iterator[str]:
    if not answer.gaps:
        return
    yield ""
    yield _("PortView did not record (nothing is known of these times):")
    for gap in answer.gaps[-_MOST_GAPS:]:
        until = _("now") if gap.to_ms is None else local_moment(gap.to_ms)
        length = format_duration((now_ms if gap.to_ms is None else gap.to_ms) - gap.from_ms)
        yield f"  {local_moment(gap.from_ms)}  {until}  {length}"
    if len(answer.gaps) > _MOST_GAPS:
        yield "  " + _("and {count} earlier times").format(count=len(answer.gaps) - _MOST_GAPS)
