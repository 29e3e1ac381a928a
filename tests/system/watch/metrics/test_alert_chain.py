"""From a dead port to a person: PortView, Prometheus, Alertmanager and a receiver, all real."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from portview.override import override
from tests.conftest import ROOT
from tests.engines import free_port, seeing_its_files, tool, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.linux_only(reason="the engines come from packages of the system")
MONITORING = ROOT / "resources" / "monitoring"


class Receiver(BaseHTTPRequestHandler):
    """What a team has at the end of a webhook."""

    received: list[dict[str, Any]]

    def do_POST(self) -> None:
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.extend(document["alerts"])
        self.send_response(200)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def receiving() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    alerts: list[dict[str, Any]] = []
    handler = type("Handler", (Receiver,), {"received": alerts})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1], alerts
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running(command: Sequence[str | Path]) -> Iterator[None]:
    process = subprocess.Popen(command, env={**os.environ, "GOMAXPROCS": "1"})
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.timeout(300)
def test_a_dead_port_reaches_the_receiver_and_so_does_its_end(tmp_path: Path) -> None:
    prometheus, alertmanager = tool("prometheus"), tool("prometheus-alertmanager")
    port, metrics, web, manager = (free_port() for _each in range(4))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "watches.toml").write_text(
        f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {port}\ninterval = "1s"\n'
        "failures = 1\nsuccesses = 1\nretries = 0\n"
    )
    own = [sys.executable, "-m", "portview"]
    with ExitStack() as stack:
        receiver, alerts = stack.enter_context(receiving())
        routes = (MONITORING / "alertmanager" / "portview.yml").read_text()
        assert "http://127.0.0.1:9099/" in routes
        # The sample as it is, but for the receiver and for the time that a test has.
        (tmp_path / "routes.yml").write_text(
            routes.replace("127.0.0.1:9099", f"127.0.0.1:{receiver}")
            .replace("group_wait: 10s", "group_wait: 1s")
            .replace("group_interval: 1m", "group_interval: 1s")
        )
        (tmp_path / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"rule_files: [{MONITORING / 'prometheus' / 'portview.rules.yml'}]\n"
            "alerting: {alertmanagers: [{static_configs: "
            f"[{{targets: ['127.0.0.1:{manager}']}}]}}]}}\n"
            "scrape_configs:\n- job_name: portview\n  static_configs:\n"
            f"  - targets: ['127.0.0.1:{metrics}']\n"
        )
        server = stack.enter_context(socket.create_server(("127.0.0.1", port)))
        stack.enter_context(running([*own, "watch", "run"]))
        stack.enter_context(running([*own, "metrics", "--listen", f"127.0.0.1:{metrics}"]))
        stack.enter_context(
            running(
                [
                    *(*seeing_its_files(), alertmanager),
                    f"--config.file={tmp_path / 'routes.yml'}",
                    f"--storage.path={tmp_path / 'alerts'}",
                    f"--web.listen-address=127.0.0.1:{manager}",
                    "--cluster.listen-address=",
                    "--log.level=error",
                ]
            )
        )
        stack.enter_context(
            running(
                [
                    *(prometheus, f"--config.file={tmp_path / 'prometheus.yml'}"),
                    f"--storage.tsdb.path={tmp_path / 'data'}",
                    f"--web.listen-address=127.0.0.1:{web}",
                    "--log.level=error",
                ]
            )
        )
        server.close()
        wait_until(lambda: of_watch(alerts, "firing"), 110)
        [alert, *_more] = of_watch(alerts, "firing")
        assert alert["labels"]["port"] == str(port)
        assert "shop" in alert["annotations"]["summary"]
        stack.enter_context(socket.create_server(("127.0.0.1", port)))
        wait_until(lambda: of_watch(alerts, "resolved"), 110)


def of_watch(alerts: list[dict[str, Any]], status: str) -> list[dict[str, Any]]:
    return [
        one for one in alerts if one["status"] == status and one["labels"].get("watch") == "shop"
    ]
