"""An engine asked over a named pipe, as Docker Desktop and Podman offer one on Windows."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from portview.domain.owners.container import ContainerRuntime
from portview.readers.containers import engine_api
from portview.readers.containers.engine_api import Engine, list_containers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if sys.platform == "win32":
    import _winapi

pytestmark = pytest.mark.windows_only("named pipes")

PIPE_ACCESS_DUPLEX = 3
BUFFER = 65536
ID = "a1" * 32
ANSWER = (
    b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
    b'[{"Id": "' + ID.encode() + b'", "Names": ["/web"], "Ports": []}]'
)


@pytest.fixture
def serve() -> Iterator[Callable[[bytes], Engine]]:
    """Answer one request on a pipe of the test's own, then close it."""
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> Engine:
        name = rf"\\.\pipe\portview-test-{os.getpid()}-{len(threads)}"
        pipe = _winapi.CreateNamedPipe(name, PIPE_ACCESS_DUPLEX, 0, 1, BUFFER, BUFFER, 0, 0)

        def work() -> None:
            _winapi.ConnectNamedPipe(pipe, overlapped=False)
            _winapi.ReadFile(pipe, BUFFER)
            if answer:
                _winapi.WriteFile(pipe, answer)
            _winapi.CloseHandle(pipe)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return Engine(ContainerRuntime.DOCKER, name)

    yield start
    for thread in threads:
        thread.join(10)


def test_containers_are_listed_over_a_pipe(serve: Callable[[bytes], Engine]) -> None:
    (web,) = list_containers(serve(ANSWER))
    assert (web.container.id, web.container.name) == (ID, "web")


def test_a_pipe_that_is_no_engine_is_an_error(serve: Callable[[bytes], Engine]) -> None:
    with pytest.raises(engine_api.EngineError):
        list_containers(serve(b""))


def test_a_pipe_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match=r"."):
        list_containers(Engine(ContainerRuntime.DOCKER, r"\\.\pipe\portview-test-none"))
