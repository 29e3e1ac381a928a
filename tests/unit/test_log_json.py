"""The log as ECS documents: one a line, whatever is logged, where a file asks for it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from portview.log import LogFile
from portview.log_json import EcsFormatter, wants_json

if TYPE_CHECKING:
    from pathlib import Path


def formatted(message: str, **more: object) -> dict[str, object]:
    record = logging.LogRecord("portview.x", logging.WARNING, "f", 1, message, (), None)
    record.__dict__.update(more)
    line = EcsFormatter().format(record)
    assert "\n" not in line
    assert line.isascii()
    document: dict[str, object] = json.loads(line)
    return document


def plain_record(message: str) -> logging.LogRecord:
    return logging.LogRecord("portview.x", logging.INFO, "f", 1, message, (), None)


@given(st.text())
def test_any_message_is_one_line(message: str) -> None:
    document = formatted(message)
    assert document["message"] == message
    assert document["log.level"] == "warning"
    assert document["ecs.version"] == "8.11.0"
    assert str(document["@timestamp"]).endswith("Z")


def test_an_error_and_fields_of_its_own_are_in_it() -> None:
    error = OSError("no room\nleft")
    told = {"rule.name": "shop", "a": None}
    document = formatted("x", exc_info=(OSError, error, None), ecs=told)
    assert document["error.type"] == "OSError"
    assert document["error.message"] == "no room\nleft"
    assert document["rule.name"] == "shop"
    assert "a" not in document


@pytest.mark.parametrize(
    ("name", "text", "is_json"),
    [
        ("watches.toml", 'log_format = "json"\n', True),
        ("watches.toml", '\ufefflog_format = "json"\r\n[[watch]]\nname = 3', True),
        ("watches.toml", 'log_format = "json"\n[[watch]\n', True),
        ("watches.toml", '[[watch]]\nlog_format = "json"\n[[', False),
        ("watches.toml", 'log_format = "text"', False),
        ("settings.json", '{"log_format": "json"}', True),
        ("settings.json", "{", False),
        ("settings.json", "[]", False),
        ("other", "", False),
    ],
)
def test_the_form_is_what_the_file_says(
    tmp_path: Path, name: str, text: str, *, is_json: bool
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / name).write_bytes(text.encode())
    assert wants_json() is is_json


def test_the_form_changes_with_the_file_while_the_program_runs(tmp_path: Path) -> None:
    place = tmp_path / "log" / "portview.log"
    handler = LogFile(place)
    handler.emit(plain_record("first"))
    rules = tmp_path / "config" / "watches.toml"
    rules.parent.mkdir()
    rules.write_text('log_format = "json"\n')
    handler.emit(plain_record("second"))
    rules.write_text('log_format = "text"\n')
    handler.emit(plain_record("third"))
    handler.close()
    first, second, third = place.read_text().splitlines()
    assert first.endswith("first")
    assert json.loads(second)["message"] == "second"
    assert third.endswith("third")
