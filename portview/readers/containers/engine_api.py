"""The Docker Engine API, which Podman speaks as well: two GET requests, bounded in time and bytes.

https://docs.docker.com/reference/api/engine/ (ContainerList, ContainerInspect); Podman's is the
compatible part of https://docs.podman.io/en/latest/_static/api.html. Nothing is ever changed.
"""

from __future__ import annotations

import io
import json
import re
import socket
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE_S = 1.0
MOST_BYTES = 8 << 20
_MOST_CONTAINERS = 2000
_MOST_PORTS = 256
_PIECE_BYTES = 1 << 16
_LONGEST_TEXT = 255
_ID = re.compile(r"[0-9a-f]{64}")
_LIST = "/containers/json"
_COMPOSE_PROJECTS = ("com.docker.compose.project", "io.podman.compose.project")
_COMPOSE_SERVICES = ("com.docker.compose.service", "io.podman.compose.service")


class PublishedPort(NamedTuple):
    """A port of the host that leads into a container."""

    protocol: Protocol
    port: int
    address: str
    inner_port: int


class ListedContainer(NamedTuple):
    """A running container and the ports that it publishes."""

    container: Container
    ports: tuple[PublishedPort, ...] = ()


class EngineError(OSError):
    """An engine that doesn't answer, or not as the API says."""


class Engine(NamedTuple):
    """Where an engine is reached: a Unix socket's path or a named pipe's name."""

    runtime: ContainerRuntime
    path: str


def list_containers(engine: Engine) -> tuple[ListedContainer, ...]:
    """Return the running containers of an engine. Raises OSError. Blocks for a second at most."""
    answer = _get(engine, _LIST)
    if not isinstance(answer, list):
        raise EngineError(_("{path}: the list of containers is invalid").format(path=engine.path))
    return tuple(_listed(engine.runtime, answer))


def restart_policy(engine: Engine, identifier: str) -> str:
    """Return the restart policy of a container ("always", "no", ...). Raises OSError."""
    if not _ID.fullmatch(identifier):
        raise EngineError(_("the ID of a container is invalid"))
    answer = _get(engine, f"/containers/{identifier}/json")
    host = answer.get("HostConfig") if isinstance(answer, dict) else None
    policy = host.get("RestartPolicy") if isinstance(host, dict) else None
    return _text(policy.get("Name")) if isinstance(policy, dict) else ""


def _get(engine: Engine, path: str) -> Any:
    # HTTP/1.0: the answer ends with the connection and is not sent in chunks.
    # untranslated: a request of HTTP/1.0
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
    answer = _exchange(engine.path, request.encode("ascii"))
    status, body = _parse(answer)
    if status != 200:  # noqa: PLR2004 - OK
        raise EngineError(_("{path} answered {status}").format(path=engine.path, status=status))
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EngineError(_("{path} sent no JSON").format(path=engine.path)) from error


def _exchange(path: str, request: bytes) -> bytes:
    if sys.platform == "win32":
        from portview.readers.containers.named_pipe import exchange  # noqa: PLC0415 - Windows only

        return exchange(path, request, DEADLINE_S, MOST_BYTES)
    deadline = time.monotonic() + DEADLINE_S
    answer = bytearray()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
        engine.settimeout(DEADLINE_S)
        engine.connect(path)
        engine.sendall(request)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or len(answer) > MOST_BYTES:
                raise EngineError(_("{path} sends too much, or too slowly").format(path=path))
            engine.settimeout(left)
            piece = engine.recv(_PIECE_BYTES)
            if not piece:
                return bytes(answer)
            answer += piece


class _Received:
    """An answer that arrived whole, in the shape of a socket."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._answer)


def _parse(answer: bytes) -> tuple[int, bytes]:
    import http.client  # noqa: PLC0415 - only where there is an engine

    response = http.client.HTTPResponse(_Received(answer))  # type: ignore[arg-type]
    try:
        response.begin()
        return response.status, response.read()
    except (http.client.HTTPException, ValueError) as error:
        raise EngineError(_("it doesn't speak HTTP")) from error


def _listed(runtime: ContainerRuntime, answer: list[Any]) -> Iterator[ListedContainer]:
    for values in answer[:_MOST_CONTAINERS]:
        if not isinstance(values, dict) or not _ID.fullmatch(_text(values.get("Id"))):
            continue
        names = values.get("Names")
        name = _text(names[0]).removeprefix("/") if isinstance(names, list) and names else ""
        labels = values.get("Labels")
        labels = labels if isinstance(labels, dict) else {}
        container = Container(
            runtime,
            _text(values["Id"]),
            name,
            _text(values.get("Image")),
            _first(labels, _COMPOSE_PROJECTS),
            _first(labels, _COMPOSE_SERVICES),
        )
        ports = values.get("Ports")
        yield ListedContainer(container, tuple(_ports(ports if isinstance(ports, list) else [])))


def _ports(values: list[Any]) -> Iterator[PublishedPort]:
    for port in values[:_MOST_PORTS]:
        if not isinstance(port, dict) or port.get("Type") not in set(Protocol):
            continue
        public, private = port.get("PublicPort"), port.get("PrivatePort")
        if isinstance(public, int) and isinstance(private, int):
            yield PublishedPort(Protocol(port["Type"]), public, _text(port.get("IP")), private)


def _first(labels: dict[Any, Any], keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := _text(labels.get(key)))), "")


def _text(value: object) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""
