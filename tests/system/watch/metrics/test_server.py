"""Metrics as the real Prometheus reads them, and a server that lets nobody in it should not."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from portview.files import write_whole
from portview.watch.incidents.machine import Condition, WatchState
from portview.watch.metrics.exposition import exposition
from portview.watch.metrics.readings import take_readings
from portview.watch.metrics.server import MetricsServer, ServerOptions
from portview.watch.running.lock import EvaluationLock
from portview.watch.store.incident_store import IncidentStore, StoredState
from tests.conftest import ROOT
from tests.engines import tool, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MONITORING = ROOT / "resources" / "monitoring"
_HTTP_200 = 200


def watched(tmp_path: Path, count: int, state: Condition = Condition.OK) -> None:
    folder = tmp_path / "config"
    folder.mkdir(exist_ok=True)
    lines = [
        f'[[watch]]\nname = "w{n} \\"quoted\\" \\\\ é"\nexpect = "listening"\nport = {n + 1}\n'
        for n in range(count)
    ]
    (folder / "watches.toml").write_text("".join(lines), encoding="utf-8")
    now = time.time_ns() // 1_000_000
    with closing(IncidentStore.open()) as store, store.transaction():
        store.put_states(
            StoredState(
                f'w{n} "quoted" \\ é', "", "", WatchState(state, since_ms=now), "", "", "", now, ""
            )
            for n in range(count)
        )


def series(text: bytes) -> list[str]:
    return [line for line in text.decode().splitlines() if line and not line.startswith("#")]


def test_promtool_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    watched(tmp_path, 3)
    text = exposition(take_readings(), with_listeners=True)
    done = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_promtool_accepts_the_rules() -> None:
    rules = MONITORING / "prometheus" / "portview.rules.yml"
    done = subprocess.run([tool("promtool"), "check", "rules", rules], check=False)
    assert done.returncode == 0


def test_rules_and_dashboard_name_only_metrics_that_there_are(tmp_path: Path) -> None:
    import re  # noqa: PLC0415 - one call

    watched(tmp_path, 1)
    there = {line.split()[2] for line in exposition(take_readings()).decode().splitlines()
             if line.startswith("# TYPE")}  # fmt: skip
    for path in (MONITORING / "prometheus" / "portview.rules.yml",
                 MONITORING / "grafana" / "portview.json"):  # fmt: skip
        named = set(re.findall(r"\bportview_[a-z_]+\b", path.read_text(encoding="utf-8")))
        assert named
        assert named <= there, path
    json.loads((MONITORING / "grafana" / "portview.json").read_text(encoding="utf-8"))


def test_series_are_bounded_whatever_is_watched(tmp_path: Path) -> None:
    watched(tmp_path, 1000)
    text = exposition(take_readings())
    assert len(series(text)) <= 400
    dropped = [line for line in series(text) if line.startswith("portview_series_dropped")]
    assert float(dropped[0].split()[-1]) == 1000 - 160


def test_listeners_cost_no_series_of_their_own() -> None:
    before = len(series(exposition(take_readings())))
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(300)]
    try:
        readings = take_readings()
        assert len(series(exposition(readings))) - before <= 40
        assert readings.listeners is not None
        assert readings.listeners[("tcp", "loopback")] >= 300
    finally:
        for one in opened:
            one.close()


@pytest.mark.parametrize(
    ("state", "number"), [(Condition.OK, 0), (Condition.PENDING, 1), (Condition.FIRING, 2)]
)
def test_a_stored_state_is_a_number(tmp_path: Path, state: Condition, number: int) -> None:
    watched(tmp_path, 1, state)
    [line] = [
        line
        for line in series(exposition(take_readings()))
        if line.startswith("portview_watch_state{")
    ]
    assert line.endswith(f" {number}.0")
    assert 'port="1"' in line
    assert 'proto="tcp"' in line


def test_what_nobody_evaluates_any_more_is_unknown_and_not_well(tmp_path: Path) -> None:
    watched(tmp_path, 1)
    with closing(IncidentStore.open()) as store:
        store.connection.execute("UPDATE watch_states SET checked_ms = 5")
    assert take_readings().watches[0].state == "unknown"
    lock = EvaluationLock()
    assert lock.acquire()
    assert take_readings().watches[0].state == "ok"
    lock.release()


@contextmanager
def serving(options: ServerOptions | None = None) -> Iterator[str]:
    server = MetricsServer(
        ("127.0.0.1", 0), lambda: exposition(take_readings()), options or ServerOptions()
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(url: str, token: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url)  # noqa: S310 - a server of this test
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_only_the_metrics_are_served_and_only_with_the_token() -> None:
    with serving() as url:
        assert ask(f"{url}/metrics")[0] == _HTTP_200
        assert ask(f"{url}/etc/passwd")[0] == 404
    with serving(ServerOptions("s3cret")) as url:
        assert ask(f"{url}/metrics")[0] == 401
        assert ask(f"{url}/metrics", "wrong")[0] == 401
        assert ask(f"{url}/metrics", "s3cret")[0] == _HTTP_200


def test_who_takes_gzip_gets_it() -> None:
    with serving() as url:
        request = urllib.request.Request(  # noqa: S310 - a server of this test
            f"{url}/metrics", headers={"Accept-Encoding": "gzip"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - likewise
            assert answer.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(answer.read()).startswith(b"# HELP portview_up")


def test_a_client_that_says_nothing_delays_nobody() -> None:
    with serving() as url:
        port = int(url.rpartition(":")[2])
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        assert ask(f"{url}/metrics")[0] == _HTTP_200
        for one in silent:
            one.close()


def portview(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portview", "metrics", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_another_address_than_loopback_needs_to_be_meant() -> None:
    refused = portview("--listen", "0.0.0.0:9188")
    assert refused.returncode == 2
    assert "--allow-remote" in refused.stderr


def test_a_textfile_is_whole_and_readable_for_the_exporter(tmp_path: Path) -> None:
    path = tmp_path / "portview.prom"
    assert portview("--textfile", str(path)).returncode == 0
    assert path.read_bytes().endswith(b"\n")
    assert list(tmp_path.glob("*.prom*")) == [path]
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o644
    assert portview("--textfile", str(tmp_path / "portview.txt")).returncode == 2
    write_whole(path, b"private")
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.linux_only(reason="Prometheus comes from a package of the system")
def test_a_real_prometheus_scrapes_and_its_alert_begins_and_ends(tmp_path: Path) -> None:
    program = tool("prometheus")
    watched(tmp_path, 1, Condition.FIRING)
    with serving() as url, socket.create_server(("127.0.0.1", 0)) as held:
        web = held.getsockname()[1]
        held.close()
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            f"rule_files: [{MONITORING / 'prometheus' / 'portview.rules.yml'}]\n"
            "scrape_configs:\n- job_name: portview\n  static_configs:\n"
            f"  - targets: ['{url.removeprefix('http://')}']\n"
        )
        with subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}",
             f"--web.listen-address=127.0.0.1:{web}", "--log.level=error"],
            env={**os.environ, "GOMAXPROCS": "1"},
        ) as engine:  # fmt: skip
            try:
                alerts = f"http://127.0.0.1:{web}/api/v1/alerts"
                wait_until(lambda: firing(alerts) == ["PortViewWatchFiring"])
                watched(tmp_path, 1, Condition.OK)
                wait_until(lambda: firing(alerts) == [])
            finally:
                engine.kill()


def firing(url: str) -> list[str] | None:
    try:
        code, body = ask(url)
    except OSError:
        return None
    if code != _HTTP_200:
        return None
    found = json.loads(body)["data"]["alerts"]
    return [one["labels"]["alertname"] for one in found if one["state"] == "firing"]
