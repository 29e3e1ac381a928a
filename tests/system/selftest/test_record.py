"""``selftest`` on this very machine: what it reads, and when it writes a record."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from portview.cli.selftest_command import RECORD_NAME
from portview.readers.elevation import is_elevated
from portview.selftest.record import Section, make_record, problems_of
from portview.selftest.redaction import Redactor

ROOT = Path(__file__).parents[3]


def run(*arguments: str, place: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "portview", "selftest", *arguments],
        cwd=ROOT,
        env={**os.environ, "PORTVIEW_LOG_DIR": str(place), "PORTVIEW_CONFIG_DIR": str(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        check=False,
    )


def test_everything_of_this_machine_can_be_read_and_sent(tmp_path: Path) -> None:
    target = tmp_path / "record.zip"
    done = run("--json", "--record", str(target), "--yes", place=tmp_path)
    printed = json.loads(done.stdout)
    assert printed["problems"] == [], done.stderr
    assert done.returncode == 0
    with zipfile.ZipFile(target) as archive:
        written = json.loads(archive.read(RECORD_NAME))
    assert written == {key: value for key, value in printed.items() if key != "problems"}
    sections = written["sections"]
    assert sections["rights"]["data"]["is_elevated"] == is_elevated()
    assert sections["own_connection"]["data"]["all_owned_by_us"]
    is_windows = sys.platform == "win32"
    assert {name for name, one in sections.items() if one["status"] == "absent"} == (
        set()
        if is_windows
        else {"structures", "services", "threads", "firewall", "netsh", "elevated_helper"}
    )


def test_nobody_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as own:
        own.bind(("127.0.0.1", 0))
        done = run("--json", place=tmp_path)
    text = done.stdout.decode("utf-8").lower()
    assert socket.gethostname().lower() not in text
    assert str(tmp_path).lower().replace("\\", "\\\\") not in text
    assert str(ROOT).lower().replace("\\", "\\\\") not in text


def test_without_a_terminal_a_record_needs_yes(tmp_path: Path) -> None:
    target = tmp_path / "record.zip"
    done = run("--record", str(target), place=tmp_path)
    assert done.returncode == 1
    assert b"--yes" in done.stderr
    assert not target.exists()


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    target = tmp_path / "record.zip"
    target.write_bytes(b"mine")
    assert run("--record", str(target), "--yes", place=tmp_path).returncode == 2
    assert target.read_bytes() == b"mine"


def test_a_section_that_fails_keeps_nothing_else_away() -> None:
    def failing(_redactor: Redactor) -> dict[str, Any]:
        raise OSError(13, "no entry for alice")

    def working(_redactor: Redactor) -> dict[str, Any]:
        return {"value": 1}

    heard: list[str] = []
    record = make_record(
        heard.append,
        (Section("first", failing), Section("second", working)),
        Redactor({"alice"}),
    )
    assert heard == ["first", "second"]
    assert record["sections"]["first"]["status"] == "failed"
    assert record["sections"]["second"]["data"] == {"value": 1}
    (problem,) = problems_of(record)
    assert problem.startswith("first: PermissionError")
    assert "alice" not in problem


def test_what_is_not_as_it_should_be_is_a_problem() -> None:
    sections = {
        "own_connection": {
            "status": "read",
            "data": {"is_complete": True, "all_owned_by_us": False},
        },
        "bind_matrix": {"status": "read", "data": {"differs": ["a, then b: 1, documented 0"]}},
        "threads": {"status": "read", "data": {"suspend_counts": [0, 1]}},
    }
    problems = problems_of({"sections": sections})
    assert [problem.partition(":")[0] for problem in problems] == list(sections)


@pytest.mark.parametrize("option", ["--help"])
def test_help_says_that_nothing_is_changed(option: str, tmp_path: Path) -> None:
    done = run(option, place=tmp_path)
    assert done.returncode == 0
    assert b"changes nothing" in b" ".join(done.stdout.split())
