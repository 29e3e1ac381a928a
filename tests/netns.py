"""Machines of a test's own: network namespaces joined by a cable."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace: a machine of its own, as far as sockets are concerned."""

    name: str
    ipv4: str
    ipv6: str

    def start(self, *command: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, *command],  # noqa: S607
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            **options,
        )

    def run(self, *command: str, text: str | None = None) -> str:
        process = self.start(*command, stdin=subprocess.PIPE)
        output, _ = process.communicate(text, timeout=60)
        assert process.returncode == 0, output
        return output

    def python(self, code: str) -> Any:
        """Run Python code that prints one JSON document, and return this document."""
        return json.loads(self.run(sys.executable, "-W", "error", "-c", code))


@contextmanager
def joined_machines() -> Iterator[tuple[Namespace, Namespace]]:
    """Give two namespaces joined by a cable, for as long as the block lasts."""
    tag = uuid4().hex[:6]
    near = Namespace(f"pv{tag}a", "10.199.0.1", "fd99::1")
    far = Namespace(f"pv{tag}b", "10.199.0.2", "fd99::2")

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)  # noqa: S607

    made = []
    try:
        for machine in (near, far):
            ip("netns", "add", machine.name)
            made.append(machine)
        cable = ("link", "add", "cable0", "netns", near.name, "type", "veth")
        ip(*cable, "peer", "name", "cable0", "netns", far.name)
        for machine in (near, far):
            # Else a link-local address is of no use for its first second.
            for scope in ("all", "default", "cable0"):
                machine.run("sysctl", "-q", "-w", f"net.ipv6.conf.{scope}.accept_dad=0")
            # Else only some rejections a second are told, and the rest look like drops.
            for limit in ("ipv4.icmp_ratelimit", "ipv6.icmp.ratelimit"):
                machine.run("sysctl", "-q", "-w", f"net.{limit}=0")
            ip("-n", machine.name, "link", "set", "lo", "up")
            ip("-n", machine.name, "addr", "add", f"{machine.ipv4}/24", "dev", "cable0")
            ip("-n", machine.name, "addr", "add", f"{machine.ipv6}/64", "dev", "cable0", "nodad")
            ip("-n", machine.name, "link", "set", "cable0", "up")
        yield near, far
    finally:
        for machine in made:
            ip("netns", "del", machine.name)


@contextmanager
def serving(machine: Namespace, code: str) -> Iterator[None]:
    """Keep Python code running on a machine, from when it prints a line until the block ends."""
    process = machine.start(sys.executable, "-u", "-c", code)
    try:
        assert process.stdout
        assert process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


_CLONE_NEWNET = 0x40000000


@contextmanager
def own_network_namespace() -> Iterator[None]:
    """Put this thread, and what it starts, into an empty network for as long as the block lasts.

    Nobody else's traffic takes a port there. Main thread only: /proc/self/net is that of its
    thread. Needs root and Linux.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(code: int) -> None:
        if code:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    with Path("/proc/self/ns/net").open("rb") as before:
        enter(libc.unshare(_CLONE_NEWNET))
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607
            yield
        finally:
            enter(libc.setns(before.fileno(), _CLONE_NEWNET))
