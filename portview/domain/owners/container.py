"""Containers, and how a process's control group names the one that it runs in. Pure.

The names are those that each runtime documents for cgroup v1 and v2, with systemd and without:

    /system.slice/docker-ID.scope, /docker/ID                       Docker
    /machine.slice/libpod-ID.scope/container, /libpod_parent/...    Podman
    /system.slice/nerdctl-ID.scope, /default/ID                     containerd (nerdctl)
    .../kubepods-burstable-podUID.slice/cri-containerd-ID.scope     Kubernetes, containerd
    /kubepods/besteffort/podUID/ID, .../crio-ID.scope               Kubernetes, also CRI-O
    /lxc.payload.NAME, /lxc/NAME                                    LXC, LXD, Incus
    /machine.slice/machine-NAME.scope, systemd-nspawn@NAME.service  systemd-nspawn
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_NAME = 80
_SHORT_ID = 12

_ID = r"[0-9a-f]{64}"
_SCOPES = re.compile(
    rf"(?:(?P<prefix>docker|libpod|nerdctl|cri-containerd|crio|cri-o)[-:](?P<id>{_ID}))(?:\.scope)?"
)
_BARE_ID = re.compile(_ID)
_POD = re.compile(
    r"(?:kubepods-(?:\w+-)?)?pod(?P<uid>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})"
    r"(?:\.slice)?"
)
_LXC = re.compile(r"lxc\.payload\.(?P<name>[A-Za-z0-9][\w.-]*)")
_NSPAWN = re.compile(r"(?:machine-|systemd-nspawn@)(?P<name>[\w.\\:-]+)\.(?:scope|service)")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_CRI = ":cri-containerd:"
_DEEPEST = 64


class ContainerRuntime(StrEnum):
    """What runs a container; the value is stable for JSON."""

    DOCKER = "docker"
    PODMAN = "podman"
    CONTAINERD = "containerd"
    KUBERNETES = "kubernetes"
    LXC = "lxc"
    NSPAWN = "nspawn"
    WSL = "wsl"
    """A distribution of the Windows Subsystem for Linux."""


_TITLES = {
    ContainerRuntime.DOCKER: "Docker",
    ContainerRuntime.PODMAN: "Podman",
    ContainerRuntime.CONTAINERD: "containerd",
    ContainerRuntime.KUBERNETES: "Kubernetes",
    ContainerRuntime.LXC: "LXC",
    ContainerRuntime.NSPAWN: "systemd-nspawn",
    ContainerRuntime.WSL: "WSL",
}


_STOP_COMMANDS = {
    ContainerRuntime.DOCKER: ("docker", "stop"),
    ContainerRuntime.PODMAN: ("podman", "stop"),
    ContainerRuntime.CONTAINERD: ("nerdctl", "stop"),
    ContainerRuntime.KUBERNETES: ("crictl", "stop"),
    ContainerRuntime.LXC: ("lxc-stop", "--name"),
    ContainerRuntime.NSPAWN: ("machinectl", "terminate"),
    ContainerRuntime.WSL: ("wsl", "--terminate"),
}


@dataclass(frozen=True, slots=True)
class Container:
    """One container. Texts come from the machine and are untrusted.

    ``id`` is the runtime's whole identifier, empty where only a name is known. ``name``, ``image``,
    ``project`` and ``service`` (of Compose), ``restart_policy`` and ``pod`` are empty where the
    runtime was not asked or has none.
    """

    runtime: ContainerRuntime
    id: str = ""
    name: str = ""
    image: str = ""
    project: str = ""
    service: str = ""
    restart_policy: str = ""
    pod: str = ""

    @property
    def label(self) -> str:
        """Return the name, or else the short identifier that the runtime's commands take; inert."""
        return inert(self.name, _LONGEST_NAME) or self.id[:_SHORT_ID] or self.pod

    @property
    def title(self) -> str:
        """Return the name of the runtime as people write it."""
        return _TITLES[self.runtime]


