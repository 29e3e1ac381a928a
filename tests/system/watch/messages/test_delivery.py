"""Servers that go and come back lead to the right messages at real receivers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "topsecret"  # noqa: S105 - what must be found nowhere


def channel(name: str, url: str) -> str:
    return f'[[channel]]\nname = "{name}"\nurl = "{url}"\n'


def watch(name: str, port: int, *channels: str, **more: str) -> str:
    keys = {
        "name": f'"{name}"',
        "expect": '"listening"',
        "port": str(port),
        "interval": '"1s"',
        "failures": "1",
        "successes": "1",
        "notify": str(list(channels)).replace("'", '"'),
        **more,
    }
    return "[[watch]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


FAST = 'group_wait = "0s"\nstartup_grace = "0s"\n'


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_a_server_that_goes_and_comes_back(
    watching: Any, web: Any, mail: Any, server: socket.socket
) -> None:
    port = server.getsockname()[1]
    hooks, mails = web[0], mail[0]
    rules = watch("shop", port, "hook", "mail") + channel("hook", web[1]) + channel("mail", mail[1])
    watching.write(FAST + rules)
    with watching.running() as run:
        server.close()
        run.wait_for_line("shop", "firing")
        (fired,) = hooks.wait_for_types("failure")
        incident = fired["message"].rpartition(": ")[2].strip()
        assert "shop" in fired["title"]
        assert f"Port {port}" in fired["message"]
        assert "Diagnosis" in fired["message"]
        with socket.create_server(("127.0.0.1", port)):
            run.wait_for_line("shop", "resolved")
            _fired, resolved = hooks.wait_for_types("failure", "success")
            assert incident in resolved["message"]
            mails.wait_for(lambda inbox: len(inbox.messages) >= 2)
    assert all(incident in one["message"] for one in mails.messages)
    # Windows has no gentle way to end a program without a window.
    assert run.process.returncode == 0 or sys.platform == "win32"
    assert_kept_secret(watching.folder, run.rest)


def assert_kept_secret(folder: Path, *texts: str) -> None:
    log = folder / "log" / "portview.log"
    written = [log.read_text("utf-8")] if log.exists() else []
    assert SECRET not in "".join((*texts, *written))
    # Nor does the store know it.
    for kept in folder.glob("portview.sqlite3*"):
        assert SECRET.encode() not in kept.read_bytes()


def test_a_burst_of_twenty_ports_is_one_message(watching: Any, web: Any) -> None:
    inbox, url = web
    servers = [socket.create_server(("127.0.0.1", 0)) for _each in range(20)]
    rules = "".join(
        watch(f"port-{number}", one.getsockname()[1], "hook") for number, one in enumerate(servers)
    )
    watching.write('group_wait = "3s"\nstartup_grace = "0s"\n' + rules + channel("hook", url))
    assert watching.check()[0] == 0
    for one in servers:
        one.close()
    with watching.running():
        (only,) = inbox.wait_for_types("failure")
    assert "20 watches" in only["title"]
    assert all(f"port-{number}" in only["message"] for number in range(20))


def test_a_channel_that_fails_is_tried_again_and_nothing_is_lost(
    watching: Any, web: Any, server: socket.socket
) -> None:
    inbox, url = web
    inbox.status = 500
    watching.write(FAST + watch("shop", server.getsockname()[1], "hook") + channel("hook", url))
    with watching.running() as run:
        server.close()
        run.wait_for_line("shop", "firing")
        inbox.wait_for(lambda one: one.requests >= 2)
        assert inbox.requests < 10
        inbox.status = 200
        (fired,) = inbox.wait_for_types("failure")
    assert "shop" in fired["message"]


def test_a_channel_that_hangs_keeps_no_other_waiting(
    watching: Any, web: Any, server: socket.socket
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"json://127.0.0.1:{silent.getsockname()[1]}/"
        rules = watch("shop", server.getsockname()[1], "slow", "hook")
        watching.write(FAST + rules + channel("slow", hanging) + channel("hook", web[1]))
        with watching.running():
            server.close()
            web[0].wait_for_types("failure")


def test_killed_again_and_again_it_tells_the_beginning_and_the_end_once(
    watching: Any, web: Any, server: socket.socket
) -> None:
    inbox, url = web
    port = server.getsockname()[1]
    watching.write(FAST + watch("shop", port, "hook") + channel("hook", url))
    with watching.running() as run:
        server.close()
        run.wait_for_line("firing")
        inbox.wait_for_types("failure")
        run.kill()
    for _each in range(3):
        with watching.running() as run:
            threading.Timer(0.7, run.kill).start()
            run.process.wait(60)
    with socket.create_server(("127.0.0.1", port)), watching.running():
        fired, resolved = inbox.wait_for_types("failure", "success")
    assert fired["message"].split()[-1] == resolved["message"].split()[-1]


def test_check_prints_what_the_process_that_evaluates_has_found(
    watching: Any, server: socket.socket
) -> None:
    port = server.getsockname()[1]
    watching.write(FAST + watch("shop", port, failures="1"))
    with watching.running() as run:
        server.close()
        run.wait_for_line("firing")
        code, (found,) = watching.check()
        assert (code, found["state"]) == (1, "firing")
        again = watching.check()[1][0]
        assert again["incident"] == found["incident"]


def test_a_damaged_file_leaves_the_last_good_rules_in_force(
    watching: Any, server: socket.socket
) -> None:
    watching.write(FAST + watch("shop", server.getsockname()[1]))
    with watching.running() as run:
        run.wait_for_line("1 watch is evaluated")
        watching.write("[[watch")
        run.wait_for_line("last good rules")
        server.close()
        run.wait_for_line("shop", "firing")


def test_a_test_message_arrives_and_a_dead_channel_shows_no_url(watching: Any, web: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    dead = f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}"
    watching.write(channel("hook", web[1]) + channel("dead", dead) + channel("var", "env:NOT_SET"))
    assert watching.command("test-channel", "hook").returncode == 0
    web[0].wait_for_types("info")
    for name in ("dead", "var"):
        failed = watching.command("test-channel", name, "--json")
        assert failed.returncode == 1
        assert_kept_secret(watching.folder, failed.stdout, failed.stderr)
    assert_kept_secret(watching.folder, watching.command("list", "--json").stdout)


SERVE = """
import os, socket, sys, time
if os.fork():
    while not os.path.exists(sys.argv[1]): time.sleep(0.01)
    sys.exit()
