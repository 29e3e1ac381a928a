"""What commands do where their output can't go, and what a terminal never obeys."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.cli import console
from portview.cli.commands import run_command
from portview.cli.terminal import InertTerminal, guard_terminals
from portview.domain.plain_text import inert_lines

if TYPE_CHECKING:
    from collections.abc import Callable

VERBS = [
    ["list"],
    ["list", "--json"],
    ["list", "--csv"],
    ["--help"],
    ["free", "--help"],
    ["probe", "bind", "1", "--json"],
    ["nonsense", "--json"],
    ["wait", "127.0.0.1:1", "--timeout", "1ms"],
]
HERE = Path(__file__).resolve().parents[3]


def portview(arguments: list[str], **streams: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "portview", *arguments]
    return subprocess.run(
        command, check=False, text=True, cwd=HERE, stdin=subprocess.DEVNULL, **streams
    )


@pytest.mark.linux_only(reason="has /dev/full")
@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_a_full_disk_is_told_and_no_failure_of_the_program(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = portview(arguments, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if arguments != ["nonsense", "--json"]:
        assert "could not be written: No space left on device." in done.stderr


@pytest.mark.linux_only(reason="has /dev/full")
@pytest.mark.parametrize("arguments", VERBS, ids=" ".join)
def test_nowhere_to_write_errors_is_no_failure(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = portview(arguments, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode in {0, 1, 2}


@pytest.mark.linux_only(reason="a POSIX shell closes streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("arguments", [VERBS[0], VERBS[1], VERBS[3], VERBS[6]], ids=" ".join)
def test_closed_streams_are_no_failure(arguments: list[str], closed: str) -> None:
    shell = f'"$0" -m portview {" ".join(arguments)} {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", shell, sys.executable],
        check=False,
        capture_output=True,
        text=True,
        cwd=HERE,
    )
    assert done.returncode == (2 if arguments[0] == "nonsense" else 0)
    assert "Traceback" not in done.stderr
    if "2>&-" in closed and ">&- 2" not in closed and "--json" in arguments:
        json.loads(done.stdout)  # no error text among it


@pytest.mark.linux_only(reason="SIGINT is sent by the process to itself there")
@pytest.mark.parametrize(
    "module", ["portview.process_hardening", "portview.cli.commands", "argparse"]
)
def test_ctrl_c_while_modules_are_imported_is_calm(module: str) -> None:
    interrupted = f"""
