"""Windows for asking ports, on a real pool, and servers for them to ask."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QMainWindow

from portview.app import read_rows_once
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.port_names import read_port_names
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.settings import Settings
from portview.ui.probing.probing_tools import ProbingSources, ProbingTools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "config" / "settings.json")


@pytest.fixture
def tools(qtbot: QtBot, runner: TaskRunner, settings: Settings) -> Iterator[ProbingTools]:
    window = QMainWindow()
    names = read_port_names("22\ttcp\tssh\tx\n80\ttcp\thttp\tx\n")
    made = ProbingTools(window, runner, settings, ProbingSources(read_rows_once, list, names))
    window.statusBar().addPermanentWidget(made.waits)
    window.show()
    yield made
    made.close()
    window.close()
    window.deleteLater()


@pytest.fixture
def listener() -> Iterator[Callable[..., int]]:
    """Give a function that listens on loopback, where the kernel alone answers."""
    with ExitStack() as stack:

        def start(address: str = "127.0.0.1") -> int:
            server = stack.enter_context(socket.create_server((address, 0), backlog=50))
            return int(server.getsockname()[1])

        yield start


@pytest.fixture
def silent_udp() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield int(server.getsockname()[1])


@pytest.fixture
def free_port() -> int:
    """Give a port that was free a moment ago."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


@pytest.fixture
def entry() -> Callable[..., SocketEntry]:
    """Give a function that makes an entry of the table."""

    def make(
        port: int,
        remote: Endpoint | None = None,
        state: State | None = State.LISTEN,
        protocol: Protocol = Protocol.TCP,
    ) -> SocketEntry:
        local = Endpoint("127.0.0.1", port)
        key = SocketKey(protocol, Family.IPV4, local, remote, None, 1)
        return SocketEntry(SocketRow(key, state, None), None, "")

    return make
