"""A machine behind a firewall of its own, and PortView's commands run on it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from portview.log import log_path
from tests.netns import ROOT, joined_machines
from tests.other_user import as_nobody

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.netns import Namespace

GUARD = """
table inet guard {
  chain input {
    type filter hook input priority 10; policy drop;
    iif "lo" accept
    ct state established,related accept
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport 8099 drop
  }
}
"""
SERVER = """
import selectors, socket, sys
selector = selectors.DefaultSelector()
for port in map(int, sys.argv[2:]):
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    dual = family is socket.AF_INET6
    server = socket.create_server((sys.argv[1], port), family=family, dualstack_ipv6=dual)
    selector.register(server, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        key.fileobj.accept()[0].close()
"""
KNOCK = """
import json, socket, sys
try:
    socket.create_connection(({address!r}, {port}), timeout={timeout}).close()
except OSError:
    print("false")
else:
    print("true")
"""
WITH_TOOLS = ROOT / "tests" / "fakes" / "portview_with_tools.py"
AS_NOBODY = as_nobody()


@dataclass(frozen=True, slots=True)
class Machines:
    """A guarded machine, on which PortView runs, and another one that knocks at its ports."""

    guarded: Namespace
    client: Namespace

    def portview(
        self,
        *arguments: str,
        path: Path | None = None,
        prefix: tuple[str, ...] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the guarded machine; programs in ``path`` come first."""
        program = (str(WITH_TOOLS), str(path)) if path else ("-m", "portview")
        command = (*prefix, sys.executable, "-W", "error", *program, *arguments)
        options: dict[str, Any] = {"stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        process = self.guarded.start(*command, **options)
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def gets_through(self, port: int, address: str | None = None) -> bool:
        """Tell whether the other machine can connect; what should fail is not waited for long."""
        address = address or self.guarded.ipv4
        code = KNOCK.format(address=address, port=port, timeout=0.7)
        return bool(self.client.python(code))

    def ruleset(self) -> str:
        """Return the rules of the guarded machine as nft lists them."""
        return self.guarded.run("nft", "list", "ruleset")

    @contextmanager
    def serving(self, *ports: int, address: str = "::") -> Iterator[subprocess.Popen[str]]:
        """Have one process on the guarded machine listen on ports; on "::" for both families."""
        process = self.guarded.start(sys.executable, "-c", SERVER, address, *map(str, ports))
        try:
            assert process.stdout
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def _pair() -> Iterator[tuple[Namespace, Namespace]]:
    with joined_machines() as pair:
        yield pair


@pytest.fixture
def machines(_pair: tuple[Namespace, Namespace]) -> Iterator[Machines]:
    """Put a firewall that drops what nothing allows before the second machine."""
    client, guarded = _pair
    guarded.run("nft", "-f", "-", text=GUARD)
    yield Machines(guarded, client)
    guarded.run("nft", "flush", "ruleset")


@pytest.fixture(autouse=True)
def own_record(own_folders: None) -> Iterator[None]:
    """Let the record go to the test's own folder, which the log's path remembers otherwise."""
    log_path.cache_clear()
    yield
    log_path.cache_clear()