os.setsid()
server = socket.create_server(("127.0.0.1", int(sys.argv[2])))
open(sys.argv[1], "w").write(str(os.getpid()))
while True:
    connection, _peer = server.accept()
    try: connection.sendall(b"hello"); connection.recv(1)
    except OSError: pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks a server")
def test_what_a_repair_starts_again_is_resolved_by_what_is_seen(
    watching: Any, web: Any, server: socket.socket
) -> None:
    port = server.getsockname()[1]
    watching.folder.chmod(0o700)
    script, ready = watching.folder / "serve.py", watching.folder / "ready"
    script.write_text(SERVE)
    command = json.dumps([sys.executable, str(script), str(ready), str(port)])
    rules = watch("shop", port, "hook", repair=f'[{{ run = {command}, settle = "0s" }}]')
    watching.write(FAST + rules + channel("hook", web[1]))
    try:
        with watching.running() as run:
            run.wait_for_line("1 watch is evaluated")
            server.close()
            run.wait_for_line("shop", "resolved")
            # What is repaired before the diagnosis was done is told as one note.
            web[0].wait_for(
                lambda inbox: {"info", "success"} <= {one["type"] for one in inbox.messages}
            )
        kinds = [one["type"] for one in web[0].messages]
        assert kinds.count("success") == kinds.count("info") == 1
        note = next(one["message"] for one in web[0].messages if one["type"] == "info")
        assert "own check succeeds" in note
    finally:
        os.kill(int(ready.read_text()), signal.SIGKILL)


def test_commands_beside_a_running_watch_change_what_it_does(
    watching: Any, server: socket.socket
) -> None:
    watching.write(FAST + watch("shop", server.getsockname()[1], remind='"1s"'))
    with watching.running() as run:
        server.close()
        run.wait_for_line("shop", "firing")
        run.wait_for_line("shop", "reminder")
        assert watching.command("acknowledge", "shop").returncode == 0
        assert watching.command("silence", "shop", "--for", "1h").returncode == 0
        _code, (found,) = watching.check()
        assert found["acknowledged"]
        assert found["silenced_until"]
        with socket.create_server(("127.0.0.1", found["port"])):
            run.wait_for_line("shop", "resolved")


def test_the_url_of_a_channel_may_stand_in_the_keyring(
    watching: Any, web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "keyring.json"
    monkeypatch.setenv("FILE_KEYRING", str(kept))
    # Where the keyring package looks for a person's choice of a backend.
    for variable in ("XDG_CONFIG_HOME", "LOCALAPPDATA", "PROGRAMDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    put = "import keyring, sys; keyring.set_password('PortView', *sys.argv[1:])"
    where = "from keyring.util.platform_ import config_root; print(config_root())"
    found = subprocess.run([sys.executable, "-c", where], check=True, timeout=60,
                           capture_output=True, text=True).stdout.strip()  # fmt: skip
    assert Path(found).is_relative_to(tmp_path)
    Path(found).mkdir(parents=True, exist_ok=True)
    fakes = Path(__file__).resolve().parents[3] / "fakes"
    Path(found, "keyringrc.cfg").write_text(
        f"[backend]\ndefault-keyring=file_keyring.FileKeyring\nkeyring-path={fakes}\n", "utf-8"
    )
    subprocess.run([sys.executable, "-c", put, "ops", web[1]], check=True, timeout=60)
    watching.write(channel("hook", "keyring:ops") + channel("gone", "keyring:other"))
    assert watching.command("test-channel", "hook").returncode == 0
    web[0].wait_for_types("info")
    assert '"keyring"' in watching.command("list", "--json").stdout.replace("keyring:", "")
    missing = watching.command("test-channel", "gone")
    assert missing.returncode == 1
    assert "no entry other" in missing.stderr
    # A backend that can't even be loaded is no crash.
    Path(found, "keyringrc.cfg").write_text("[backend]\ndefault-keyring=none.Such\n", "utf-8")
    broken = watching.command("test-channel", "hook")
    assert broken.returncode == 1
    assert "can't be read" in broken.stderr
    Path(found, "keyringrc.cfg").write_text(
        f"[backend]\ndefault-keyring=file_keyring.FileKeyring\nkeyring-path={fakes}\n", "utf-8"
    )
    # Locked, with a text of its own that nobody is to see.
    kept.write_text('{"locked": "yes"}', "utf-8")
    locked = watching.command("test-channel", "hook")
    assert locked.returncode == 1
    assert "KeyringLocked" in locked.stderr
    assert_kept_secret(watching.folder, locked.stdout, locked.stderr, missing.stderr)
