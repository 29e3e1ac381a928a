"""A window shows what a service found, from a store in which it may write nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

from portview.engine.service_feed import ServiceFeed

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.watch.messages.texts import Message
    from portview.watch.running.status import WatchStatus

_PATIENCE_MS = 60_000


def test_states_and_messages_of_the_service_arrive(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    server = socket.create_server(("127.0.0.1", 0))
    (folder / "watches.toml").write_text(
        'startup_grace = "0s"\n[[watch]]\nname = "shop"\nexpect = "listening"\n'
        f'port = {server.getsockname()[1]}\ninterval = "1s"\nfailures = 1\nretries = 0\n'
    )
    states: list[str] = []
    titles: list[str] = []
    feed = ServiceFeed(folder)

    def on_statuses(statuses: list[WatchStatus]) -> None:
        states.extend(one.state for one in statuses)

    def on_messages(messages: list[Message]) -> None:
        titles.extend(one.title for one in messages)

    feed.statuses_changed.connect(on_statuses)
    feed.messages_came.connect(on_messages)
    feed.start()
    with subprocess.Popen(
        [sys.executable, "-m", "portview", "watch", "run"],
        env={**os.environ, "PORTVIEW_CONFIG_DIR": str(folder), "PORTVIEW_LOG_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
    ) as service:
        try:
            qtbot.waitUntil(lambda: "ok" in states, timeout=_PATIENCE_MS)
            server.close()
            qtbot.waitUntil(lambda: "firing" in states and bool(titles), timeout=_PATIENCE_MS)
        finally:
            server.close()
            service.terminate()
            feed.stop()
    assert "shop" in titles[0]
    assert feed.has_rules(folder / "watches.toml")
