"""The command line as programs and people meet it: as a process of its own."""

from __future__ import annotations

import csv
import io
import json
import locale
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from portview import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_KEYS = {
    "protocol",
    "family",
    "local_address",
    "local_port",
    "remote_address",
    "remote_port",
    "state",
    "pid",
    "process",
    "executable",
    "command_line",
    "user",
    "services",
    "process_started",
    "opened_at",
    "owner_problem",
    "what",
    "project",
    "container",
    "started_by",
}


def portview(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "portview", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=60,
    )


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_version() -> None:
    ended = portview("--version")
    assert ended.returncode == 0
    assert ended.stdout.decode().strip() == f"PortView {__version__}"


def test_list_json_is_the_contract(port: int) -> None:
    ended = portview("list", "--json", "--query", f"port:{port}")
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout.decode("utf-8"))
    assert document.keys() == {"taken_at", "source", "elevated", "sockets"}
    (found,) = document["sockets"]
    assert found.keys() == SOCKET_KEYS
    assert found["protocol"] == "tcp"
    assert found["family"] == "ipv4"
    assert found["local_address"] == "127.0.0.1"
    assert found["local_port"] == port
    assert found["remote_address"] is None
    assert found["state"] == "LISTEN"
    assert found["pid"] == os.getpid()
    assert found["command_line"]
    assert found["process_started"].endswith("Z")
    assert found["owner_problem"] is None
    assert found["what"]
    assert found["started_by"][0]["pid"] == os.getppid()


def test_scopes_leave_out_the_rest(port: int) -> None:
    for scope, expected in (("listening", 0), ("udp", 1), ("connections", 1), ("all", 0)):
        ended = portview("list", "--json", "--scope", scope, "--query", f"port:{port}")
        assert ended.returncode == expected, scope
        assert json.loads(ended.stdout)["sockets"] == [] or expected == 0


def test_csv_has_titles_and_the_row(port: int) -> None:
    ended = portview("list", "--csv", "--query", f"port:{port}")
    rows = list(csv.DictReader(io.StringIO(ended.stdout.decode("utf-8"), newline="")))
    assert [row["Port"] for row in rows] == [str(port)]
    assert rows[0]["State"] == "LISTEN"


def test_the_table_is_for_people(port: int) -> None:
    ended = portview("list", "--scope", "listening", "--query", f"port:{port}")
    # To a pipe Windows prints in its ANSI code page.
    head, line = ended.stdout.decode(locale.getencoding()).splitlines()
    assert head.split()[:2] == ["What", "Protocol"]
    assert "python" in line
    assert "Remote address" not in head
    assert str(port) in line
    assert ended.stderr == b""


def test_an_old_console_encoding_does_not_stop_the_table(port: int) -> None:
    ended = portview("list", "--query", f"port:{port}", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ended.returncode == 0
    assert str(port).encode() in ended.stdout


@pytest.mark.parametrize(
    ("encoding", "quotes", "character"),
    [("ascii", b'""', b"\\u5024"), ("utf-8", "“”".encode(), "値".encode())],
)
def test_quotes_are_plain_where_a_console_has_no_others(
    encoding: str, quotes: bytes, character: bytes
) -> None:
    ended = portview("free", "8値", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert ended.returncode == 2
    start, end = quotes[: len(quotes) // 2], quotes[len(quotes) // 2 :]
    assert b"portview: " + start + b"8" + character + end + b" is not a port" in ended.stderr


def test_nothing_matched_is_exit_code_1() -> None:
    ended = portview("list", "--query", "proc:no-such-program-anywhere")
    assert ended.returncode == 1
    assert ended.stdout == b""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["list", "--bogus"], "bad_usage"),
        (["frobnicate"], "bad_usage"),
        (["list", "--scope", "moon"], "bad_usage"),
        (["list", "--json", "--csv"], "bad_usage"),
        (["list", "--query", "port:"], "bad_query"),
        (["list", "--query", "((("], "bad_query"),
        (["list", "--reader", "crystal_ball"], "bad_usage"),
        (["--bogus"], "bad_usage"),
    ],
)
def test_bad_usage_is_exit_code_2_with_one_line_and_a_hint(arguments: list[str], code: str) -> None:
    ended = portview(*arguments)
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    assert ended.stderr.startswith(b"portview: ")
    assert b"hint: " in ended.stderr
    as_json = portview(*arguments, "--json")
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["error"]["code"] == code


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = portview("--help").stdout.decode()
    assert "list" in text
    assert "Exit codes" in text
    assert b"--query" in portview("list", "--help").stdout


def test_a_failure_nobody_thought_of_goes_to_the_log_not_to_the_person() -> None:
    code = (
        "import portview.cli.list_command as command, portview.__main__ as door\n"
        "def broken(*_): raise RuntimeError('thrown by the test')\n"
        "command.open_reader = broken\n"
        "raise SystemExit(door.main(['list', '--json']))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == 4
    assert b"Traceback" not in ended.stderr
    assert json.loads(ended.stdout)["error"]["code"] == "unexpected_failure"
    log = os.path.join(os.environ["PORTVIEW_LOG_DIR"], "portview.log")  # noqa: PTH118 - as told
    assert log.encode() in ended.stderr
    with open(log, encoding="utf-8") as file:  # noqa: PTH123 - as told
        assert "thrown by the test" in file.read()


def test_a_reader_that_goes_away_is_no_error(port: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "portview", "list", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait()


def test_a_command_starts_without_qt() -> None:
    code = (
        "import sys, portview.__main__ as door\n"
        "door.main(['list', '--scope', 'udp'])\n"
        "loaded = [name for name in sys.modules if name.startswith(('PySide6', 'pyqtgraph'))]\n"
        "raise SystemExit(', '.join(loaded) or 0)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.linux_only(reason="only there can the display be missing")
def test_a_missing_display_is_said_plainly() -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    }
    ended = subprocess.run(
        [sys.executable, "-m", "portview"],
        capture_output=True,
        check=False,
        env=environment,
        timeout=60,
    )
    assert ended.returncode == 4
    assert b"no display" in ended.stderr
    assert b"portview list" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.linux_only(reason="only there can the display be missing")
def test_a_display_that_does_not_answer_is_said_plainly() -> None:
    environment = {**os.environ, "DISPLAY": ":9999"}
    environment.pop("QT_QPA_PLATFORM", None)
    environment.pop("WAYLAND_DISPLAY", None)
    ended = subprocess.run(
        [sys.executable, "-m", "portview"],
        capture_output=True,
        check=False,
        env=environment,
        timeout=60,
    )
    assert ended.returncode == 4
    assert b":9999" in ended.stderr
    assert b"Traceback" not in ended.stderr