def container_of_cgroups(text: str) -> Container | None:
    """Return the innermost container that /proc/PID/cgroup names; None for a plain process.

    Of a container inside a container the inner one is returned, as that is what a person stops.
    """
    for line in text.splitlines():
        path = line.split(":", 2)[-1]
        if found := _container_of_path(path):
            return found
    return None


def _container_of_path(path: str) -> Container | None:
    parts = path.split("/")[-_DEEPEST:]
    pod = next((_pod_uid(match) for match in _matches(_POD, parts)), "")
    for place in range(len(parts) - 1, -1, -1):
        before = parts[place - 1] if place else ""
        found = _of_engine(parts[place], before, pod) or _of_machine(parts[place], before)
        if found:
            return found
    return None


def _of_engine(part: str, before: str, pod: str) -> Container | None:
    """Return the container of an engine, which goes by its identifier."""
    if match := _SCOPES.fullmatch(part):
        return _of_prefix(match["prefix"], match["id"], pod)
    slice_, colon, identifier = part.rpartition(_CRI)
    if colon and _BARE_ID.fullmatch(identifier):
        return Container(ContainerRuntime.KUBERNETES, identifier, pod=pod or _pod_in(slice_))
    if _BARE_ID.fullmatch(part):
        return _of_folder(before, part, pod)
    return None


def _of_machine(part: str, before: str) -> Container | None:
    """Return a system container, which goes by its name."""
    if match := _LXC.fullmatch(part):
        return Container(ContainerRuntime.LXC, name=match["name"])
    if before == "lxc" and part:
        return Container(ContainerRuntime.LXC, name=part)
    if match := _NSPAWN.fullmatch(part):
        return Container(ContainerRuntime.NSPAWN, name=_unescaped(match["name"]))
    return None


def _matches(pattern: re.Pattern[str], parts: list[str]) -> Iterator[re.Match[str]]:
    return (match for part in reversed(parts) if (match := pattern.fullmatch(part)))


def _pod_in(part: str) -> str:
    match = _POD.search(part)
    return _pod_uid(match) if match else ""


def _pod_uid(match: re.Match[str]) -> str:
    return match["uid"].replace("_", "-")


def _of_prefix(prefix: str, identifier: str, pod: str) -> Container:
    if pod or prefix in {"cri-containerd", "crio", "cri-o"}:
        return Container(ContainerRuntime.KUBERNETES, identifier, pod=pod)
    runtime = {
        "docker": ContainerRuntime.DOCKER,
        "libpod": ContainerRuntime.PODMAN,
        "nerdctl": ContainerRuntime.CONTAINERD,
    }[prefix]
    return Container(runtime, identifier)


def _of_folder(parent: str, identifier: str, pod: str) -> Container:
    if pod:
        return Container(ContainerRuntime.KUBERNETES, identifier, pod=pod)
    runtime = ContainerRuntime.DOCKER if parent == "docker" else ContainerRuntime.CONTAINERD
    return Container(runtime, identifier)


def _unescaped(name: str) -> str:
    """Return a name as it was before systemd-escape(1)."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def stop_command(container: Container) -> list[str]:
    """Return the command that stops a container, as its runtime documents it."""
    which = container.name or container.id[:_SHORT_ID]
    if container.runtime is ContainerRuntime.KUBERNETES:
        which = container.id[:_SHORT_ID]  # crictl knows no names
    return [*_STOP_COMMANDS[container.runtime], which]


def describe_container(container: Container) -> str:
    """Return what a container is called, with its image and project: "Docker container web"."""
    name = _("{runtime} container {name}").format(runtime=container.title, name=container.label)
    if container.runtime is ContainerRuntime.WSL:
        name = _("WSL distribution {name}").format(name=container.label)
    if container.project:
        project = inert(container.project, _LONGEST_NAME)
        return _("{container} (Compose project {project})").format(container=name, project=project)
    if container.pod and container.pod != container.label:
        return _("{container} (pod {pod})").format(
            container=name, pod=inert(container.pod, _LONGEST_NAME)
        )
    return name
