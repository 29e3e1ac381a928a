"""Two machines with a cable: a client on one, a server behind a firewall on the other."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.machines import joined_machines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.machines import Namespace

HERE = Path(__file__).parent
PORT = 8080
OTHER_PORT = 9090
SECOND_V4, SECOND_V6 = "10.199.0.7", "fd99::7"
PATIENCE_S = 10.0
"""How long an attempt that should succeed may take; it takes a thousandth of that."""
SILENCE_S = 0.5
"""How long nothing may come back until an attempt counts as dropped."""


class Worker:
    """A process on one of the machines, asked by lines of JSON."""

    def __init__(self, machine: Namespace, script: str, *arguments: str) -> None:
        self._process = machine.start(
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

    @property
    def sources(self) -> tuple[str, ...]:
        return (self.near.ipv4, SECOND_V4, self.near.ipv6, SECOND_V6)

    def set_rules(self, text: str) -> None:
        self.clear()
        self.far.run("nft", "-f", "-", text=text)

    def clear(self) -> None:
        self.far.run("nft", "flush", "ruleset")

    def verdict(self, protocol: str = "tcp", port: int = PORT, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.verdicts([{"protocol": protocol, "port": port, **more}])[0]
        return answer

    def verdicts(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = self.server.ask(questions)["answers"]
        return answers

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.server.ask([])["status"]
        return status

    def experience(self, attempts: list[dict[str, Any]]) -> list[str]:
        """Return what real clients meet: "reached", "refused" or "silence"."""
        whole = []
        for one in attempts:
            target = self.far.ipv6 if ":" in one["source"] else self.far.ipv4
            whole.append({"target": target, "port": PORT, "patience_s": PATIENCE_S, **one})
        results: list[str] = self.client.ask(whole)
        return results


@pytest.fixture(scope="session")
def _machines() -> Iterator[Bench]:
    with joined_machines() as (near, far):
        for address in (f"{SECOND_V4}/24", f"{SECOND_V6}/64"):
            near.run("ip", "addr", "add", address, "dev", "cable0", "nodad")
        _know_each_other(near, far)
        client = Worker(near, "client_side.py")
        try:
            server = Worker(far, "server_side.py", str(PORT), str(OTHER_PORT))
            try:
                yield Bench(near, far, client, server)
            finally:
                server.close()
        finally:
            client.close()


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
