"""Three machines of a test's own: network namespaces on one bridge, each with a real sshd.

Whoever asks is in a fourth one. People log in as an account that is on no machine but these: each
sshd has an /etc/passwd of its own.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.netns import Namespace, serving
from tests.other_user import folder_for_all, reachable_by_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT, ACCOUNT_ID = "pvtest", 64_321
NAMES = ("web1", "web2", "web3")
_LISTENER = """\
import ctypes, os, signal, socket
{become}
server = socket.create_server(("", {port}))
print("listening")
signal.pause()
"""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The machines by name, and the folder in which each has one of its own."""

    folder: Path
    namespaces: dict[str, Namespace]

    def settings_of(self, name: str) -> Path:
        """Return the folder of the account's settings on a machine."""
        return self.folder / name / "config"

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables with which this machine's ssh finds the others."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PORTVIEW_REMOTE_COMMAND": f"{shlex.quote(sys.executable)} -m portview",
        }


def listening(
    machine: Namespace, port: int, *, as_account: bool = False
) -> AbstractContextManager[None]:
    """Have a server listen on a machine for as long as the block lasts, as root or the account."""
    become = (
        f"os.setgroups([]); os.setgid({ACCOUNT_ID}); os.setuid({ACCOUNT_ID})\n"
        # PR_SET_DUMPABLE: else even the account itself could not see what the process holds.
        "ctypes.CDLL(None).prctl(4, 1)"
    )
    return serving(machine, _LISTENER.format(port=port, become=become if as_account else ""))


def tool(name: str) -> str:
    """Return a program of OpenSSH, or skip."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is in no package of this system")
    return found


@contextmanager
def fleet() -> Iterator[Fleet]:
    """Give three machines, for as long as the block lasts. Root, Linux."""
    tools = {name: tool(name) for name in ("sshd", "ssh", "ssh-keygen", "ip")}
    with ExitStack() as stack:
        folder = stack.enter_context(folder_for_all())
        asking, machines = stack.enter_context(_namespaces())
        for key in ("host", "user"):
            make = [tools["ssh-keygen"], "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
            subprocess.run(make, check=True)
        passwd = Path("/etc/passwd").read_text()
        (folder / "passwd").write_text(
            f"{passwd}{ACCOUNT}:*:{ACCOUNT_ID}:{ACCOUNT_ID}::{folder}:/bin/sh\n"
        )
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for name, machine in machines.items():
            stack.enter_context(_serving_ssh(tools["sshd"], folder, name, machine))
        _configure_ssh(tools["ssh"], folder, asking, machines)
        yield Fleet(folder, machines)


@contextmanager
def _namespaces() -> Iterator[tuple[Namespace, dict[str, Namespace]]]:
    tag = uuid4().hex[:6]
    asking = Namespace(f"pv{tag}", "10.201.0.1", "")
    machines = {
        name: Namespace(f"pv{tag}{name}", f"10.201.0.{number}", "")
        for number, name in enumerate(NAMES, start=2)
    }

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)  # noqa: S607

    with ExitStack() as stack:
        for one in (asking, *machines.values()):
            ip("netns", "add", one.name)
            stack.callback(ip, "netns", "del", one.name)
            ip("-n", one.name, "link", "set", "lo", "up")
        ip("-n", asking.name, "link", "add", "bridge0", "type", "bridge")
        ip("-n", asking.name, "addr", "add", f"{asking.ipv4}/24", "dev", "bridge0")
        ip("-n", asking.name, "link", "set", "bridge0", "up")
        for name, one in machines.items():
            cable = ("link", "add", name, "netns", asking.name, "type", "veth")
            ip(*cable, "peer", "name", "cable0", "netns", one.name)
            ip("-n", asking.name, "link", "set", name, "master", "bridge0", "up")
            ip("-n", one.name, "addr", "add", f"{one.ipv4}/24", "dev", "cable0")
            ip("-n", one.name, "link", "set", "cable0", "up")
        yield asking, machines


@contextmanager
def _serving_ssh(sshd: str, folder: Path, name: str, machine: Namespace) -> Iterator[None]:
    own = folder / name
    for part in (own, own / "config", own / "log"):
        part.mkdir()
        os.chown(part, ACCOUNT_ID, ACCOUNT_ID)
    variables = (
        f"PORTVIEW_CONFIG_DIR={own}/config PORTVIEW_LOG_DIR={own}/log PYTHONPATH={ROOT} "
        "PYTHONDONTWRITEBYTECODE=1"
    )
    config = own / "sshd_config"
    config.write_text(
        f"Port 22\nListenAddress {machine.ipv4}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        f"PasswordAuthentication no\nMaxStartups 100\nSetEnv {variables}\n"
    )
    script = f"mount --bind {folder}/passwd /etc/passwd && exec {sshd} -D -e -f {config}"
    command = [
        *("ip", "netns", "exec", machine.name),
        *reachable_by_all(),
        *("unshare", "--mount", "sh", "-c", script),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        assert any(b"listening on" in line for line in process.stderr)
        yield
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _configure_ssh(
    ssh: str, folder: Path, asking: Namespace, machines: dict[str, Namespace]
) -> None:
    kind, key, *_rest = (folder / "host.pub").read_text().split()
    known = [f"{one.ipv4} {kind} {key}\n" for one in machines.values()]
    (folder / "known").write_text("".join(known))
    hosts = [f"Host {name}\n  HostName {one.ipv4}\n" for name, one in machines.items()]
    (folder / "ssh_config").write_text(
        "".join(hosts) + f"Host *\n  User {ACCOUNT}\n  IdentityFile {folder}/user\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known\n  StrictHostKeyChecking yes\n"
    )
    wrapper = folder / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f'#!/bin/sh\nexec ip netns exec {asking.name} {ssh} -F {folder}/ssh_config "$@"\n'
    )
    wrapper.chmod(0o755)
