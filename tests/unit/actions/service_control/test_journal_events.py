"""What systemd logs about a unit is heard at once, whatever else the journal says."""

from __future__ import annotations

import json
import os
import queue
import sys
from typing import TYPE_CHECKING

import pytest

from portview.actions.service_control.events import follow_services
from portview.actions.service_control.journal_events import JournalEvents, unit_name
from portview.readers import system_tools

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.linux_only(reason="journald")

_JOURNALCTL = """\
import json, sys
with open({arguments!r}, "w") as file:
    json.dump(sys.argv[1:], file)
with open({pipe!r}, "rb") as journal:
    for line in journal:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()
"""


class Journal:
    """A stand-in for journalctl that prints what the test writes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pipe = folder / "journal"
        self._arguments = folder / "arguments"
        os.mkfifo(self._pipe)
        code = folder / "journalctl.py"
        code.write_text(_JOURNALCTL.format(arguments=str(self._arguments), pipe=str(self._pipe)))
        program = folder / "journalctl"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{code}" "$@"\n')
        program.chmod(0o755)
        monkeypatch.setattr(system_tools, "_folders", (str(folder),))

    def write(self, *lines: bytes) -> None:
        with self._pipe.open("wb") as file:
            file.write(b"".join(line + b"\n" for line in lines))

    @property
    def arguments(self) -> list[str]:
        found: list[str] = json.loads(self._arguments.read_text())
        return found


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    return Journal(tmp_path, monkeypatch)


def test_a_unit_is_heard_by_the_name_that_it_was_asked_by(journal: Journal) -> None:
    heard: queue.Queue[str] = queue.Queue()
    events = follow_services({"shop", "db.service"}, heard.put)
    assert isinstance(events, JournalEvents)
    journal.write(
        b"no JSON", b"[1]", b'{"UNIT": ["list"]}', b'{"UNIT": "other.service"}', b"[" * 50_000,
        b'{"UNIT": "shop.service"}', b'{"USER_UNIT": "db.service"}',
    )  # fmt: skip
    assert [heard.get(timeout=60) for _each in range(2)] == ["shop", "db.service"]
    assert "UNIT=shop.service" in journal.arguments
    # What only systemd can have written, for nobody else may set a field that begins so.
    assert journal.arguments.index("_PID=1") < journal.arguments.index("UNIT=shop.service")
    events.close()
    assert events._process.poll() is not None


def test_it_ends_although_nothing_was_ever_said(journal: Journal) -> None:
    events = follow_services({"shop"}, lambda _name: None)
    assert events is not None
    events.close()


def test_without_journalctl_nothing_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_tools, "_folders", (str(tmp_path),))
    assert follow_services({"shop"}, lambda _name: None) is None
    assert follow_services((), lambda _name: None) is None


def test_a_name_without_a_kind_is_a_service() -> None:
    assert unit_name("shop") == "shop.service"
    assert unit_name("a.b") == "a.b.service"
    assert unit_name("shop.socket") == "shop.socket"
