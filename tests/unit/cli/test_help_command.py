"""The user guide: every topic is there, and every command in it and in the README parses."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import TYPE_CHECKING

import pytest

from portview.cli.commands import build_parser, run_command, with_verb
from portview.resources import help_topics, topic_title
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"`(portview [^`]+)`")
_STARTS = ("portview ", "python dev.py run -- ")


PAGES = sorted((ROOT / "resources" / "help").rglob("*.md"))
"""The guide in every language."""


def commands() -> Iterator[tuple[str, str]]:
    for path in (*PAGES, ROOT / "README.md"):
        text = path.read_text(encoding="utf-8")
        for kind, block in _BLOCK.findall(text):
            if kind in {"sh", ""}:
                yield from ((path.name, line) for line in block.splitlines())
        yield from ((path.name, found) for found in _QUOTED.findall(_BLOCK.sub("", text)))


QUOTED = sorted(
    {(name, line.strip()) for name, line in commands() if line.strip().startswith(_STARTS)}
)


@pytest.mark.parametrize(("name", "line"), QUOTED)
def test_every_command_that_is_quoted_parses(name: str, line: str) -> None:
    for start in _STARTS:
        line = line.removeprefix(start)
    line = re.sub(r"\[[^\]]*\]", "", line.partition(" #")[0])
    arguments = list(with_verb(shlex.split(line)))
    if "|" in line:
        pytest.skip("names several commands")
    build_parser(arguments[0]).parse_args(arguments)


def test_examples_of_files_are_toml() -> None:
    blocks = [
        block
        for path in PAGES
        for kind, block in _BLOCK.findall(path.read_text(encoding="utf-8"))
        if kind == "toml"
    ]
    assert blocks
    for block in blocks:
        tomllib.loads(block)


def test_topics_are_listed_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["help"]) == 0
    listed = capsys.readouterr().out
    for name, path in help_topics().items():
        assert name in listed
        assert run_command(["help", name.upper()]) == 0
        assert topic_title(path) in capsys.readouterr().out


def test_an_unknown_topic_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["help", "watchs"]) == 2
    assert "help watches" in capsys.readouterr().err


def test_the_guide_is_whole_in_chinese() -> None:
    chinese = help_topics("zh_CN")
    assert set(chinese) == set(help_topics())
    assert all(path.parent.name == "zh_CN" for path in chinese.values())
    assert help_topics("fr") == help_topics()


def test_examples_are_the_same_in_every_language() -> None:
    for name, path in help_topics().items():
        translated = path.parent / "zh_CN" / f"{name}.md"
        blocks = [_commands_of(each) for each in (path, translated)]
        assert blocks[0] == blocks[1], name


def _commands_of(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [block for kind, block in _BLOCK.findall(text) if kind in {"sh", "bat"}]
