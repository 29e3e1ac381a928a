"""Real receivers of messages, and `watch run` as a process of its own."""

from __future__ import annotations

import email
import email.policy
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 60


class Inbox:
    """What arrived; waits until something does."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.messages: list[dict[str, Any]] = []
        self.requests = 0
        self.status = 200

    def put(self, message: dict[str, Any] | None) -> None:
        with self._changed:
            self.requests += 1
            if message is not None:
                self.messages.append(message)
            self._changed.notify_all()

    def wait_for(self, is_there: Callable[[Inbox], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: is_there(self), PATIENCE_S), self.messages

    def wait_for_types(self, *types: str) -> list[dict[str, Any]]:
        self.wait_for(lambda inbox: len(inbox.messages) >= len(types))
        assert [one["type"] for one in self.messages] == list(types)
        return self.messages


class _WebHandler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        inbox: Inbox = self.server.inbox  # type: ignore[attr-defined]
        content = self.rfile.read(int(self.headers["Content-Length"]))
        status = inbox.status
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        inbox.put(json.loads(content) if status == 200 else None)

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[tuple[Inbox, str]]:
    """An HTTP receiver, and its Apprise URL with a secret in its path."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _WebHandler) as server:
        server.inbox = Inbox()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.inbox, f"json://127.0.0.1:{server.server_port}/topsecret"  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


class _MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs to hand over a message."""

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self._say("250 test")
            elif verb == b"DATA":
                self._say("354 continue")
                self._take()
            elif verb == b"QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b"."))
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        body = message.get_body(("plain", "html"))
        assert body is not None
        self.server.inbox.put({"title": message["Subject"], "message": body.get_content()})  # type: ignore[attr-defined]
        self._say("250 taken")

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@pytest.fixture
def mail() -> Iterator[tuple[Inbox, str]]:
    """An SMTP server, and its Apprise URL."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _MailHandler) as server:
        server.inbox = Inbox()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        port = server.server_address[1]
        yield (
            server.inbox,  # type: ignore[attr-defined]
            f"mailto://127.0.0.1:{port}?smtp=127.0.0.1&from=pv@example.com&to=ops@example.com",
        )
        server.shutdown()
        thread.join()


@dataclass
class Watching:
    """A settings' folder with watches.toml, and processes that look at it."""

    folder: Path
    lines: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PORTVIEW_CONFIG_DIR": str(self.folder),
            "PORTVIEW_LOG_DIR": str(self.folder / "log"),
            "PYTHONIOENCODING": "utf-8",
        }

    def write(self, rules: str) -> None:
        (self.folder / "watches.toml").write_text(rules, "utf-8")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "portview", "watch", *arguments],
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=PATIENCE_S,
        )

    def check(self) -> tuple[int, list[dict[str, Any]]]:
        done = self.command("check", "--json")
        return done.returncode, json.loads(done.stdout)["watches"]

    @contextmanager
    def running(self) -> Iterator[Run]:
        """Have `watch run` continue for the block, and end it in good order."""
        process = subprocess.Popen(
            [sys.executable, "-m", "portview", "watch", "run"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        run = Run(process)
        try:
            yield run
        finally:
            if process.poll() is None:
                process.terminate()
            run.rest = process.communicate(timeout=PATIENCE_S)[0]


@dataclass
class Run:
    """One `watch run`."""

    process: subprocess.Popen[str]
    rest: str = ""

    def wait_for_line(self, *words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if all(word in line for word in words):
                return line
        raise AssertionError(words)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        self.process.wait(PATIENCE_S)


@pytest.fixture
def watching(tmp_path: Path) -> Watching:
    return Watching(tmp_path)
