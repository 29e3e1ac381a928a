"""Scheduled tasks and Run keys of Windows: which of them runs what a process is."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.origins.run_keys import RunEntry, find_run_entry
from portview.readers.origins.windows_commands import command_of, expand, matches, split
from portview.readers.origins.windows_tasks import find_task, read_task, read_tasks

if TYPE_CHECKING:
    from pathlib import Path

TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><URI>\\Shop\\Serve</URI></RegistrationInfo>
  <Triggers>
    <LogonTrigger><Enabled>true</Enabled></LogonTrigger>
    <CalendarTrigger><Enabled>false</Enabled></CalendarTrigger>
    <BootTrigger/>
  </Triggers>
  <Settings><Enabled>{enabled}</Enabled></Settings>
  <Actions Context="Author">
    <ComHandler><ClassId>{{00000000-0000-0000-0000-000000000000}}</ClassId></ComHandler>
    <Exec>
      <Command>"%ProgramFiles%\\Shop\\serve.exe"</Command>
      <Arguments>--folder "C:\\my shop" --port 8080</Arguments>
    </Exec>
  </Actions>
</Task>
"""
SERVE = r"C:\Program Files\Shop\serve.exe"
WORDS = (SERVE, "--folder", r"C:\my shop", "--port", "8080")


@pytest.fixture(autouse=True)
def program_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROGRAMFILES", r"C:\Program Files")


def task(enabled: str = "true") -> bytes:
    return TASK.format(enabled=enabled).encode("utf-16")


def test_a_task_as_the_task_scheduler_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "Shop").mkdir()
    (tmp_path / "Shop" / "Serve").write_bytes(task())
    (tmp_path / "Shop" / "Off").write_bytes(task("false"))
    (tmp_path / "broken").write_bytes(b"\xff\xfe<")
    tasks = list(read_tasks(tmp_path))
    assert [(one.path, one.triggers) for one in tasks] == [
        (r"\Shop\Serve", ("LogonTrigger", "BootTrigger"))
    ]
    assert find_task(tasks, SERVE, WORDS) == tasks[0]
    assert find_task(tasks, SERVE.upper(), WORDS) == tasks[0]
    assert find_task(tasks, SERVE, WORDS[:-1]) is None
    assert find_task(tasks, r"C:\other.exe", (r"C:\other.exe", *WORDS[1:])) is None


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<Task/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>').encode("utf-16"),
        b'<?xml version="1.0" encoding="no-such"?><x/>',
    ],
)  # fmt: skip
def test_what_is_no_task(content: bytes) -> None:
    assert read_task(content, "x") is None


@given(st.binary(max_size=300))
def test_any_file_is_read_without_an_error(content: bytes) -> None:
    read_task(content, "x")


@pytest.mark.parametrize(
    ("line", "is_it"),
    [
        (rf'"{SERVE}" --folder "C:\my shop" --port 8080', True),
        (rf'{SERVE} --folder "C:\my shop" --port 8080', True),
        (r'%PROGRAMFILES%\Shop\serve.exe --folder "C:\my shop" --port 8080', True),
        (r'"%ProgramFiles%\Shop\serve" --folder "C:\my shop" --port 8080', True),
        (r'serve.exe --folder "C:\my shop" --port 8080', True),
        (rf'"{SERVE}" --port 8080', False),
        (r'"C:\Program Files\Other\serve.exe" --folder "C:\my shop" --port 8080', False),
        ("", False),
        ('"', False),
    ],
)
def test_a_value_of_a_run_key(line: str, is_it: bool) -> None:
    entry = RunEntry("Shop", line, r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run")
    assert (find_run_entry([entry], SERVE, WORDS) is entry) is is_it


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=12)))
def test_arguments_are_split_as_they_were_joined(words: list[str]) -> None:
    # list2cmdline does the reverse, by the same page of Microsoft's documentation.
    arguments = [word.replace("\n", " ").replace("\r", " ") for word in words]
    assert list(split(subprocess.list2cmdline(arguments))) == arguments


def test_variables() -> None:
    assert expand("%A%b%c%%", {"a": "x"}) == "xb%c%%"
    assert command_of("", "x") is None
    command = command_of("serve", "", {})
    assert command is not None
    assert matches(command, r"C:\serve.exe", (r"C:\serve.exe",))


@pytest.mark.windows_only("the registry")
def test_a_process_that_a_run_key_starts() -> None:
    if sys.platform != "win32":
        return
    import winreg  # noqa: PLC0415 - Windows only

    from portview.domain.owners.origin import OriginKind  # noqa: PLC0415 - likewise
    from portview.domain.owners.process import ProcessKey  # noqa: PLC0415 - likewise
    from portview.readers.origins.started_by import started_by  # noqa: PLC0415 - likewise
    from portview.readers.process_identity import process_key  # noqa: PLC0415 - likewise
    from portview.readers.processes import read_process  # noqa: PLC0415 - likewise

    code = "import sys; print('ready', flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", code]
    place = r"Software\Microsoft\Windows\CurrentVersion\Run"
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, place, 0, winreg.KEY_ALL_ACCESS) as key:
        winreg.SetValueEx(key, "PortView test", 0, winreg.REG_SZ, subprocess.list2cmdline(command))
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin
        assert process.stdout
        try:
            process.stdout.readline()
            started = process_key(process.pid)
            assert isinstance(started, ProcessKey)
            origin = started_by(read_process(started), ())
        finally:
            process.stdin.close()
            process.wait(20)
            process.stdout.close()
            winreg.DeleteValue(key, "PortView test")
    assert origin is not None
    assert (origin.kind, origin.name) == (OriginKind.AUTOSTART, "PortView test")
    assert origin.source == rf"HKCU\{place}"
    assert origin.starts_again
