"""A report says what was seen, keeps what is unknown apart, and nothing in it is interpreted."""

from __future__ import annotations

import re
from contextlib import closing
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import PortViewError
from portview.watch.history import questions
from portview.watch.history.csv_form import spans_csv
from portview.watch.history.html_report import html_report
from portview.watch.history.newcomers import new_since
from portview.watch.history.peers import Peer
from portview.watch.history.questions import Gap, HistoryAnswer, IncidentSpan, Span
from portview.watch.history.report_facts import report_facts
from portview.watch.history.schema import HISTORY
from portview.watch.history.times import length_ms, union, without_ms
from portview.watch.history.tracker import ListenerTracker
from portview.watch.history.write_report import ReportRequest, write_report
from portview.watch.history.writing import HistoryWriter, PortEvent
from portview.watch.incidents.machine import Moment
from portview.watch.store.database import open_store, store_path
from portview.watch.store.incident_store import INCIDENT_SCHEMA
from tests.factories import row, snapshot

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3_600_000
DAY = 24 * HOUR


def span(from_ms: int, to_ms: int | None, process: str = "node", port: int = 80) -> Span:
    return Span(
        port, "tcp", "::", 7, from_ms, to_ms, True, process, "/bin/x", ("x", "=1+1"), "dev", None,
        None, None,
    )  # fmt: skip


ANSWER = HistoryAnswer(
    # Two sockets at the same time, IPv4 and IPv6, are one listening port.
    (span(HOUR, 3 * HOUR), span(HOUR, 2 * HOUR), span(5 * HOUR, None, "java")),
    (
        PortEvent(2 * HOUR, "repair", 80, "tcp", "shop", "i", "restart service shop: ok"),
        PortEvent(20 * HOUR, "firing", 80, "tcp", "late", "i", "later"),
    ),
    (Gap(3 * HOUR, 5 * HOUR),),
    is_recording=True,
    first_look_ms=HOUR,
    incidents=(IncidentSpan("7f3a9c21-x", "shop", 80, 2 * HOUR, None, "refused", None),),
)


def test_availability_counts_only_the_time_somebody_looked() -> None:
    facts = report_facts(ANSWER, 0, 9 * HOUR)
    assert facts.unknown == ((0, HOUR), (3 * HOUR, 5 * HOUR))
    assert facts.looked_ms == 6 * HOUR
    [port] = facts.ports
    assert (port.listened_ms, port.share, port.starts) == (6 * HOUR, 1.0, 3)
    assert port.programs == ("node", "java")
    assert len(facts.repairs) == 1
    assert [change.kind for change in facts.changes] == ["began", "began", "ended", "repair",
                                                         "ended", "began"]  # fmt: skip
    # Nobody looked at all: unknown, and not nought.
    assert report_facts(ANSWER, 3 * HOUR, 4 * HOUR).ports[0].share is None


TIMES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: (min(pair), max(pair))),
    max_size=8,
)


@given(TIMES, TIMES)
def test_lengths_of_stretches_are_those_of_their_moments(
    times: list[tuple[int, int]], taken: list[tuple[int, int]]
) -> None:
    def moments(stretches: list[tuple[int, int]]) -> set[int]:
        return {moment for start, end in stretches for moment in range(start, end)}

    assert length_ms(times) == len(moments(times))
    assert without_ms(times, taken) == len(moments(times) - moments(taken))
    merged = union(times)
    assert moments(merged) == moments(times)
    assert all(one[1] < other[0] for one, other in zip(merged, merged[1:], strict=False))  # noqa: RUF007


