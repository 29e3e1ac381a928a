"""What a round finds stands in the log, as JSON where that is asked for."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def check() -> int:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "watch", "check"], check=False, capture_output=True
    )
    return done.returncode


def test_transitions_are_documents_from_the_first_line_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "watches.toml").write_text(
        f'log_format = "json"\n[[watch]]\nname = "shop"\nexpect = "listening"\nport = {port}\n'
        "failures = 1\nsuccesses = 1\n"
    )
    assert check() == 1
    with socket.create_server(("127.0.0.1", port)):
        assert check() == 0
    lines = (tmp_path / "log" / "portview.log").read_text().splitlines()
    documents = [json.loads(line) for line in lines]
    told = [
        (one["event.action"], one["rule.name"], one["destination.port"])
        for one in documents
        if "event.action" in one
    ]
    assert told == [("firing", "shop", port), ("resolved", "shop", port)]
    assert all("shop" in one["message"] for one in documents if "event.action" in one)
