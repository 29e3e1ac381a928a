"""Exports to the letter: what other programs parse must not drift."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from portview.domain.table.cells import CellContext
from portview.domain.table.export import (
    as_csv,
    as_html,
    as_json,
    as_markdown,
    as_table,
    as_text,
    delimited,
    text_width,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.table.columns import Column

CONTEXT = CellContext(now_ms=5000)


@dataclass(frozen=True)
class PlainColumn:
    """A column whose cells are given, and which is told the context as any other is."""

    title: str
    is_numeric: bool = False

    def text(self, entry: dict[str, str], context: CellContext) -> str:
        assert context is CONTEXT
        return entry[self.title]


COLUMNS = cast("Sequence[Column]", (PlainColumn("Name"), PlainColumn("<N>", is_numeric=True)))


def rows(*pairs: tuple[str, str]) -> list[SocketEntry]:
    return cast("list[SocketEntry]", [{"Name": name, "<N>": number} for name, number in pairs])


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("plain", "plain"),
        ("a,b", '"a,b"'),
        ('a"b', '"a""b"'),
        ("a\nb", '"a\nb"'),
        ("a\rb", '"a\rb"'),
        ("a\tb", "a\tb"),
        ("", ""),
        ("X", "X"),
    ],
)
def test_a_cell_is_quoted_only_where_it_has_to_be(cell: str, written: str) -> None:
    assert delimited([[cell, "1"], ["2"]], ",", "\r\n") == f"{written},1\r\n2\r\n"


def test_csv_and_text() -> None:
    given = rows(("=1", "2"), ('q"', "3"))
    assert as_csv(COLUMNS, given, CONTEXT) == 'Name,<N>\r\n\'=1,2\r\n"q""",3\r\n'
    assert as_text(COLUMNS, given, CONTEXT) == '=1\t2\n"q"""\t3\n'
    assert as_csv(COLUMNS, [], CONTEXT) == "Name,<N>\r\n"


def test_json_is_indented_and_every_script_readable() -> None:
    assert as_json({"a": ["端口", None]}) == '{\n  "a": [\n    "端口",\n    null\n  ]\n}\n'
    assert json.loads(as_json({"a": "\ud800"})) == {"a": "\ud800"}


def test_markdown() -> None:
    given = rows(("a\"b'|*", "1"), ("<i>&", "2"))
    assert as_markdown(COLUMNS, given, CONTEXT) == (
        "| Name | <N> |\n| --- | ---: |\n| a\"b'\\|\\* | 1 |\n| &lt;i&gt;&amp; | 2 |\n"
    )
    longest = as_markdown(COLUMNS, rows(("x" * 5_000, "1")), CONTEXT)
    assert 2_000 <= len(longest) < 2_200


def test_html_loads_nothing_and_marks_numbers() -> None:
    page = as_html(COLUMNS, rows(("a&b", "1"), ("c", "2")), CONTEXT, title="<T>")
    head, style, rest = page.partition("<style>")[0], "<style>", page.partition("</style>")[2]
    assert style in page
    assert head == (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<title>&lt;T&gt;</title>\n"
    )
    assert rest == (
        "\n</head>\n<body>\n<h1>&lt;T&gt;</h1>\n<table>\n"
        '<thead><tr><th scope="col">Name</th>'
        '<th scope="col" class="n">&lt;N&gt;</th></tr></thead>\n'
        "<tbody>\n"
        '<tr><td><bdi>a&amp;b</bdi></td><td class="n"><bdi>1</bdi></td></tr>\n'
        '<tr><td><bdi>c</bdi></td><td class="n"><bdi>2</bdi></td></tr>\n'
        "</tbody>\n</table>\n</body>\n</html>\n"
    )
    other = as_html(COLUMNS, [], CONTEXT, title="T", language='x"')
    assert '<html lang="x&quot;">' in other


def test_a_table_is_aligned_by_what_a_terminal_shows() -> None:
    given = rows(("端口", "1"), ("e\u0301", "20"), ("端口", "1"), ("ａｂ", "3"))  # noqa: RUF001
    assert as_table(COLUMNS, given, CONTEXT).splitlines() == [
        "Name  <N>",
        "端口    1",
        "e\u0301      20",
        "端口    1",
        "ａｂ    3",  # noqa: RUF001
    ]
    wide = as_table(COLUMNS, rows(("x" * 500, "1")), CONTEXT).splitlines()
    assert len(wide[0]) == len(wide[1]) == 60 + 2 + 3


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0), ("abc", 3), ("端", 2), ("ａ", 2), ("e\u0301", 1), ("\u0301", 0), ("é", 1),  # noqa: RUF001
        ("端a\u0301", 3), ("ｱ", 1),
    ],
)  # fmt: skip
def test_the_width_of_a_text_in_a_terminal(text: str, width: int) -> None:
    assert text_width(text) == width