class _Page(HTMLParser):
    """Collects elements, their attributes and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def _read(page: str) -> _Page:
    read = _Page()
    read.feed(page)
    read.close()
    return read


HOSTILE = "<img src=x onerror=alert(1)></td></style><script>\u202e\x00'\"&"


def test_nothing_of_the_machine_is_interpreted_and_nothing_is_loaded() -> None:
    answer = HistoryAnswer(
        (span(HOUR, None, HOSTILE),),
        (PortEvent(HOUR, "repair", 80, "tcp", HOSTILE, "i", HOSTILE),),
        is_recording=True,
        first_look_ms=0,
        incidents=(IncidentSpan(HOSTILE, HOSTILE, 80, HOUR, None, HOSTILE, None),),
        peers=(Peer(80, True, HOSTILE, HOSTILE, HOUR, HOUR, 1),),
    )
    facts = report_facts(answer, 0, 9 * HOUR)
    page = html_report(facts, title=HOSTILE, machine=HOSTILE, now_ms=9 * HOUR)
    plain = html_report(report_facts(ANSWER, 0, 9 * HOUR), title="t", machine="m", now_ms=9 * HOUR)
    read = _read(page)
    assert set(read.tags) <= set(_read(plain).tags)
    names = {name for name, _value in read.attributes}
    assert not names & {"src", "href", "onerror", "onload"}
    assert "<img src=x" in read.words  # shown, as text
    assert "\u202e" not in page
    assert "\x00" not in page
    assert not re.search(r"https?://|@import|url\((?!#h)", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme:dark" in page


def test_a_percentage_is_whole_only_where_it_is() -> None:
    almost = HistoryAnswer((span(1, None),), is_recording=True, first_look_ms=0)
    page = html_report(report_facts(almost, 0, DAY), title="t", machine="m", now_ms=DAY)
    assert "99.99 %" in page
    empty = report_facts(HistoryAnswer(), 0, DAY)
    page = html_report(empty, title="t", machine="m", now_ms=DAY)
    assert "0 %" in page
    assert "Nothing is known of it" in page


def _record(store: Path, *looks: tuple[int, tuple[int, ...]]) -> None:
    with closing(open_store(store, [HISTORY, INCIDENT_SCHEMA])) as connection:
        tracker, writer = ListenerTracker(), HistoryWriter(connection, "test")
        for at_ms, ports in looks:
            shot = snapshot([row(port, pid=port) for port in ports])
            writer.write(tracker.look(shot, Moment(at_ms / 1000, at_ms)))
        connection.execute(
            "INSERT INTO incidents (id, watch, subject, port, protocol, began_ms, is_announced,"
            " channels, detail, program) VALUES ('abc1', 'shop', 's', 80, 'tcp', ?, 1, '[]',"
            " 'refused', '')",
            (looks[0][0] + HOUR,),
        )


def test_an_incident_has_a_report_of_its_own(tmp_path: Path) -> None:
    _record(store_path(), (DAY, (80, 81)), (DAY + HOUR, (80,)))
    output = tmp_path / "report.html"
    facts = write_report(ReportRequest(incident="ABC"), output)
    assert facts.from_ms == DAY + HOUR - 600_000
    assert [port.port for port in facts.ports] == [80]
    assert "abc1" in output.read_text(encoding="utf-8")
    for wrong in ("zz", ""):
        with pytest.raises(PortViewError, match="No incident"):
            write_report(ReportRequest(incident=wrong), output)
    with pytest.raises(PortViewError, match="missing"):
        write_report(ReportRequest(0, DAY), tmp_path / "missing" / "report.html")


def test_new_is_what_was_not_there_before_whatever_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 10 * DAY
    store = tmp_path / "store.sqlite3"
    _record(
        store,
        (now - 3 * DAY, (80, 81, 41_000)),
        (now - 3 * DAY + 5000, (81,)),
        (now - HOUR, (80, 82, 40_000)),
    )
    with closing(open_store(store, [HISTORY])) as connection:
        # One program behind all of them, as far as its name goes.
        connection.execute("UPDATE owners SET process = 'p'")
    assert new_since(DAY, now, store).listeners == ()  # nobody records: nothing listens for sure
    monkeypatch.setattr(questions, "_is_recording", lambda path, last_ms: True)
    found = new_since(DAY, now, store)
    assert found.reaches_back
    # 80 was there before, and a port that the system chose is not what makes a program new.
    assert [span.port for span in found.listeners] == [82]
    assert found.query() == "port:82"
    with closing(open_store(store, [HISTORY])) as connection:
        connection.execute(
            "UPDATE owners SET process = 'q'"
            " WHERE id IN (SELECT owner FROM spans WHERE port = 80 AND to_ms IS NULL)"
        )
    assert not new_since(8 * DAY, now, store).reaches_back


def test_a_table_for_spreadsheets_runs_nothing() -> None:
    text = spans_csv([span(0, None, "=cmd|' /C calc'!A0")]).decode("utf-8-sig")
    head, line = text.split("\r\n")[:2]
    assert head.startswith("from,to,start_seen,port")
    assert "'=cmd" in line
    assert line.startswith("1970-01-01T00:00:00.000Z,,yes,80,tcp,::,7,")
