"""What commands look like at a terminal: a real pseudo-terminal of several widths."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.linux_only(reason="opens pseudo-terminals")
HERE = Path(__file__).resolve().parents[3]
SEQUENCE = re.compile(r"\x1b\[[0-9;]*[mK]")
WIDTHS = (40, 80, 200)


def at_terminal(
    width: int, *arguments: str, environment: dict[str, str] | None = None
) -> tuple[str, int]:
    """Run a command whose output and errors are a terminal; return what it shows."""
    import fcntl  # noqa: PLC0415 - of Unix
    import pty  # noqa: PLC0415 - likewise
    import struct  # noqa: PLC0415 - likewise
    import termios  # noqa: PLC0415 - likewise

    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    clean = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS"}}
    with subprocess.Popen(
        [sys.executable, "-m", "portview", *arguments],
        cwd=HERE,
        stdin=side,
        stdout=side,
        stderr=side,
        env={**clean, "TERM": "xterm-256color", "PYTHONUTF8": "1", **(environment or {})},
    ) as process:
        os.close(side)
        shown = b""
        while True:
            try:
                more = os.read(main, 65536)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            shown += more
    os.close(main)
    return shown.decode().replace("\r\n", "\n"), process.returncode


def lines_of(shown: str) -> list[str]:
    """Return the lines as they stand on the screen, without what was wiped."""
    return [
        SEQUENCE.sub("", line.rpartition("\r\x1b[K")[2]) for line in shown.rstrip("\n").split("\n")
    ]


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def chinese_port(tmp_path: Path) -> Iterator[int]:
    """Give a port of a program in a folder with a wide name, and a sign that hides in it."""
    folder = tmp_path / "\u8ba2\u5355\u670d\u52a1-\u5f00\u53d1\u73af\u5883\u202e"
    folder.mkdir()
    program = folder / "server.py"
    program.write_text(
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "print(server.getsockname()[1], flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate("")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_table_fits_its_terminal_and_is_aligned(chinese_port: int, width: int) -> None:
    shown, code = at_terminal(width, "list", "--query", f"port:{chinese_port}")
    assert code == 0
    lines = lines_of(shown)
    assert all(cell_len(line) <= width for line in lines)
    head, row = lines
    assert "What" in head
    assert str(chinese_port) in row
    assert "\u202e" not in shown
    # The PID ends where its title ends, behind wide characters as well.
    pid = re.search(r"\s(\d+)(?=\s|$)", row.replace(str(chinese_port), "", 1))
    if pid is not None:
        end = cell_len(row[: row.index(pid[1], 6) + len(pid[1])])
        assert end == cell_len(head[: head.index("PID") + 3])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_port_alone_is_answered_by_its_card(port: int, width: int) -> None:
    shown, code = at_terminal(width, str(port))
    assert code == 1
    lines = lines_of(shown)
    assert lines[0].rstrip() == f"TCP {port} is in use"
    assert f"PID {os.getpid()}" in " ".join(lines)
    is_command = re.compile(r"\s+\S*(python|portview)")
    assert all(cell_len(line) <= width for line in lines if not is_command.match(line))
    assert "Reading what may be in the way" in shown
    assert "Reading what may be in the way" not in "\n".join(lines)
    whole = " ".join(" ".join(lines).split())
    assert whole.count("Listens on 127.0.0.1: only this machine reaches it") == 1


def test_no_color_leaves_out_the_colours_alone(port: int) -> None:
    coloured, _code = at_terminal(100, "list", "--query", f"port:{port}")
    assert "\x1b[1;36m" in coloured
    shown, _code = at_terminal(
        100, "list", "--query", f"port:{port}", environment={"NO_COLOR": "1"}
    )
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", shown)
    assert lines_of(shown) == lines_of(coloured)


@pytest.mark.parametrize("arguments", [("--plain", "list"), ("list", "--plain")])
def test_plain_is_what_a_pipe_gets(port: int, arguments: tuple[str, ...]) -> None:
    shown, _code = at_terminal(100, *arguments, "--query", f"port:{port}")
    piped = subprocess.run(
        [sys.executable, "-m", "portview", "list", "--query", f"port:{port}"],
        check=True,
        capture_output=True,
        text=True,
        cwd=HERE,
    )
    assert "\x1b" not in shown
    assert shown == piped.stdout


def test_a_dumb_terminal_gets_no_sequence(port: int) -> None:
    shown, _code = at_terminal(60, "list", "--query", f"port:{port}", environment={"TERM": "dumb"})
    assert "\x1b" not in shown


def test_json_is_the_same_document(port: int) -> None:
    shown, _code = at_terminal(60, "probe", "bind", f"127.0.0.1:{port}", "--json")
    document = json.loads("\n".join(lines_of(shown)))
    assert document["places"][0]["verdict"] == "in_use"


def test_verdicts_are_words(port: int) -> None:
    shown, _code = at_terminal(70, "probe", "bind", f"127.0.0.1:{port}")
    said = "\n".join(lines_of(shown))
    assert said.startswith("In use: ")
    assert "in_use" not in said
    assert all(cell_len(line) <= 70 for line in said.splitlines())


def test_rich_is_not_loaded_where_a_program_reads() -> None:
    code = (
        "import sys; from portview.cli.commands import run_command; "
        "run_command(['list']); run_command(['probe', 'tcp', '127.0.0.1:1']); "
        "print([name for name in sys.modules if name.startswith('rich')], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=HERE
    )
    assert done.stderr.splitlines()[-1] == "[]"


_WORKERS = """
import os, socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
for _ in range(3):
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Give the port and the PID of a master with three workers that inherited its socket."""
    program = tmp_path / "workers_of_a_test.py"
    program.write_text(_WORKERS)
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as master:
        try:
            assert master.stdout is not None
            yield int(master.stdout.readline()), master.pid
        finally:
            os.killpg(master.pid, signal.SIGKILL)


@pytest.mark.parametrize("verb", ["free", "what"])
def test_what_workers_have_in_common_is_said_once(workers: tuple[int, int], verb: str) -> None:
    port, _pid = workers
    options = ["--dry-run"] if verb == "free" else []
    done = subprocess.run(
        [sys.executable, "-m", "portview", verb, str(port), *options],
        check=False,
        capture_output=True,
        text=True,
        cwd=HERE,
    )
    assert done.returncode == 0
    # Once for the master; for `what` once more for the workers, whose parent is the master.
    assert done.stdout.count("workers_of_a_test.py (") <= (1 if verb == "free" else 2)
    assert done.stdout.count("PID") <= 8
    assert re.search(r"[23] more processes", done.stdout)


def test_the_card_names_a_master_and_its_workers_together(workers: tuple[int, int]) -> None:
    port, pid = workers
    shown, _code = at_terminal(120, str(port))
    lines = lines_of(shown)
    assert any(f"PID {pid}" in line for line in lines[:3])
    (others,) = [line for line in lines if "Also " in line]
    assert "3 processes of" in others
