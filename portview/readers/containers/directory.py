"""The running containers of this machine, by identifier and by published port."""

from __future__ import annotations

import logging
import os
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.owners.container import Container, ContainerRuntime
from portview.readers.containers.engine_api import Engine, list_containers, restart_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.sockets.socket_row import Protocol
    from portview.readers.containers.engine_api import ListedContainer

logger = logging.getLogger(__name__)

_FRESH_S = 3.0
"""How long a list is good for a container that is in it."""
_PAUSE_AFTER_FAILURE_S = 30.0
_MOST_ENGINES = 8
_LONGEST_ASKING_S = 2.0
_DOCKER_HOST = "DOCKER_HOST"
_PIPES = {
    r"\\.\pipe\docker_engine": ContainerRuntime.DOCKER,
    r"\\.\pipe\dockerDesktopLinuxEngine": ContainerRuntime.DOCKER,
    r"\\.\pipe\podman-machine-default": ContainerRuntime.PODMAN,
}


class ContainerDirectory:
    """Knows the containers of every engine that answers here. One thread at a time.

    An engine that doesn't answer is left alone for a while. Nothing depends on an answer.
    """

    def __init__(self, engines: tuple[Engine, ...] | None = None) -> None:
        """Ask nobody yet. ``engines`` are those to ask; None: those that are found here."""
        self._engines = engines
        self._listed: list[tuple[Engine, ListedContainer]] = []
        self._listed_at = float("-inf")
        self._silent: dict[Engine, float] = {}

    def by_id(self, container: Container) -> Container:
        """Return a container with everything that its runtime reports, or as it is."""
        for _, listed in self._fresh(container.id):
            if container.id and listed.container.id == container.id:
                # Whose engine it is, the control group knows better than a path does.
                return replace(listed.container, runtime=container.runtime)
        return container

    def by_published_port(self, protocol: Protocol, port: int) -> Container | None:
        """Return the container that publishes a port of this host; None if none or several do."""
        return self.published_ports().get((protocol, port))

    def published_ports(self) -> dict[tuple[str, int], Container]:
        """Return the container behind each published port; none for a port of several."""
        found: dict[tuple[str, int], set[Container]] = {}
        for _, listed in self._fresh():
            for one in listed.ports:
                found.setdefault((one.protocol, one.port), set()).add(listed.container)
        return {port: one.pop() for port, one in found.items() if len(one) == 1}

    def restart_policy(self, container: Container) -> str:
        """Return by which policy the runtime starts a container again, empty where not reported."""
        for engine, listed in self._fresh(container.id):
            if listed.container.id == container.id:
                try:
                    return restart_policy(engine, container.id)
                except OSError as error:
                    logger.info("%s: %r", engine.path, error)
        return ""

    def _fresh(self, identifier: str = "") -> list[tuple[Engine, ListedContainer]]:
        now = time.monotonic()
        is_known = any(listed.container.id == identifier for _, listed in self._listed)
        lasts_s = _FRESH_S if is_known or not identifier else _FRESH_S / 10
        if now - self._listed_at > lasts_s:
            self._list(now)
        return self._listed

    def _list(self, now: float) -> None:
        self._listed = []
        engines = find_engines() if self._engines is None else self._engines
        for engine in engines[:_MOST_ENGINES]:
            if now < self._silent.get(engine, now) or time.monotonic() - now > _LONGEST_ASKING_S:
                continue
            try:
                self._listed += [(engine, listed) for listed in list_containers(engine)]
                self._silent.pop(engine, None)
            except OSError as error:
                # Not installed, not running, or not for this user: the usual case.
                logger.debug("%s: %r", engine.path, error)
                self._silent[engine] = now + _PAUSE_AFTER_FAILURE_S
        self._listed_at = time.monotonic()


def find_engines() -> tuple[Engine, ...]:
    """Return the engines that this user may ask here, each once."""
    return tuple(dict.fromkeys(_pipes() if sys.platform == "win32" else _unix_sockets()))


def _pipes() -> Iterator[Engine]:
    wanted = os.environ.get(_DOCKER_HOST, "")
    if wanted.startswith("npipe://"):
        path = wanted.removeprefix("npipe://").replace("/", "\\")
        yield Engine(ContainerRuntime.DOCKER, path)
    try:
        existing = {name.lower() for name in os.listdir(r"\\.\pipe")}  # noqa: PTH208 - no folder
    except OSError:
        existing = set()
    for path, runtime in _PIPES.items():
        if path.rpartition("\\")[2].lower() in existing:
            yield Engine(runtime, path)


def _unix_sockets() -> Iterator[Engine]:
    if sys.platform == "win32":
        return
    wanted = os.environ.get(_DOCKER_HOST, "")
    if wanted.startswith("unix://"):
        is_podman = "podman" in wanted.rpartition("/")[2]
        runtime = ContainerRuntime.PODMAN if is_podman else ContainerRuntime.DOCKER
        yield from _socket_at(runtime, Path(wanted.removeprefix("unix://")))
    yield from _socket_at(ContainerRuntime.DOCKER, Path("/var/run/docker.sock"))
    yield from _socket_at(ContainerRuntime.PODMAN, Path("/run/podman/podman.sock"))
    own = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}"
    folders = [Path(own)]
    if os.geteuid() == 0:
        folders += sorted(Path("/run/user").glob("[0-9]*"))[:_MOST_ENGINES]
    for folder in folders:
        yield from _socket_at(ContainerRuntime.DOCKER, folder / "docker.sock")
        yield from _socket_at(ContainerRuntime.PODMAN, folder / "podman" / "podman.sock")
    home = Path.home() / ".docker"
    for inner in ("run/docker.sock", "desktop/docker.sock"):
        yield from _socket_at(ContainerRuntime.DOCKER, home / inner)


def _socket_at(runtime: ContainerRuntime, path: Path) -> Iterator[Engine]:
    try:
        real = path.resolve(strict=True)
        if stat.S_ISSOCK(real.stat().st_mode):
            yield Engine(runtime, str(real))
    except (OSError, RuntimeError):
        return
