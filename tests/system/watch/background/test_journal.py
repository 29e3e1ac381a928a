"""Records reach a journal in its native protocol, over a real socket of the documented kind."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from portview.watch.background.journal import (
    JournalHandler,
    encode_entry,
    entry_fields,
    is_connected_to_journal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.linux_only(reason="the journal is of systemd")


def decode(data: bytes) -> dict[str, str]:
    """Read an entry as the protocol's page describes it."""
    found: dict[str, str] = {}
    while data:
        line, _end, rest = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (length,) = struct.unpack("<Q", rest[:8])
            value, rest = rest[8 : 8 + length], rest[8 + length :]
            assert rest[:1] == b"\n"
            rest = rest[1:]
        found[name.decode()] = value.decode()
        data = rest
    return found


NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"))))
def test_every_value_arrives_as_it_was(fields: dict[str, str]) -> None:
    assert decode(encode_entry(fields)) == fields


class Journal:
    """A socket as journald has it."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(60)

    def entry(self) -> dict[str, str]:
        data, files, _flags, _sender = socket.recv_fds(self._socket, 1_000_000, 1)
        if files:
            assert data == b""
            with os.fdopen(files[0], "rb") as file:
                file.seek(0)
                data = file.read()
        return decode(data)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = Journal(tmp_path / "journal")
    yield found
    found.close()


@pytest.fixture
def log(journal: Journal) -> Iterator[logging.Logger]:
    handler = JournalHandler(journal.path)
    logger = logging.getLogger("portview.test.journal")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    handler.close()


def test_a_transition_has_fields_to_search_for(journal: Journal, log: logging.Logger) -> None:
    fields = {"event.action": "firing", "event.id": "abc", "rule.name": "shop",
              "destination.port": 80, "network.transport": None}  # fmt: skip
    log.info("watch %s: firing", "shop", extra={"ecs": fields})
    entry = journal.entry()
    assert entry["MESSAGE"] == "watch shop: firing"
    assert entry["PRIORITY"] == "3"
    assert (entry["PORTVIEW_WATCH"], entry["PORTVIEW_EVENT"]) == ("shop", "firing")
    assert (entry["PORTVIEW_INCIDENT"], entry["PORTVIEW_PORT"]) == ("abc", "80")
    assert "PORTVIEW_PROTOCOL" not in entry


def test_an_error_carries_its_traceback_and_a_long_one_a_file(
    journal: Journal, log: logging.Logger
) -> None:
    try:
        int("line one\nMESSAGE=forged")
    except ValueError:
        log.exception("it failed")
    entry = journal.entry()
    assert entry["MESSAGE"].startswith("it failed\nTraceback")
    assert entry["PRIORITY"] == "3"
    log.info("x" * 600_000)
    assert len(journal.entry()["MESSAGE"]) == 600_000


def test_without_a_journal_nothing_fails(tmp_path: Path) -> None:
    handler = JournalHandler(str(tmp_path / "none"))
    handler.emit(logging.makeLogRecord({"msg": "nobody hears this", "levelno": logging.INFO}))
    handler.close()


def test_only_the_stream_of_this_process_is_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    assert is_connected_to_journal()
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino + 1}")
    assert not is_connected_to_journal()
    for nonsense in ("", "a:b", "1"):
        monkeypatch.setenv("JOURNAL_STREAM", nonsense)
        assert not is_connected_to_journal()


def test_priorities_are_those_of_syslog() -> None:
    record = logging.makeLogRecord({"msg": "m", "levelno": logging.WARNING, "pathname": "p"})
    assert entry_fields(record)["PRIORITY"] == "4"


def test_under_systemd_the_watches_write_fields_and_no_lines_beside_them(
    journal: Journal, tmp_path: Path
) -> None:
    """Stand in for systemd: a stream for the output, and the journal's own socket beside it."""
    (tmp_path / "config").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    (tmp_path / "config" / "watches.toml").write_text(
        'startup_grace = "0s"\n'
        f'[[watch]]\nname = "shop"\nexpect = "listening"\nport = {port}\n'
        'interval = "1s"\nfailures = 1\nretries = 0\n'
    )
    ours, stream = socket.socketpair()
    status = os.fstat(stream.fileno())
    lines: list[bytes] = []
    reader = threading.Thread(
        target=lambda: lines.append(b"".join(iter(lambda: ours.recv(9999), b"")))
    )
    reader.start()
    process = subprocess.Popen(
        [sys.executable, "-m", "portview", "watch", "run"],
        stdout=stream.fileno(),
        stderr=stream.fileno(),
        env={
            **os.environ,
            "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}",
            "PORTVIEW_JOURNAL_SOCKET": journal.path,
        },
    )
    stream.close()
    try:
        while (entry := journal.entry()).get("PORTVIEW_EVENT") != "firing":
            assert json.dumps(entry)
        assert entry["PORTVIEW_WATCH"] == "shop"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        reader.join(60)
        ours.close()
    assert b"firing" not in b"".join(lines)
