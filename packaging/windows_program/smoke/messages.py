"""Messages of watches, sent by the built program: Apprise's plug-ins and the system's keyring."""

from __future__ import annotations

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

from windows_program.smoke.console import document
from windows_program.smoke.findings import expect, told

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE_S: Final = 180
_NAME: Final = "PortView smoke test"


def check_messages(program: Path, environment: Mapping[str, str]) -> None:
    """Send a test message to a server of our own, and look for a secret that is not there."""
    received: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    folder = Path(environment["PORTVIEW_CONFIG_DIR"])
    folder.mkdir(parents=True, exist_ok=True)
    watches = folder / "watches.toml"
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"json://127.0.0.1:{server.server_port}/x"
        watches.write_text(
            f'[[channel]]\nname = "ops"\nurl = "{url}"\n'
            f'[[channel]]\nname = "secret"\nurl = "keyring:{_NAME}"\n',
            "utf-8",
        )
        try:
            document(program, ["watch", "test-channel", "ops"], environment)
            said = _failing(program, ["watch", "test-channel", "secret"], environment)
        finally:
            server.shutdown()
            thread.join()
            watches.unlink()
    expect(len(received) == 1, f"a test message was to arrive, and {len(received)} did")
    told("a test message of a channel arrived")
    expect(_NAME in said, f"the keyring can't be asked: {said}")
    told("the system's keyring was asked for a secret that it lacks")


def _failing(program: Path, arguments: list[str], environment: Mapping[str, str]) -> str:
    """Return the error that a command tells, which has to end with exit code 1."""
    done = subprocess.run(
        [program, *arguments, "--json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_S,
        env=dict(environment),
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")
    expect(done.returncode == 1, f"{' '.join(arguments)} ended with {done.returncode}: {output}")
    return output
