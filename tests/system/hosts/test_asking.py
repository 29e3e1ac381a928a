"""PortView asked over a real sshd on loopback, beside peers that stall, refuse and lie."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portview.hosts import asking
from portview.hosts.asking import ask_hosts

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.linux_only(reason="runs OpenSSH's server from a package of the system")

_ME = getpass.getuser()


class Machine:
    """A sshd of the test's own, and an ssh that knows where it is."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.name = f"ssh://{_ME}@127.0.0.1:{port}"


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is in no package of this system")
    return found


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Start sshd with keys of its own, and put an ssh that uses them first on the PATH."""
    sshd, keygen, ssh = _tool("sshd"), _tool("ssh-keygen"), _tool("ssh")
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for name in ("host", "user"):
        make = [keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True)
    shutil.copy(folder / "user.pub", folder / "authorized")
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    known = (folder / "host.pub").read_text().split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {known[0]} {known[1]}\n")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\n"
        f"SetEnv PORTVIEW_CONFIG_DIR={tmp_path}/config PORTVIEW_LOG_DIR={tmp_path}/log\n"
    )
    (folder / "config").write_text(
        f"IdentityFile {folder}/user\nIdentitiesOnly yes\nUserKnownHostsFile {folder}/known\n"
        "StrictHostKeyChecking yes\n"
    )
    wrapper = tmp_path / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/config "$@"\n')
    wrapper.chmod(0o755)
    with _running([sshd, "-D", "-e", "-f", str(folder / "sshd_config")], port):
        yield Machine(tmp_path, port)


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert process.stderr is not None
    try:
        assert any(str(port).encode() in line for line in process.stderr)  # Server listening on
        yield
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def portview(
    machine: Machine, *arguments: str, command: str = ""
) -> subprocess.CompletedProcess[str]:
    remote = command or f"{sys.executable} -m portview"
    return subprocess.run(
        [sys.executable, "-m", "portview", *arguments],
        env={
            **os.environ,
            "PATH": f"{machine.folder / 'bin'}:{os.environ['PATH']}",
            "PORTVIEW_REMOTE_COMMAND": remote,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def hosts(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done.stdout)["hosts"]
    return found


def test_sockets_causes_watches_and_history_of_another_machine(machine: Machine) -> None:
    host = ("--host", machine.name, "--json")
    listed = portview(machine, "list", "--query", f"port:{machine.port} state:listen", *host)
    assert listed.returncode == 0, listed.stderr
    [answer] = hosts(listed)
    assert (answer["host"], answer["state"], answer["reason"]) == (machine.name, "known", None)
    assert answer["sockets"][0]["local_port"] == machine.port
    why = portview(machine, "why", str(machine.port), *host)
    assert why.returncode == 1
    assert "listener" in [cause["code"] for cause in hosts(why)[0]["causes"]]
    assert portview(machine, "what", str(machine.port), *host).returncode == 0
    assert hosts(portview(machine, "watch", "check", *host))[0]["watches"] == []
    history = portview(machine, "history", "1", *host)
    assert (history.returncode, hosts(history)[0]["spans"]) == (1, [])


def test_text_is_told_under_the_name_of_its_machine(machine: Machine) -> None:
    done = portview(machine, "list", "--query", f"port:{machine.port}", "--host", machine.name)
    assert done.returncode == 0
    assert done.stdout.startswith(f"[{machine.name}]\n")
    assert str(machine.port) in done.stdout


def test_a_machine_that_can_not_be_asked_is_unknown_and_never_empty(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        refused = held.getsockname()[1]
    gone = f"ssh://{_ME}@127.0.0.1:{refused}"
    done = portview(machine, "list", "--host", machine.name, "--host", gone, "--json")
    assert done.returncode == 1
    known, unknown = hosts(done)
    assert known["state"] == "known"
    assert unknown["state"] == "unknown"
    assert "sockets" not in unknown
    assert "refused" in unknown["reason"].lower()
    check = ("watch", "check", "--host", machine.name, "--host", gone, "--json")
    noted = portview(machine, *check)
    assert noted.returncode == 0
    assert gone in noted.stderr
    assert portview(machine, *check, "--strict").returncode == 1


@pytest.mark.parametrize(
    "lie",
    [
        "echo hello #",
        'echo "{}" #',
        "cat /dev/zero #",
        "no-such-program",
        "exit 7 #",
        "kill -9 $$ #",
    ],
)
def test_a_peer_that_lies_is_unknown(machine: Machine, lie: str) -> None:
    done = portview(machine, "list", "--host", machine.name, "--json", command=lie)
    assert done.returncode == 1
    [answer] = hosts(done)
    assert answer["state"] == "unknown"
    assert answer["reason"]
    assert set(answer) == {"host", "state", "reason"}


def test_a_peer_that_says_nothing_costs_its_time_limit_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{machine.folder / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv(asking.REMOTE_COMMAND_VARIABLE, "sleep 1000 #")
    [answer] = ask_hosts([machine.name], ["list"], lambda one: one, time_limit_s=1)
    assert "no answer" in answer.reason


@pytest.mark.parametrize("name", ["-oProxyCommand=touch x", "a b", "a;b", "$(id)"])
def test_a_name_that_is_none_is_refused_before_any_ssh_starts(machine: Machine, name: str) -> None:
    (machine.folder / "bin" / "ssh").write_text("#!/bin/sh\ntouch " + str(machine.folder / "ran"))
    assert portview(machine, "list", f"--host={name}").returncode == 2
    assert not (machine.folder / "ran").exists()


def test_arguments_are_quoted_for_the_other_shell(machine: Machine) -> None:
    text = "bind: address already in use $(touch ran) `touch ran`; touch ran 0.0.0.0:8080"
    done = portview(machine, "why", text, "--host", machine.name, "--json")
    assert hosts(done)[0]["parsed"]["from"] == text
    assert not Path("ran").exists()


def test_ssh_is_never_told_to_trust_or_to_ask(machine: Machine) -> None:
    seen = machine.folder / "seen"
    (machine.folder / "bin" / "ssh").write_text(f'#!/bin/sh\necho "$@" > {seen}\n')
    portview(machine, "list", "--host", "somewhere", "--json")
    told = seen.read_text()
    assert "BatchMode=yes" in told
    assert "StrictHostKeyChecking" not in told
    assert "UserKnownHostsFile" not in told


def test_a_stream_is_a_snapshot_then_changes_and_ends_with_its_reader() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "portview", "stream", "--interval", "200ms"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        first = json.loads(process.stdout.readline())
        assert first["type"] == "snapshot"
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            number = next(
                one["id"]
                for line in process.stdout
                for one in json.loads(line)["added"]
                if one["local_port"] == port and one["owner_problem"] is None
            )
        assert any(number in json.loads(line)["removed"] for line in process.stdout)
        process.stdout.close()
        assert process.wait(60) == 0
    finally:
        with suppress(OSError):
            process.stdout.close()
        process.kill()
        process.wait()
