"""Processes that hold ports for containers, or for the Windows Subsystem for Linux. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.owners.process import ProcessInfo

_DOCKER = frozenset(
    {
        "docker-proxy", "dockerd", "docker", "containerd", "containerd-shim",
        "containerd-shim-runc-v2", "com.docker.backend", "com.docker.proxy",
        "com.docker.vpnkit", "vpnkit", "vpnkit-bridge", "wsl-vpnkit",
    }
)  # fmt: skip
_PODMAN = frozenset({"conmon", "gvproxy", "win-sshproxy", "rootlessport"})
_OTHERS = frozenset(
    {
        "rootlesskit", "slirp4netns", "pasta", "pasta.avx2", "limactl", "host-switch", "lxd",
        "incusd",
    }
)  # fmt: skip
_WSL = frozenset({"wslrelay", "wslhost", "wslservice"})
_LONGEST_NAME = 80


class Runtime(Enum):
    """What kind of runtime a process belongs to, which decides how its containers are named."""

    DOCKER = auto()
    PODMAN = auto()
    OTHER = auto()
    WSL = auto()


@dataclass(frozen=True, slots=True)
class ContainerRelay:
    """A process that takes connections for a container.

    ``target`` is the address inside to which they go, ``container`` the container's name; None
    where the command line does not say. Both are inert.
    """

    runtime: Runtime
    target: str | None = None
    container: str | None = None


def container_relay(info: ProcessInfo) -> ContainerRelay | None:
    """Return what a process does for containers, by its name; None if it does nothing for them."""
    name = (info.name or "").lower().removesuffix(".exe")
    words = info.command_line or ()
    if name in _WSL:
        return ContainerRelay(Runtime.WSL)
    if name == "docker-proxy":
        address, port = _after(words, "-container-ip"), _after(words, "-container-port")
        target = f"{address}:{port}" if address and port else None
        return ContainerRelay(Runtime.DOCKER, target)
    if name == "conmon":
        return ContainerRelay(Runtime.PODMAN, container=_after(words, "-n"))
    for names, runtime in ((_DOCKER, Runtime.DOCKER), (_PODMAN, Runtime.PODMAN)):
        if name in names:
            return ContainerRelay(runtime)
    return ContainerRelay(Runtime.OTHER) if name in _OTHERS else None


def describe_relay(relay: ContainerRelay) -> str:
    """Describe in a sentence what such a process is."""
    if relay.runtime is Runtime.WSL:
        return _(
            "This process hands the port on to a program inside the Windows Subsystem for Linux."
        )
    if relay.container:
        return _("This process belongs to the container {container}.").format(
            container=relay.container
        )
    if relay.target:
        return _("This process hands the port on to a container, at {target} inside.").format(
            target=relay.target
        )
    return _(
        "This process is a part of a container runtime, which most likely "
        "serves more containers than the one that uses the port."
    )


def relay_advice(relay: ContainerRelay, port: int | None = None) -> str:
    """Return how the port is given back: by stopping what uses it inside, and not the runtime."""
    if relay.runtime is Runtime.WSL:
        return _("End the program in there, or all of it: wsl --shutdown")
    tool = "podman" if relay.runtime is Runtime.PODMAN else "docker"
    if relay.container:
        return _("Stop the container: {tool} stop {container}").format(
            tool=tool, container=relay.container
        )
    which = f" --filter publish={port}" if port else ""  # untranslated: a command
    sentence = (
        _(
            "Stop the container and not its runtime: {tool} ps{which} names it, {tool} stop NAME "
            "stops it (or podman instead)."
        )
        if relay.runtime is Runtime.OTHER
        else _(
            "Stop the container and not its runtime: {tool} ps{which} names it, {tool} stop NAME "
            "stops it."
        )
    )
    return sentence.format(tool=tool, which=which)


def _after(words: Sequence[str], option: str) -> str | None:
    """Return the word behind an option."""
    for word, following in itertools.pairwise(words):
        if word == option and following and not following.startswith("-"):
            return inert(following, _LONGEST_NAME)
    return None
