"""Two machines with a cable: a client on one, a server behind a firewall on the other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.netns import Namespace, joined_machines, serving
from tests.system.firewall.linux.rulesets import CONTAINER

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
HERE = Path(__file__).parent
PORT = 8080
OTHER_PORT = 9090
SECOND_V4, SECOND_V6 = "10.199.0.7", "fd99::7"
PATIENCE_S = 10.0
"""How long an attempt that should succeed may take; it takes a thousandth of that."""
SILENCE_S = 0.5
"""How long nothing may come back until an attempt counts as dropped."""
_ONE_SERVER = """
import socket
server = socket.create_server(("", 80))
print("ready")
while True:
    connection, _ = server.accept()
    connection.send(b"!")
    connection.close()
"""
_UFW_DEFAULTS = """
IPV6=yes
DEFAULT_INPUT_POLICY="DROP"
DEFAULT_OUTPUT_POLICY="ACCEPT"
DEFAULT_FORWARD_POLICY="DROP"
DEFAULT_APPLICATION_POLICY="SKIP"
MANAGE_BUILTINS=no
IPT_SYSCTL=/etc/ufw/sysctl.conf
IPT_MODULES=""
"""


@dataclass(frozen=True, slots=True)
class OwnUfw:
    """A ufw whose settings are the test's own, laid over those of the system."""

    folder: Path

    def prepare(self) -> None:
        """Lay out the settings that ufw comes with: all incoming is denied, and it is off."""
        # The folders themselves stay: they are mounted where a worker runs.
        for name in ("etc", "default", "state"):
            (self.folder / name).mkdir(exist_ok=True)
            for old in (self.folder / name).iterdir():
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        shutil.copytree("/usr/share/ufw", self.folder / "etc", dirs_exist_ok=True)
        for rules in (self.folder / "etc" / "iptables").glob("*.rules"):
            shutil.copy(rules, self.folder / "etc")
        (self.folder / "etc" / "applications.d").mkdir()
        (self.folder / "etc" / "sysctl.conf").touch()
        (self.folder / "default" / "ufw").write_text(_UFW_DEFAULTS)
        shutil.copytree("/lib/ufw", self.folder / "state", dirs_exist_ok=True)

    def around(self, *command: str) -> tuple[str, ...]:
        """Return a command that sees these settings in place of the system's."""
        script = "".join(
            f'mount --bind "$1/{name}" {target}; '
            for name, target in (
                ("etc", "/etc/ufw"),
                ("default", "/etc/default"),
                ("state", "/lib/ufw"),
            )
        )
        return ("sh", "-e", "-c", f'{script} shift; exec "$@"', "sh", str(self.folder), *command)


class Worker:
    """A process on one of the machines, asked by lines of JSON."""

    def __init__(
        self,
        machine: Namespace,
        script: str,
        *arguments: str,
        around: tuple[str, ...] = (),
    ) -> None:
        self._process = machine.start(
            *around,
            sys.executable,
            "-W",
            "error",
            str(HERE / script),
            *arguments,
            stdin=subprocess.PIPE,
        )
        assert self._answer() == "ready"

    def ask(self, question: Any) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True, slots=True)
