"""portviewc.exe, exercised as scripts would: with real listeners and a process of our own."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from windows_program.smoke.findings import SmokeError, expect, told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE_S: Final = 180
_FEWEST_COMMANDS: Final = 15
_PICKED_FROM: Final = (20_100, 20_199)
_VICTIM: Final = """
import socket, sys, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""
"""Holds a port until its standard input ends."""


def check_console(
    program: Path, version: str, listener: socket.socket, environment: Mapping[str, str]
) -> None:
    """Let the console program answer every question that it is for."""
    said = run(program, ["--version"], environment)
    expect(said.strip() == f"PortView {version}", f"--version said {said!r}")
    told(f"{program.name} --version: {said.strip()}")
    expect("probe" in run(program, [], environment), "without a command it does not say what to do")
    _check_every_command(program, environment)
    _check_list(program, listener, environment)
    _check_pick(program, environment)
    port = listener.getsockname()[1]
    answer = document(program, ["probe", "tcp", f"127.0.0.1:{port}"], environment)
    expect(answer["verdict"] == "open", f"probe tcp said {answer['verdict']!r} of a listener")
    told(f"probe tcp 127.0.0.1:{port}: open")
    _check_free(program, environment)


def document(program: Path, arguments: list[str], environment: Mapping[str, str]) -> Any:
    """Return the JSON document of a command that has to succeed."""
    said = run(program, [*arguments, "--json"], environment)
    try:
        return json.loads(said)
    except ValueError as error:
        raise SmokeError(f"{arguments[0]} --json printed no JSON: {said[:200]!r}") from error


def run(program: Path, arguments: list[str], environment: Mapping[str, str]) -> str:
    """Return what a command prints; raise SmokeError unless its exit code is 0."""
    done = subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_S,
        env=dict(environment),
        check=False,
    )
    output, errors = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
    message = f"{program.name} {' '.join(arguments)} ended with {done.returncode}: {errors}{output}"
    expect(done.returncode == 0, message)
    return output


def _check_every_command(program: Path, environment: Mapping[str, str]) -> None:
    """Have every command describe itself: each loads what it needs to say so."""
    listed = re.findall(
        r"^ {4}([a-z][a-z-]+) ", run(program, ["--help"], environment), re.MULTILINE
    )
    expect(len(listed) >= _FEWEST_COMMANDS, f"--help lists {listed}")
    for command in listed:
        expect(command in run(program, [command, "--help"], environment), f"{command} --help")
    record = document(program, ["selftest"], environment)
    expect(record["problems"] == [], f"selftest found {record['problems']}")
    told(f"{len(listed)} commands describe themselves, and the self-test found nothing wrong")


def _check_list(program: Path, listener: socket.socket, environment: Mapping[str, str]) -> None:
    port = listener.getsockname()[1]
    rows = [
        row
        for row in document(program, ["list", "--scope", "listening"], environment)["sockets"]
        if row["local_port"] == port
    ]
    expect(len(rows) == 1, f"list --json has {len(rows)} rows of our listener on port {port}")
    expect(rows[0]["pid"] == os.getpid(), f"list --json gives our listener to {rows[0]['pid']}")
    told(f"list --json: port {port} is held by us, PID {os.getpid()}")


def _check_pick(program: Path, environment: Mapping[str, str]) -> None:
    first, last = _PICKED_FROM
    asked = ["pick", "--range", f"{first}-{last}", "--count", "2"]
    ports = document(program, asked, environment)["ports"]
    expect(len(set(ports)) == 2, f"pick gave {ports}")  # noqa: PLR2004 - as many as were asked for
    for port in ports:
        expect(first <= port <= last, f"pick gave {port}, which was not asked for")
        socket.create_server(("0.0.0.0", port)).close()  # noqa: S104 - what pick promises
    told(f"pick: {ports}, and both can be taken")


def _check_free(program: Path, environment: Mapping[str, str]) -> None:
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if victim.stdout is None:
            raise SmokeError("the process to stop has no output")
        port = int(victim.stdout.readline())
        answer = document(program, ["free", str(port), "--yes", "--grace", "1"], environment)
        expect(answer["report"]["outcome"] == "done", f"free reported {answer['report']}")
        victim.wait(_PATIENCE_S)
        socket.create_server(("127.0.0.1", port)).close()
    finally:
        victim.kill()
        victim.communicate()
    told(f"free {port}: {answer['report']['done']}")
