"""Changes of watches.toml: everything that was there stays, byte for byte or as comments."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import Outcome, PortViewError
from portview.watch.rules.edit import add_watch, remove_watch
from portview.watch.rules.parse import parse_rules

if TYPE_CHECKING:
    from pathlib import Path

FILE = """\
# What ops watches.
group_wait = "5s"  # short

# The shop's port.
[[watch]]
name = "shop"
expect = "listening"  # nobody else
port = 8080

# The site; see the handbook.
[[watch]]
name = "site"
expect = "http"
url = "http://127.0.0.1/"
status = [
  200,  # fine
  204,
]
# The end.
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "watches.toml"
    file.write_bytes(FILE.encode())
    return file


def names(path: Path) -> list[str]:
    return [one.name for one in parse_rules(path.read_bytes()).rules.watches]


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", FILE.encode(), FILE.rstrip().encode(),
                                    FILE.replace("\n", "\r\n").encode()])  # fmt: skip
def test_what_is_added_stands_behind_what_was_there(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "new" / "watches.toml"
    path.parent.mkdir()
    path.write_bytes(before)
    add_watch(path, {"name": "db", "expect": "tcp", "port": 5432, "notify": ["desktop"]})
    after = path.read_bytes()
    assert after.startswith(before)
    assert names(path)[-1] == "db"
    if b"\r\n" in before:
        assert after.count(b"\n") == after.count(b"\r\n")


def test_the_first_watch_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config" / "watches.toml"
    add_watch(path, {"name": "db", "expect": "tcp", "port": 5432})
    assert names(path) == ["db"]


@pytest.mark.parametrize("name", ["shop", "site"])
def test_comments_survive_a_removal(path: Path, name: str) -> None:
    remove_watch(path, name)
    text = path.read_text()
    assert names(path) == [one for one in ("shop", "site") if one != name]
    for comment in (
        "# What ops watches.",
        "# short",
        "# The site; see the handbook.",
        "# The end.",
    ):
        assert comment in text


def test_a_watch_in_one_line_is_removed_as_well(path: Path) -> None:
    path.write_text('watch = [{ name = "a", expect = "free", port = 1 }]  # one\n')
    remove_watch(path, "a")
    assert names(path) == []


@given(st.text())
def test_any_name_is_written_so_that_it_is_read_again(name: str) -> None:
    import tempfile  # noqa: PLC0415 - a folder for each example
    from pathlib import Path  # noqa: PLC0415 - likewise

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "watches.toml"
        try:
            add_watch(path, {"name": name, "expect": "free", "port": 1})
        except PortViewError:
            # A name that the file can't have: nothing is written.
            assert not path.exists()
            return
        assert tomllib.loads(path.read_text("utf-8"))["watch"][0]["name"] == name


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (FILE, {"name": "shop", "expect": "free", "port": 1}),
        (FILE, {"name": "new", "expect": "free"}),
        (FILE, {"name": "new", "expect": "free", "port": 0}),
        (FILE, {"name": "new", "expect": "free", "port": 1, "notify": ["nobody"]}),
        ("[[watch", {"name": "new", "expect": "free", "port": 1}),
        ('group_wiat = "1s"', {"name": "new", "expect": "free", "port": 1}),
    ],
)
def test_nothing_is_written_where_something_is_wrong(
    path: Path, content: str, values: dict[str, object]
) -> None:
    path.write_text(content)
    with pytest.raises(PortViewError) as caught:
        add_watch(path, values)
    assert caught.value.outcome is Outcome.BAD_INPUT
    assert path.read_text() == content
    with pytest.raises(PortViewError):
        remove_watch(path, "no-such-watch")
    assert path.read_text() == content
