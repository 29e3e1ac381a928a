"""Asking ports from the command line."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest

from portview.cli.commands import run_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROBE_KEYS = ["verdict", "latency_ms", "detail", "hint"]


@pytest.fixture
def command(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., tuple[int, Any, str]]:
    """Run a command with --json; returns exit code, document and what stands on stderr."""

    def run(*arguments: object) -> tuple[int, Any, str]:
        code = run_command([*map(str, arguments), "--json"])
        out, err = capfdbinary.readouterr()
        return code, json.loads(out), err.decode()

    return run


@pytest.fixture
def spoken(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., tuple[int, str]]:
    """Run a command as people do; returns exit code and what stands on stdout."""

    def run(*arguments: object) -> tuple[int, str]:
        code = run_command([*map(str, arguments)])
        out = capfdbinary.readouterr().out.decode("utf-8", "replace")
        return code, out.replace("\r\n", "\n")

    return run


def test_probe_tcp(command: Any, spoken: Any, listener: Any, free_port: Any) -> None:
    port = listener().getsockname()[1]
    code, document, _ = command("probe", "tcp", f"127.0.0.1:{port}", "--tries", 2)
    assert code == 0
    assert list(document)[:4] == PROBE_KEYS
    assert document["verdict"] == "open"
    (address,) = document["addresses"]
    assert (address["address"], address["port"], address["tries"]) == ("127.0.0.1", port, 2)
    assert document["latency_ms"] == address["latency"]["median_ms"]
    assert address["local_address"] == "127.0.0.1"
    code, document, _ = command("probe", "tcp", f"127.0.0.1:{free_port()}")
    assert (code, document["verdict"]) == (1, "closed")
    code, text = spoken("probe", "tcp", f"127.0.0.1:{port}")
    assert code == 0
    assert text.startswith("Open: ")
    assert "min/median/max" in text


def test_probe_udp(command: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        arguments = ("probe", "udp", target, "--timeout", "20ms", "--retries", 1)
        code, document, _ = command(*arguments, "--payload", "dns")
        assert (code, document["verdict"]) == (1, "open|filtered")
        assert document["latency_ms"] is None
        assert "2 dns datagrams" in document["detail"]


def test_probe_http(command: Any, spoken: Any, conversation: Any) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 404 Gone\r\nServer: \x1b[31mred\r\n\r\nnot here")

    url = f"http://127.0.0.1:{conversation(serve).port}/x"
    code, document, _ = command("probe", "http", url)
    assert (code, document["verdict"], document["status"]) == (1, "failed", 404)
    assert list(document)[:4] == PROBE_KEYS
    assert document["body_bytes"] == 8
    code, document, _ = command("probe", "http", url, "--status", 404, "--contains", "here")
    assert (code, document["verdict"]) == (0, "ok")
    code, text = spoken("probe", "http", url)
    assert code == 1
    assert "\x1b" not in text


def test_probe_tls(command: Any, conversation: Any) -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        while connection.recv(4096):
            pass

    plain = conversation(greet)
    code, document, _ = command("probe", "tls", f"127.0.0.1:{plain.port}")
    assert (code, document["verdict"]) == (1, "failed")
    assert "plain text" in document["detail"]
    assert document["certificate"] is None


def test_probe_bind(command: Any, listener: Any) -> None:
    port = listener("127.0.0.1").getsockname()[1]
    code, document, _ = command("probe", "bind", f"127.0.0.1:{port}")
    assert code == 1
    assert document["verdict"] in {"in_use", "exclusive"}
    assert document["places"][0]["error_number"]
    code, document, _ = command("probe", "bind", f"[::1]:{port}")
    assert (code, document["verdict"]) == (0, "free")
    code, document, _ = command("probe", "bind", port, "--proto", "udp")
    assert (code, document["protocol"]) == (0, "udp")


def test_ladder(command: Any, spoken: Any, listener: Any) -> None:
    port = listener("127.0.0.1").getsockname()[1]
    code, document, _ = command("ladder", port, "--timeout", "300ms")
    assert (code, document["verdict"]) == (1, "this_machine_only")
    assert list(document)[:4] == PROBE_KEYS
    assert document["hint"]
    assert document["steps"][0]["kind"] == "bound"
    code, text = spoken("ladder", port, "--timeout", "300ms")
    assert code == 1
    assert f" + It listens on 127.0.0.1:{port}." in text
    assert "127.0.0.1 only" in text


def test_scan(command: Any, spoken: Any, listener: Any, free_port: Any) -> None:
    opened, closed = listener().getsockname()[1], free_port()
    ports = f"{opened},{closed}"
    code, document, _ = command("scan", "127.0.0.1", "--ports", ports)
    assert code == 0
    assert [one["port"] for one in document["open"]] == [opened]
    assert (document["closed_count"], document["filtered_count"]) == (1, 0)
    assert document["elapsed_ms"] > 0
    assert document["comparison"] == {"not_reachable": [], "unknown_ports": []}
    code, text = spoken("scan", "127.0.0.1", "--ports", ports)
    assert f"{opened:>5}/tcp open" in text
    assert "1 open, 1 closed" in text
    code, text = spoken("scan", "127.0.0.1", "--ports", ports, "--csv")
    header, row = text.splitlines()
    assert header == "address,port,service,latency_ms,banner"
    assert row.startswith(f"127.0.0.1,{opened},")
    code, document, _ = command("scan", "127.0.0.1", "--ports", closed)
    assert code == 1


def test_another_machine_is_scanned_only_if_one_may(command: Any) -> None:
    code, document, err = command("scan", "192.0.2.77", "--ports", "80")
    assert code == 2
    assert document["error"]["code"] == "not_confirmed"
    assert "--yes" in err


def test_wait(command: Any, spoken: Any, listener: Any, free_port: Any) -> None:
    port = listener().getsockname()[1]
    code, document, _ = command("wait", f"127.0.0.1:{port}", "--timeout", "5s")
    assert (code, document["verdict"]) == (0, "met")
    assert document["wishes"][0]["looks"] == 1
    code, document, _ = command("wait", f"127.0.0.1:{port}", "--free", "--timeout", "20ms")
    assert (code, document["verdict"]) == (1, "timed_out")
    code, text = spoken("wait", f"127.0.0.1:{free_port()}", "--timeout", "20ms")
    assert code == 1
    assert "Timed out" in text
    code, document, _ = command("wait")
    assert (code, document["error"]["code"]) == (2, "nothing_to_wait_for")


def closed_ports(count: int) -> list[int]:
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(holder.getsockname()[1]) for holder in holders]
    for holder in holders:
        holder.close()
    return ports


def test_pick(command: Any, spoken: Any, listener: Any, tmp_path: Path) -> None:
    taken = listener("127.0.0.1").getsockname()[1]
    first, second = closed_ports(2)
    order = tmp_path / "order.txt"
    order.write_text(f"{second}\n", "utf-8")
    rule_specs = ("--preferred", taken, "--order", order, "--range", first, "--allow-dynamic")
    code, document, _ = command("pick", *rule_specs, "--count", 2)
    assert code == 0
    assert document["ports"] == [second, first]
    assert document["skipped"][0]["port"] == taken
    code, text = spoken("pick", *rule_specs)
    assert text == f"{second}\n"
    code, document, _ = command("pick", "--range", taken, "--allow-dynamic")
    assert (code, document["error"]["code"]) == (1, "no_free_port")


def test_pick_holds_ports_until_the_command_starts(spoken: Any) -> None:
    first, second = closed_ports(2)
    program = (
        "import os, socket, sys\n"
        "ports = [int(one) for one in sys.argv[1:]]\n"
        "assert [os.environ[n] for n in ('PORT', 'PORT1', 'PORT2')] == "
        "[str(ports[0]), str(ports[0]), str(ports[1])]\n"
        "for port in ports:\n"
        "    with socket.socket() as server: server.bind(('127.0.0.1', port))\n"
        "sys.exit(7)"
    )
    arguments = ("pick", "--range", f"{first},{second}", "--count", 2, "--allow-dynamic", "--hold")
    code, _ = spoken(*arguments, "--", sys.executable, "-c", program, "{port1}", "{port2}")
    assert code == 7
    code, _ = spoken(*arguments, "--", "no-such-program-here")
    assert code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("probe", "tcp", "localhost:0"), "character 11"),
        (("probe", "tcp", "localhost:65536"), "character 11"),
        (("probe", "tcp", "my host:80"), "character 3"),
        (("probe", "tcp", "::1:80"), "brackets"),
        (("probe", "tcp", "a:1", "--timeout", "0"), "too short"),
        (("probe", "tcp", "a:1", "--timeout", "24h"), "too long"),
        (("probe", "tcp", "a:1", "--tries", "0"), "not a number from 1 to 100"),
        (("probe", "http", "gopher://a/"), "gopher"),
        (("probe", "bind", "localhost:80"), "at an address"),
        (("probe", "smoke", "a:1"), "Argument KIND"),
        (("ladder", "80-90"), "not a port"),
        (("scan", "localhost", "--ports", "80-"), "character 4"),
        (("scan", "localhost", "--ports", "90-80"), "ends before it starts"),
        (("scan", "a b"), "no spaces"),
        (("pick", "--range", "0-80"), "no port 0"),
        (("pick",), "no port to choose from"),
        (("pick", "--range", "80", "--hold"), "need each other"),
    ],
)
def test_bad_input_is_told_at_its_place(command: Any, arguments: Any, words: str) -> None:
    code, document, err = command(*arguments)
    assert code == 2
    assert words in document["error"]["message"]
    assert document["error"]["message"] in err
    assert "hint: " in err
