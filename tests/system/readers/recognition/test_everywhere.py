"""What a program is stands in every output alike, and a secret of its command line in none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.readers.recognition.started import PORT, SECRET, Started, shown, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.linux_only("a server of the test's own network"),
    pytest.mark.root_only("makes a network of its own"),
    pytest.mark.timeout(240),
]

WHAT = "my-shop · server.py (python)"
WATCHES = f"""
[[watch]]
name = "free"
expect = "free"
port = {PORT}
failures = 1

[[watch]]
name = "held"
expect = "held_by"
port = {PORT}
program = "another"
failures = 1
"""


@pytest.fixture
def server(tmp_path: Path, own_network: None) -> Iterator[int]:
    """Start a server with secrets in its arguments and its environment; yield its PID."""
    folder = tmp_path / "folder" / "shop"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "my-shop"\n')
    (folder / "server.py").write_text("import http.server as s, sys\ns.test(port=int(sys.argv[1]))")
    words = (sys.executable, "server.py", str(PORT), "--api-key", SECRET, f"--password={SECRET}")
    with started(Started(words), folder) as process:
        shown(process, folder)
        yield process.pid


def portview(*arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "portview", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
        timeout=100,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def without_command_lines(value: Any) -> Any:
    """Return a document without its raw command lines, which hold what was typed."""
    if isinstance(value, dict):
        return {k: without_command_lines(v) for k, v in value.items() if k != "command_line"}
    if isinstance(value, list):
        return [without_command_lines(each) for each in value]
    return value


def test_every_output_says_what_it_is_and_none_a_secret(server: int, tmp_path: Path) -> None:
    texts = {
        "what": portview("what", str(PORT)),
        "free": portview("free", str(PORT), "--dry-run"),
        "why": portview("why", str(PORT), code=1),
        "list": portview("list", "--query", f"port:{PORT}"),
    }
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "watches.toml").write_text(WATCHES)
    texts["alerts"] = portview("watch", "check", code=1)
    for name, text in texts.items():
        # A plan has the raw command line of what it would stop.
        assert SECRET not in text or name == "free", name
    for name in ("what", "free", "alerts"):
        assert WHAT in texts[name], name
    documents = [
        json.loads(portview("what", str(PORT), "--json")),
        json.loads(portview("list", "--json", "--query", f"port:{PORT}")),
        json.loads(portview("free", str(PORT), "--dry-run", "--json")),
        json.loads(portview("watch", "check", "--json", code=1)),
    ]
    for document in documents:
        shorter = json.dumps(without_command_lines(document), ensure_ascii=False)
        assert SECRET not in shorter
        assert WHAT in shorter
    assert str(server) in texts["alerts"]


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("what:server.py", True),
        ("what:vite", False),
        ("project:my-shop", True),
        ("project:other", False),
        ("-project:my-shop", False),
        ("container:web", False),
        ("-container:web what:python", True),
        ('what:"my-shop · server"', True),
        (f"what:{SECRET}", False),
    ],
)
@pytest.mark.usefixtures("server")
def test_filter_keys(query: str, is_found: bool) -> None:
    words = ("list", "--json", "--query", f"{query} state:listen")
    document = json.loads(portview(*words, code=0 if is_found else 1))
    assert any(each["local_port"] == PORT for each in document["sockets"]) is is_found
