"""An engine asked over its own socket: names, images, projects, ports; bounded and never needed."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.sockets.socket_row import Protocol
from portview.readers.containers import engine_api
from portview.readers.containers.directory import ContainerDirectory
from portview.readers.containers.engine_api import (
    Engine,
    EngineError,
    list_containers,
    restart_policy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.linux_only("Unix sockets")

WEB_ID, DB_ID = "a1" * 32, "b2" * 32
LISTED = [
    {
        "Id": WEB_ID,
        "Names": ["/shop-web-1"],
        "Image": "nginx:1.27",
        "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"},
        "Ports": [
            {"IP": "127.0.0.1", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
            {"PrivatePort": 443, "Type": "tcp"},
        ],
        "State": "running",
    },
    {"Id": DB_ID, "Names": ["/db"], "Image": "postgres:16", "Labels": None, "Ports": None},
]
INSPECTED = {"Id": WEB_ID, "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}}}


def http(body: str, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n\r\n"
    return (head + body).encode()


@contextmanager
def engine_that_answers(
    folder: Path, answers: dict[str, bytes]
) -> Iterator[tuple[Engine, list[str]]]:
    """Serve recorded answers by path on a Unix socket, and record what is asked."""
    path = folder / "e.sock"
    asked: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    request = client.recv(4096).decode()
                    asked.append(request.partition("\r\n")[0])
                    for target, answer in answers.items():
                        if f" {target} " in request:
                            client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Engine(ContainerRuntime.DOCKER, str(path)), asked
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose path is short enough for a Unix socket."""
    return tmp_path_factory.mktemp("e")


def test_containers_are_listed_with_what_a_person_calls_them(folder: Path) -> None:
    with engine_that_answers(folder, {"/containers/json": http(json.dumps(LISTED))}) as (
        engine,
        asked,
    ):
        web, database = list_containers(engine)
    assert web.container == Container(
        ContainerRuntime.DOCKER, WEB_ID, "shop-web-1", "nginx:1.27", "shop", "web"
    )
    ((protocol, port, _, inner),) = web.ports
    assert (protocol, port, inner) == (Protocol.TCP, 8080, 80)
    assert (database.container.name, database.container.project, database.ports) == ("db", "", ())
    assert asked == ["GET /containers/json HTTP/1.0"]


def test_the_directory_answers_by_identifier_and_by_port(folder: Path) -> None:
    answers = {
        "/containers/json": http(json.dumps(LISTED)),
        f"/containers/{WEB_ID}/json": http(json.dumps(INSPECTED)),
    }
    with engine_that_answers(folder, answers) as (engine, asked):
        directory = ContainerDirectory((engine,))
        named = directory.by_id(Container(ContainerRuntime.DOCKER, WEB_ID))
        assert named.name == "shop-web-1"
        found = directory.by_published_port(Protocol.TCP, 8080)
        assert found is not None
        assert found.id == WEB_ID
        assert directory.by_published_port(Protocol.UDP, 8080) is None
        assert directory.by_published_port(Protocol.TCP, 443) is None
        assert directory.restart_policy(named) == "unless-stopped"
        assert restart_policy(engine, WEB_ID) == "unless-stopped"
    assert {line.split()[0] for line in asked} == {"GET"}
    assert len([line for line in asked if "/containers/json" in line]) == 1


def test_an_engine_that_is_not_there_changes_nothing(folder: Path) -> None:
    plain = Container(ContainerRuntime.PODMAN, WEB_ID)
    directory = ContainerDirectory((Engine(ContainerRuntime.PODMAN, str(folder / "none")),))
    assert directory.by_id(plain) == plain
    assert directory.by_published_port(Protocol.TCP, 80) is None
    assert directory.restart_policy(plain) == ""


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-x\r\n",
    "forbidden": http("{}", "403 Forbidden"),
    "no JSON": http("<html>"),
    "no list": http('{"message": "x"}'),
    "deep": http("[" * 100_000),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_an_answer_that_is_none_is_an_error(folder: Path, answer: bytes) -> None:
    with (
        engine_that_answers(folder, {"/containers/json": answer}) as (engine, _),
        pytest.raises(EngineError),
    ):
        list_containers(engine)


@pytest.mark.parametrize(
    "values",
    [
        [None, 1, "x", {}, {"Id": 3}, {"Id": "../../etc"}],
        [{"Id": WEB_ID, "Names": 3, "Image": [], "Labels": [], "Ports": {"a": 1}}],
        [{"Id": WEB_ID, "Names": [], "Ports": [1, {"Type": "sctp"}, {"Type": "tcp"}]}],
        [{"Id": WEB_ID, "Names": ["/" + "n" * 10_000], "Ports": []}],
    ],
)
def test_parts_of_the_wrong_type_are_left_out(folder: Path, values: Any) -> None:
    with engine_that_answers(folder, {"/containers/json": http(json.dumps(values))}) as (engine, _):
        for listed in list_containers(engine):
            assert listed.container.id == WEB_ID
            assert len(listed.container.name) <= 255
            assert listed.ports == ()


def test_an_engine_that_sends_without_end_is_cut_off(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_api, "MOST_BYTES", 1000)
    answers = {"/containers/json": http("[" + " " * 5000 + "]")}
    with (
        engine_that_answers(folder, answers) as (engine, _),
        pytest.raises(OSError, match="too much"),
    ):
        list_containers(engine)


def test_an_engine_that_stays_silent_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_api, "DEADLINE_S", 0.05)
    path = folder / "silent.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(TimeoutError):
            list_containers(Engine(ContainerRuntime.DOCKER, str(path)))
