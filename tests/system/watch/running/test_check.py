"""``watch check`` against real servers: states are counted from call to call, and stored."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., tuple[int, Any]]:
    environment = {
        **os.environ,
        "PORTVIEW_CONFIG_DIR": str(tmp_path),
        "PORTVIEW_LOG_DIR": str(tmp_path / "log"),
    }

    def run(rules: str | None = None, *options: str) -> tuple[int, Any]:
        if rules is not None:
            (tmp_path / "watches.toml").write_text(rules, "utf-8")
        command = [sys.executable, "-m", "portview", "watch", "check", "--json", *options]
        done = subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=60
        )
        return done.returncode, json.loads(done.stdout)

    return run


@pytest.fixture
def server() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def rules(port: int, expect: str = "listening", **more: str) -> str:
    keys = {"name": '"shop"', "expect": f'"{expect}"', "port": str(port), **more}
    return "[[watch]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def states(document: Any) -> list[str]:
    return [one["state"] for one in document["watches"]]


def test_no_file_means_no_watches(check: Callable[..., tuple[int, Any]]) -> None:
    assert check() == (0, {"watches": []})


def test_a_server_that_goes_and_comes_back_fires_and_is_resolved(
    check: Callable[..., tuple[int, Any]], server: socket.socket
) -> None:
    port = server.getsockname()[1]
    code, document = check(rules(port, failures="2", successes="2"))
    assert (code, states(document)) == (0, ["ok"])
    server.close()
    code, document = check()
    assert (code, states(document)) == (0, ["pending"])
    code, document = check()
    assert (code, states(document)) == (1, ["firing"])
    incident = document["watches"][0]["incident"]
    assert incident
    with socket.create_server(("127.0.0.1", port)):
        code, document = check()
        assert (code, states(document)) == (1, ["recovering"])
        assert document["watches"][0]["incident"] == incident
        code, document = check()
    assert (code, states(document)) == (0, ["ok"])
    assert document["watches"][0]["incident"] is None


def test_a_name_that_no_server_knows_is_bad_and_nobody_is_told_that_it_is_well(
    check: Callable[..., tuple[int, Any]],
) -> None:
    text = '[[watch]]\nname = "db"\nexpect = "service"\nservice = "no-such-service"\nfailures = 1\n'
    code, document = check(text)
    # Where no service manager runs it can't be determined; where one does there is no such service.
    assert (code, states(document)) in [(0, ["unknown"]), (1, ["firing"])]
    assert check(None, "--strict")[0] == 1


def test_what_was_never_seen_is_not_ok(check: Callable[..., tuple[int, Any]]) -> None:
    text = '[[watch]]\nname = "db"\nexpect = "service"\nservice = "no-such-service"\n'
    assert states(check(text)[1]) == ["pending"]


def test_a_new_listener_is_reported_though_nobody_looked_when_it_came(
    check: Callable[..., tuple[int, Any]], free_port: int, tmp_path: Path
) -> None:
    text = '[[watch]]\nname = "new"\nexpect = "no_new_listeners"\nfailures = 1\nsuccesses = 1\n'
    assert check(text)[0] == 0
    with socket.create_server(("127.0.0.1", free_port)):
        code, document = check()
        assert (code, states(document)) == (1, ["firing"])
    check()
    # Other programs of this machine may have begun to listen as well: they are other incidents.
    with closing(sqlite3.connect(tmp_path / "portview.sqlite3")) as store:
        found = store.execute(
            "SELECT detail, ended_ms FROM incidents WHERE detail LIKE ?", (f"%:{free_port} %",)
        ).fetchall()
    assert [bool(ended) for _detail, ended in found] == [True]


@pytest.fixture
def free_port() -> int:
    # Below the dynamic range, where the port itself is the key.
    for port in range(20_000, 32_000, 7):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    pytest.skip("no port below the dynamic range is free")


def test_a_mistake_in_the_file_is_named_by_line_and_nothing_is_evaluated(
    check: Callable[..., tuple[int, Any]], tmp_path: Path
) -> None:
    wrong = rules(8080, failres="2")
    code, document = check(wrong)
    assert code == 2
    assert "line 5" in document["error"]["message"]
    assert "failures" in document["error"]["message"]
    assert (tmp_path / "watches.toml").read_text("utf-8") == wrong


def test_an_edited_watch_begins_anew_and_its_incident_ends(
    check: Callable[..., tuple[int, Any]], server: socket.socket
) -> None:
    code, _document = check(rules(1, failures="1"))
    assert code == 1
    code, document = check(rules(server.getsockname()[1], failures="1"))
    assert (code, states(document)) == (0, ["ok"])
