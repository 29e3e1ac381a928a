"""Commands in Chinese: in every encoding that a console may have, and never in JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_LANGUAGE = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def portview(
    *arguments: str, environment: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    variables = {name: value for name, value in os.environ.items() if name not in NO_LANGUAGE}
    return subprocess.run(
        [sys.executable, "-m", "portview", *arguments],
        env=variables | dict(environment or {}),
        capture_output=True,
        check=False,
        timeout=110,
        **options,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "cp936", "gb18030"])
def test_help_is_chinese_in_the_consoles_encoding(encoding: str) -> None:
    done = portview("list", "--help", "--lang", "zh_CN", environment={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    text = done.stdout.decode(encoding)
    assert "选项" in text
    assert "用法" in text


def test_an_encoding_without_chinese_stops_nothing() -> None:
    done = portview("list", "--help", "--lang", "zh_CN", environment={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert b"--json" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has settings instead of LANG")
def test_the_variable_of_the_system_chooses() -> None:
    chinese = portview("list", "--help", environment={"LANG": "zh_CN.UTF-8"})
    english = portview("list", "--help", environment={"LANG": "en_US.UTF-8"})
    assert "选项" in chinese.stdout.decode()
    assert b"options:" in english.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii", "utf-16"])
def test_json_is_english_and_safe_in_every_encoding(encoding: str) -> None:
    done = portview(
        "free", "0", "--json", "--lang", "zh_CN", environment={"PYTHONIOENCODING": encoding}
    )
    document = json.loads(done.stdout)
    assert document["error"]["message"].startswith("There is no port 0")
    assert encoding == "utf-8" or done.stdout.isascii()


def test_mistakes_are_said_in_the_language_that_was_asked_for() -> None:
    done = portview(
        "list", "--lang", "zh_CN", "--nonsense", environment={"PYTHONIOENCODING": "utf-8"}
    )
    assert done.returncode == 2
    assert "无法识别" in done.stderr.decode()