class Bench:
    """The two machines, and what runs on them."""

    near: Namespace
    far: Namespace
    client: Worker
    server: Worker
    own_ufw: OwnUfw | None

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.near.ipv4, SECOND_V4, self.near.ipv6, SECOND_V6)

    def set_rules(self, text: str) -> None:
        self.clear()
        self.far.run("nft", "-f", "-", text=text)

    def ufw(self, *arguments: str) -> str:
        assert self.own_ufw
        return self.far.run(*self.own_ufw.around("ufw", *arguments))

    def clear(self) -> None:
        self.far.run("nft", "flush", "ruleset")

    def verdict(self, protocol: str = "tcp", port: int = PORT, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.verdicts([{"protocol": protocol, "port": port, **more}])[0]
        return answer

    def verdicts(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = self.server.ask({"do": "decide", "questions": questions})
        return answers

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.server.ask({"do": "status"})
        return status

    def make(self, effect: str, *remotes: str, protocol: str = "tcp", **more: Any) -> Any:
        """Have PortView make a rule, and return the change; an error as its code."""
        rule_spec = {
            "effect": effect,
            "protocol": protocol,
            "port": PORT,
            "remotes": remotes,
            **more,
        }
        return self.server.ask({"do": "make", "rule_spec": rule_spec})

    def revoke(self, rule_id: str) -> Any:
        return self.server.ask({"do": "revoke", "id": rule_id})

    def own(self) -> list[dict[str, Any]]:
        rules: list[dict[str, Any]] = self.server.ask({"do": "own"})
        return rules

    def reaches(self, source: str, *, is_expected: bool, protocol: str = "tcp") -> bool:
        """Tell whether a real client reaches the server."""
        patience = PATIENCE_S if is_expected else SILENCE_S
        attempt = {"source": source, "protocol": protocol, "patience_s": patience}
        return self.experience([attempt]) == ["reached"]

    def experience(self, attempts: list[dict[str, Any]]) -> list[str]:
        """Return what real clients meet: "reached", "refused" or "silence"."""
        whole = []
        for one in attempts:
            target = self.far.ipv6 if ":" in one["source"] else self.far.ipv4
            whole.append({"target": target, "port": PORT, "patience_s": PATIENCE_S, **one})
        results: list[str] = self.client.ask(whole)
        return results


@contextmanager
def two_with_a_server(folder: Path) -> Iterator[Bench]:
    """Give two machines with a cable, a client on one and a server on the other."""
    own_ufw = OwnUfw(folder) if shutil.which("ufw", path=_PATH) else None
    if own_ufw:
        own_ufw.prepare()
    with joined_machines() as (near, far), ExitStack() as stack:
        near.run("ip", "addr", "add", f"{SECOND_V4}/24", "dev", "cable0")
        near.run("ip", "addr", "add", f"{SECOND_V6}/64", "dev", "cable0", "nodad")
        _know_each_other(near, far)
        client = Worker(near, "client_side.py")
        stack.callback(client.close)
        around = own_ufw.around() if own_ufw else ()
        server = Worker(far, "server_side.py", str(PORT), str(OTHER_PORT), around=around)
        stack.callback(server.close)
        yield Bench(near, far, client, server, own_ufw)


@pytest.fixture(scope="session")
def _machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with two_with_a_server(tmp_path_factory.mktemp("ufw")) as bench:
        yield bench


def _know_each_other(near: Namespace, far: Namespace) -> None:
    """Enter the neighbours by hand: a policy of drop stops IPv6 from finding them by itself."""
    for here, there, addresses in (
        (near, far, (far.ipv4, far.ipv6)),
        (far, near, (near.ipv4, SECOND_V4, near.ipv6, SECOND_V6)),
    ):
        [link] = json.loads(there.run("ip", "-j", "link", "show", "cable0"))
        for address in addresses:
            here.run(
                *("ip", "neigh", "replace", address, "lladdr", link["address"]),
                *("dev", "cable0", "nud", "permanent"),
            )


@pytest.fixture
def bench(_machines: Bench) -> Iterator[Bench]:
    """Give the two machines with no firewall."""
    _machines.clear()
    yield _machines
    _machines.clear()


@pytest.fixture(scope="session")
def _container(_machines: Bench) -> Iterator[None]:
    """Have a container behind a bridge on the far machine listen on TCP port 80."""
    inner = Namespace(f"{_machines.far.name}c", CONTAINER, "")
    far = _machines.far

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)  # noqa: S607

    ip("netns", "add", inner.name)
    try:
        far.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        far.run("ip", "link", "add", "bridge1", "type", "bridge")
        far.run("ip", "addr", "add", "192.0.2.1/24", "dev", "bridge1")
        ends = ("type", "veth", "peer", "name", "eth0", "netns", inner.name)
        far.run("ip", "link", "add", "port1", *ends)
        far.run("ip", "link", "set", "port1", "master", "bridge1", "up")
        far.run("ip", "link", "set", "bridge1", "up")
        inner.run("ip", "addr", "add", f"{CONTAINER}/24", "dev", "eth0")
        inner.run("ip", "link", "set", "eth0", "up")
        inner.run("ip", "route", "add", "default", "via", "192.0.2.1")
        with serving(inner, _ONE_SERVER):
            yield
        far.run("ip", "link", "del", "bridge1")
        far.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=0")
    finally:
        ip("netns", "del", inner.name)


@pytest.fixture
def docker_bench(bench: Bench, _container: None) -> Bench:
    """Give the two machines, with a container on the far one."""
    return bench


@pytest.fixture
def ufw_bench(bench: Bench) -> Iterator[Bench]:
    """Give the two machines with ufw as it comes, switched on."""
    if bench.own_ufw is None:
        pytest.skip("ufw is not installed")
    bench.own_ufw.prepare()
    bench.ufw("--force", "enable")
    yield bench
    bench.ufw("disable")
