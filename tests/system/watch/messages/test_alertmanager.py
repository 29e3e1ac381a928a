"""A real Alertmanager gets an incident, once however often it is sent, and its end."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from portview.watch.messages.alertmanager import alert_object
from portview.watch.store.incident_store import Incident
from tests.conftest import ROOT
from tests.engines import free_port, seeing_its_files, tool, wait_until

pytestmark = pytest.mark.linux_only(reason="the Alertmanager comes from a package of the system")


def alerts(port: int) -> list[dict[str, Any]] | None:
    url = f"http://127.0.0.1:{port}/api/v2/alerts"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: list[dict[str, Any]] = json.loads(answer.read())
    except OSError:
        return None
    return found


def test_the_routes_are_right() -> None:
    routes = ROOT / "resources" / "monitoring" / "alertmanager" / "portview.yml"
    engine = tool("prometheus-alertmanager")
    amtool = shutil.which("amtool") or str(Path(engine).with_name("amtool"))
    assert subprocess.run([amtool, "check-config", routes], check=False).returncode == 0


def test_an_incident_arrives_and_ends(tmp_path: Path) -> None:
    engine, web, port = tool("prometheus-alertmanager"), free_port(), free_port()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "watches.toml").write_text(
        'group_wait = "0s"\nstartup_grace = "0s"\n'
        f'[alertmanager]\nurl = "http://127.0.0.1:{web}"\n'
        f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {port}\n'
        'interval = "1s"\nfailures = 1\nsuccesses = 1\n'
    )
    (tmp_path / "routes.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    with (
        subprocess.Popen(
            [*seeing_its_files(), engine,
             f"--config.file={tmp_path / 'routes.yml'}", "--cluster.listen-address=",
             f"--storage.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{web}",
             "--log.level=error"],
        ) as manager,
        subprocess.Popen([sys.executable, "-m", "portview", "watch", "run"]) as portview,
    ):  # fmt: skip
        try:
            wait_until(lambda: bool(alerts(web)))
            [alert] = alerts(web) or []
            assert alert["labels"]["watch"] == "shop"
            assert alert["labels"]["port"] == str(port)
            assert "pid" not in alert["labels"]
            assert alert["status"]["state"] == "active"
            with socket.create_server(("127.0.0.1", port)):
                # An alert that is over is no longer among the active ones.
                wait_until(lambda: alerts(web) == [])
        finally:
            portview.terminate()
            portview.wait(30)
            manager.kill()


def test_labels_and_beginning_never_change() -> None:
    first = Incident("id", "shop", "s", 80, "tcp", 1000, None, True, (), "gone", "a.exe")
    one, later = alert_object(first, "h", 5000), alert_object(first, "h", 65_000)
    assert one["labels"] == later["labels"]
    assert one["startsAt"] == later["startsAt"]
    assert one["endsAt"] < later["endsAt"]
    set_back = Incident("id", "shop", "s", 80, "tcp", 9000, 500, True, (), "", "")
    over = alert_object(set_back, "h", 5000)
    assert over["endsAt"] == over["startsAt"]
