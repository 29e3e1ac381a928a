"""Rows as text for others: nothing lost, nothing run, nothing read as markup."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.json_schema import socket_object
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.table.cells import CellContext
from portview.domain.table.columns import COLUMN_BY_ID, COLUMNS
from portview.domain.table.export import (
    UTF8_BOM,
    as_csv,
    as_html,
    as_json,
    as_markdown,
    as_table,
    as_text,
    cell_rows,
    encode,
)
from tests.strategies import entries

CONTEXT = CellContext(now_ms=5000)
OWNER = ProcessKey(7, 1)
SOME = [COLUMN_BY_ID[identity] for identity in ("process", "pid", "command_line")]
HOSTILE = "<b>|`a`\n\u202e*x*\ud800😀"


def entry(name: str, *command_line: str) -> SocketEntry:
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", 80), None, OWNER)
    info = ProcessInfo(OWNER, name=name, command_line=command_line)
    return SocketEntry(SocketRow(key, State.LISTEN, 7), info)


def read(text: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


@given(st.lists(entries, max_size=4))
def test_text_and_csv_give_back_every_cell(given: list[SocketEntry]) -> None:
    rows = cell_rows(COLUMNS, given, CONTEXT)
    assert read(as_text(COLUMNS, given, CONTEXT), "\t") == rows
    titles, *found = read(as_csv(COLUMNS, given, CONTEXT), ",")
    assert titles == [column.title for column in COLUMNS]
    undefused = [[cell[1:] if cell[:2] in DEFUSED else cell for cell in row] for row in found]
    assert undefused == [
        [cell[1:] if cell[:2] in DEFUSED else cell for cell in row] for row in rows
    ]


DEFUSED = {f"'{sign}" for sign in "=+-@\t\r\n＝＋－＠"}  # noqa: RUF001


@given(st.lists(entries, max_size=4))
def test_no_csv_cell_begins_like_a_formula(given: list[SocketEntry]) -> None:
    for row in read(as_csv(COLUMNS, given, CONTEXT), ","):
        assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in row)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-bash", "@SUM(A1)", "\t=1", "\r=1", "＝1"])  # noqa: RUF001
def test_a_formula_is_defused_and_a_number_is_not_touched(cell: str) -> None:
    _, row = read(as_csv(SOME, [entry(cell, "x")], CONTEXT), ",")
    assert row == [f"'{cell}", "7", "x"]


def test_csv_has_the_line_ends_and_the_mark_that_excel_needs() -> None:
    text = as_csv(SOME[:2], [entry("浏览器")], CONTEXT)
    assert text == "Process,PID\r\n浏览器,7\r\n"
    assert encode(text, has_bom=True) == UTF8_BOM + text.encode()


@given(entries)
def test_json_gives_back_what_the_machine_said(given: SocketEntry) -> None:
    document = {"sockets": [socket_object(given.row, given.info)]}
    assert json.loads(encode(as_json(document)).decode("utf-8")) == document


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert encode("a\ud800") == b"a\\ud800"
    assert json.loads(encode(as_json("a\ud800"))) == "a\ud800"


def test_markdown_is_a_table_whatever_the_names() -> None:
    lines = as_markdown(SOME, [entry(HOSTILE, "a|b")], CONTEXT).splitlines()
    assert lines[:2] == ["| Process | PID | Command line |", "| --- | ---: | --- |"]
    assert lines[2] == ("| &lt;b&gt;\\|\\`a\\`␊\\\\u{202E}\\*x\\*\\\\u{D800}😀 | 7 | a\\|b |")
    assert len(lines) == 3


OWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "h1"),
    *("table", "thead", "tbody", "tr", "th", "td", "bdi"),
}


class Page(HTMLParser):
    """Collects the tags and the texts of the cells of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.add(tag)
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells and data.strip("\n"):
            self.cells[-1] += data


@given(st.lists(entries, min_size=1, max_size=3), st.text())
def test_html_has_no_tags_but_its_own(given: list[SocketEntry], title: str) -> None:
    page = Page()
    text = as_html(COLUMNS, given, CONTEXT, title=title)
    page.feed(encode(text).decode("utf-8"))
    assert page.tags <= OWN_TAGS
    assert len(page.cells) == len(given) * len(COLUMNS)


def test_html_shows_what_would_be_hidden() -> None:
    page = Page()
    page.feed(as_html(SOME, [entry(HOSTILE)], CONTEXT, title="Sockets", language="de"))
    assert page.cells[0] == "<b>|`a`␊\\u{202E}*x*\\u{D800}😀"
    assert '<html lang="de">' in as_html(SOME, [], CONTEXT, title="", language="de")


def test_a_table_is_aligned_in_a_terminal() -> None:
    table = as_table(SOME[:2], [entry("浏览器"), entry("a\nb")], CONTEXT)
    assert table == "Process  PID\n浏览器     7\na␊b        7\n"


def test_nothing_is_still_a_table_with_titles() -> None:
    assert as_table(SOME[:2], [], CONTEXT) == "Process  PID\n"
    assert as_csv(SOME[:2], [], CONTEXT) == "Process,PID\r\n"
    assert as_text(SOME[:2], [], CONTEXT) == ""
