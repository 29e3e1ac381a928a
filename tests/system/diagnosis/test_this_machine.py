"""The command itself, on this machine, whatever system it has."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.netns import ROOT

KEYS = {
    "port",
    "protocol",
    "address",
    "parsed",
    "answer",
    "can_bind",
    "can_be_reached",
    "causes",
    "ruled_out",
    "cannot_tell",
    "notes",
}


def why(*arguments: str, verb: tuple[str, ...] = ("why",)) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "portview", *verb, *arguments, "--json"],
        capture_output=True,
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, document


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_listener_of_this_machine_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, answer = why(str(port))
    assert code == 1
    assert set(answer) == KEYS
    assert answer["port"] == port
    assert answer["can_bind"] in {"no", "partly"}
    assert answer["causes"][0]["code"] == "listener"
    assert {"code", "side", "certainty", "sentence", "evidence", "fixes"} == set(
        answer["causes"][0]
    )


def test_a_port_without_a_verb_is_the_same_question() -> None:
    port = free_port()
    code, answer = why(str(port), verb=())
    assert code == 0
    assert answer["can_bind"] == "yes"
    assert answer["causes"] == []


def test_a_pasted_error_is_parsed() -> None:
    port = free_port()
    text = f"listen tcp 127.0.0.1:{port}: bind: address already in use"
    code, answer = why(text)
    assert code == 0
    assert answer["port"] == port
    assert answer["address"] == "127.0.0.1"
    assert answer["parsed"] == {"error": "EADDRINUSE", "from": text}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("the shop does not start",), "nothing_understood"),
        (("70000",), "bad_port"),
        (("8080", "--address", "nonsense"), "bad_address"),
        (("8080", "--proto", "sctp"), "bad_usage"),
    ],
)
def test_what_is_no_question_is_bad_input(arguments: tuple[str, ...], error: str) -> None:
    code, answer = why(*arguments)
    assert code == 2
    assert answer["error"]["code"] == error


def test_an_error_without_a_port_is_answered_for_the_machine() -> None:
    code, answer = why("OSError: [Errno 24] Too many open files")
    assert answer["port"] is None
    assert answer["parsed"]["error"] == "EMFILE"
    assert code == 1
    assert answer["causes"][0]["code"] == "descriptor_limit"


def test_a_name_alone_is_explained_without_a_guess() -> None:
    code, answer = why("EADDRINUSE")
    assert code == 1
    assert "already taken" in answer["answer"]
    assert answer["causes"] == []
    assert answer["can_bind"] == "unknown"


def test_ports_of_this_machine() -> None:
    code, document = why(verb=("ports",))
    assert code in {0, 1}
    assert [one["protocol"] for one in document["ports"]] == ["tcp", "udp"]


@pytest.mark.linux_only(reason="the dynamic range is read without netsh")
def test_a_watched_port_in_the_dynamic_range_is_warned_of(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    folder.mkdir(exist_ok=True)
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    watch = f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {first + 7}\n'
    (folder / "watches.toml").write_text(watch)
    code, document = why(verb=("ports",))
    assert code == 1
    warned = [port for one in document["ports"][0]["warnings"] for port in one["ports"]]
    assert first + 7 in warned
