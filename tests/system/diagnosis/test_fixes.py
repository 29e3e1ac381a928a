"""Fixes, run as a diagnosis gives them, verified by the same diagnosis, and undone."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.netns import ROOT, serving
from tests.system.diagnosis.situations import AS_NOBODY, WAIT, codes, http_server

if TYPE_CHECKING:
    from tests.netns import Namespace
    from tests.system.diagnosis.situations import Asker

pytestmark = [
    pytest.mark.linux_only(reason="network namespaces"),
    pytest.mark.root_only(reason="makes network namespaces"),
]


def fix_of(answer: dict[str, Any], verb: str) -> dict[str, Any]:
    """Return the fix whose command is a verb of PortView's."""
    for cause in answer["causes"]:
        for fix in cause["fixes"]:
            command = fix["command"] or []
            if verb in shlex.join(command):
                found: dict[str, Any] = fix
                return found
    raise AssertionError(verb)


def run(machine: Namespace, command: list[str] | str, *more: str) -> dict[str, Any]:
    """Run a command of PortView's on a machine, however it is started there; return its JSON."""
    words = shlex.split(command) if isinstance(command, str) else command
    verb = words[words.index("portview") + 1 :] if "portview" in words else words[1:]
    process = machine.start(*(sys.executable, "-m", "portview", *verb, *more, "--json"), cwd=ROOT)
    output, _ = process.communicate(timeout=60)
    document: dict[str, Any] = json.loads(output)
    return document


def test_an_outgoing_connections_port_is_reserved_for_next_time(
    portview: Asker, machine: Namespace
) -> None:
    outgoing = (
        "import socket\nserver = socket.create_server(('127.0.0.1', 0))\nclient = socket.socket()\n"
        "client.bind(('127.0.0.1', 42500))\nclient.connect(server.getsockname())\n"
        "accepted, _ = server.accept()\n"
    )
    with serving(machine, outgoing + WAIT):
        fix = fix_of(portview.ask(42500), "ports reserve")
        report = run(machine, fix["command"], "--yes")
    assert report["report"]["outcome"] == "done"
    assert fix["needs_admin"]
    setting = "net.ipv4.ip_local_reserved_ports"
    assert "42500" in machine.run("sysctl", "-n", setting)
    # The same diagnosis knows of it now.
    after = portview.ask(42500)
    assert "administered_exclusion" in {one["code"] for one in after["ruled_out"]}
    undone = run(machine, fix["undo"], "--yes")
    assert undone["report"]["outcome"] == "done"
    assert "42500" not in machine.run("sysctl", "-n", setting)


def test_the_floor_of_privileged_ports_is_lowered_and_raised_again(
    as_nobody: Asker, machine: Namespace
) -> None:
    before = as_nobody.ask(81)
    assert before["can_bind"] == "no"
    fix = fix_of(before, "ports allow-from")
    assert run(machine, fix["command"], "--yes")["report"]["outcome"] == "done"
    assert as_nobody.ask(81)["can_bind"] == "yes"
    assert run(machine, fix["undo"], "--yes")["report"]["outcome"] == "done"
    assert as_nobody.ask(81)["can_bind"] == "no"


def test_the_dynamic_range_is_widened_and_put_back(portview: Asker, machine: Namespace) -> None:
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40010")
    taking = (
        "import socket\nheld = []\nfor port in range(40000, 40011):\n"
        "    one = socket.socket()\n    one.bind(('0.0.0.0', port))\n    held.append(one)\n"
    )
    with serving(machine, taking + WAIT):
        before = portview.ask(8300)
        fix = fix_of(before, "ports dynamic")
        run(machine, fix["command"], "--yes")
        after = portview.ask(8300)
        run(machine, fix["undo"], "--yes")
        undone = portview.ask(8300)
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=32768 60999")
    assert codes(before, "bind") == {"port_exhaustion": "proved"}
    assert codes(after, "bind") == {}
    assert codes(undone, "bind") == {"port_exhaustion": "proved"}


def test_a_listener_is_stopped(portview: Asker, machine: Namespace) -> None:
    process = machine.start(sys.executable, "-u", "-c", http_server(8301))
    try:
        assert process.stdout
        assert process.stdout.readline()
        fix = fix_of(portview.ask(8301), "free 8301")
        assert run(machine, fix["command"], "--yes")["report"]["outcome"] == "done"
        after = portview.ask(8301)
    finally:
        process.kill()
        process.communicate()
    assert after["can_bind"] == "yes"


def test_a_suspended_server_is_resumed(portview: Asker, machine: Namespace) -> None:
    code = http_server(8302, "::").replace("print('ready'", "import os; print(os.getpid()")
    process = machine.start(sys.executable, "-u", "-c", code)
    try:
        assert process.stdout
        pid = int(process.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        before = portview.ask(8302)
        fix = fix_of(before, "resume")
        run(machine, fix["command"], "--yes")
        after = portview.ask(8302)
    finally:
        process.kill()
        process.communicate()
    assert codes(before, "reach") == {"suspended": "proved"}
    assert codes(after, "reach") == {}
    assert after["can_be_reached"] == "yes"


def test_a_port_that_is_offered_instead_is_free(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8303)):
        answer = portview.ask(8303)
    offered = answer["causes"][0]["fixes"][0]["sentence"]
    port = int("".join(filter(str.isdigit, offered)))
    assert portview.ask(port)["can_bind"] == "yes"


def test_ports_shows_ranges_and_who_uses_them(machine: Namespace) -> None:
    taking = (
        "import socket\nheld = []\nfor port in range(50000, 50030):\n"
        "    one = socket.socket()\n    one.bind(('127.0.0.1', port))\n    one.listen()\n"
        "    held.append(one)\n"
    )
    with serving(machine, taking + WAIT):
        document = run(machine, ["portview", "ports"])
    tcp = document["ports"][0]
    assert tcp["protocol"] == "tcp"
    assert tcp["dynamic"] == {"first": 32768, "last": 60999}
    assert tcp["used"] >= 30
    assert tcp["by_process"][0]["ports"] >= 30


def test_a_user_without_rights_is_told_so_and_nothing_changes(machine: Namespace) -> None:
    process = machine.start(
        *AS_NOBODY,
        *(sys.executable, "-m", "portview", "ports", "reserve", "8304", "--yes", "--json"),
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert json.loads(output)["error"]["code"] == "access_denied"
    assert "8304" not in machine.run("sysctl", "-n", "net.ipv4.ip_local_reserved_ports")