import os, signal, sys
# Whoever runs the tests in the background may have them ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.modules.pop("argparse", None)
sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = ["list"]
import runpy
runpy.run_module("portview", run_name="__main__", alter_sys=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", interrupted], check=False, capture_output=True, text=True, cwd=HERE
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


class FakeTerminal(io.StringIO):
    """A stream that says that it is a terminal; what is written to it stays in it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], FakeTerminal]:
    """Make standard output and error terminals, from within the test: pytest has its own before."""

    def make() -> FakeTerminal:
        screen = FakeTerminal()
        monkeypatch.setattr(sys, "stdout", screen)
        monkeypatch.setattr(sys, "stderr", screen)
        guard_terminals()
        assert isinstance(sys.stdout, InertTerminal)
        return screen

    return make


DANGEROUS = "\x1b]0;title\x07\x9b31m\x85\u202egnp.exe\u2066\x7f\r\x08"


def is_harmless(shown: str) -> bool:
    obeyed = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    return all(one in "\n\t" or category(one) not in obeyed for one in shown)


def test_a_terminal_obeys_nothing_of_what_is_printed(terminal: Callable[[], FakeTerminal]) -> None:
    screen = terminal()
    console.print_line(f"name: {DANGEROUS}")
    console.print_note(DANGEROUS)
    console.print_bytes(f"a,{DANGEROUS}\r\nb,c\r\n".encode())
    console.print_json({"name": DANGEROUS})
    print(DANGEROUS)  # noqa: T201 - whoever prints
    assert is_harmless(screen.getvalue())
    assert "␛]0;title␇\\u{009B}31m" in screen.getvalue()


def test_a_document_at_a_terminal_is_json_with_the_same_data(
    terminal: Callable[[], FakeTerminal],
) -> None:
    screen = terminal()
    console.print_json({"name": DANGEROUS, "other": "naïve 日本"})
    assert json.loads(screen.getvalue()) == {"name": DANGEROUS, "other": "naïve 日本"}
    assert "naïve 日本" in screen.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        [DANGEROUS],
        ["list", DANGEROUS],
        ["list", "--scope", DANGEROUS],
        ["list", "--query", DANGEROUS],
        ["probe", "tcp", DANGEROUS],
        ["probe", "udp", "a:1", "--payload", DANGEROUS],
        ["free", DANGEROUS],
        ["list", f"--{DANGEROUS}"],
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_mistyped_arguments_are_harmless_at_a_terminal(
    terminal: Callable[[], FakeTerminal], arguments: list[str], form: list[str]
) -> None:
    screen = terminal()
    assert run_command([*arguments, *form]) in {1, 2}
    assert is_harmless(screen.getvalue())


@given(st.text())
def test_lines_are_inert_and_stay_lines(text: str) -> None:
    shown = inert_lines(text)
    assert is_harmless(shown)
    assert shown.count("\n") == text.count("\n")
    assert shown.count("\t") == text.count("\t")


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    if text.isprintable() and not any(
        one in "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0" for one in text
    ):
        assert inert_lines(text) == text


def test_a_pipe_keeps_the_data(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    console.prepare_streams()
    console.print_bytes(DANGEROUS.encode())
    assert capfdbinary.readouterr().out == DANGEROUS.encode()


@pytest.mark.linux_only(reason="has pseudo-terminals")
def test_a_real_terminal_sees_no_control_characters(tmp_path: Path) -> None:
    import pty  # noqa: PLC0415 - no such module on Windows

    program = tmp_path / "evil\x1b[31m\x9b\u202ename"
    program.symlink_to(sys.executable)
    listen = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [program, "-c", listen], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        port = int(server.stdout.readline())
        for form in ([], ["--csv"], ["--json"]):
            shown = seen_at_a_terminal(pty, ["list", "--query", f"port:{port}", *form])
            assert str(port) in shown
            assert "evil" in shown
            # PortView's own colours are the only sequences; a program's name adds none.
            shown = re.sub(r"\x1b\[(0|1;36|2|32)m", "", shown)
            assert is_harmless(shown.replace("\r\n", "\n"))
        server.communicate("")


def seen_at_a_terminal(pty: Any, arguments: list[str]) -> str:
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "portview", *arguments]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=HERE) as process:
        os.close(slave)
        seen = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break  # Linux ends a terminal that nobody has open with EIO.
            if not piece:
                break
            seen += piece
        process.wait()
    os.close(master)
    return seen.decode("utf-8", "replace")


@pytest.mark.linux_only(reason="limits file descriptors")
def test_a_process_that_may_open_nothing_knows_no_owner_and_says_so() -> None:
    limited = """
import os, resource, runpy, socket, sys
server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]
spare = [os.open(os.devnull, os.O_RDONLY) for _ in range(64)]
import portview.cli.list_command, portview.readers.linux.sockets, portview.readers.snapshots
import portview.readers.linux.kernel_sockets, portview.readers.processes
from portview.cli.commands import run_command
for descriptor in spare:
    os.close(descriptor)
# Enough for netlink and a listing of /proc, and too few to look into a process.
resource.setrlimit(resource.RLIMIT_NOFILE, (FREE, FREE))
sys.exit(run_command(["list", "--json", "--query", f"port:{port}"]))
"""
    done = [
        subprocess.run(
            [sys.executable, "-c", limited.replace("FREE", str(limit))],
            check=False,
            capture_output=True,
            text=True,
            cwd=HERE,
        )
        for limit in (6, 64)
    ]
    assert "Traceback" not in "".join(one.stderr for one in done)
    problems = [
        json.loads(one.stdout)["sockets"][0]["owner_problem"] for one in done if one.returncode == 0
    ]
    assert problems == ["out_of_files", None]
    assert "may not open more files" in done[0].stderr
