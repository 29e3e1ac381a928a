"""Starting at log-in: a value of the registry on Windows, a desktop entry on Linux."""

from __future__ import annotations

import importlib
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.autostart import (
    BACKGROUND_OPTION,
    DesktopEntryAutostart,
    RunKeyAutostart,
    open_autostart,
)
from portview.domain.errors import PortViewError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = ("/opt/Port View/portview", BACKGROUND_OPTION)
WINDOWS_COMMAND = (r"C:\Port View \u7aef\PortView.exe", BACKGROUND_OPTION)


def exec_words(content: str) -> list[str]:
    """Read the Exec line back as a desktop does: the string first, then its words."""
    value = next(line for line in content.splitlines() if line.startswith("Exec=")).removeprefix(
        "Exec="
    )
    text, escapes = "", {"\\": "\\", "n": "\n", "s": " ", "t": "\t", "r": "\r"}
    characters = iter(value)
    for character in characters:
        text += escapes[next(characters)] if character == "\\" else character
    words: list[str] = []
    rest = text
    while rest:
        if rest[0] == '"':
            word, position = "", 1
            while rest[position] != '"':
                position += rest[position] == "\\"
                word += rest[position]
                position += 1
            words.append(word)
            rest = rest[position + 1 :].lstrip(" ")
        else:
            word, _, rest = rest.partition(" ")
            words.append(word)
    return [word.replace("%%", "%") for word in words]


def test_a_desktop_entry_is_written_and_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "autostart" / "portview.desktop"
    autostart = DesktopEntryAutostart(COMMAND, file)
    assert not autostart.is_on()
    autostart.set_on(True)
    assert autostart.is_on()
    assert exec_words(file.read_text("utf-8")) == list(COMMAND)
    autostart.set_on(False)
    assert not file.exists()
    autostart.set_on(False)


def test_an_entry_that_a_desktop_switched_off_is_off(tmp_path: Path) -> None:
    file = tmp_path / "portview.desktop"
    autostart = DesktopEntryAutostart(COMMAND, file)
    autostart.set_on(True)
    file.write_text(file.read_text("utf-8") + "Hidden=true\n", "utf-8")
    assert not autostart.is_on()


def test_an_entry_of_another_portview_is_not_this_ones(tmp_path: Path) -> None:
    file = tmp_path / "portview.desktop"
    DesktopEntryAutostart(("/old/portview",), file).set_on(True)
    assert not DesktopEntryAutostart(COMMAND, file).is_on()


def test_a_folder_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "autostart").write_text("in the way", "utf-8")
    autostart = DesktopEntryAutostart(COMMAND, tmp_path / "autostart" / "portview.desktop")
    with pytest.raises(PortViewError, match="log-in could not be changed"):
        autostart.set_on(True)


@pytest.mark.linux_only("desktop entries name paths of Linux")
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1),
        min_size=1,
        max_size=4,
    )
)
def test_no_path_breaks_out_of_its_word(words: list[str]) -> None:
    content = DesktopEntryAutostart(words, None)._content  # type: ignore[arg-type]
    assert exec_words(content) == words
    assert content.count("\n") == 6


def test_this_system_starts_this_very_program() -> None:
    autostart = open_autostart()
    if sys.platform in {"win32", "linux"}:
        assert autostart is not None
        autostart.is_on()
    else:
        assert autostart is None


@pytest.fixture
def keys() -> Iterator[tuple[str, str]]:
    """Two keys of this test's own in the real registry."""
    registry: Any = importlib.import_module("winreg")
    base = rf"Software\PortView tests {uuid.uuid4()}"
    yield rf"{base}\Run", rf"{base}\Approved"
    for path in (rf"{base}\Run", rf"{base}\Approved", base):
        try:
            registry.DeleteKey(registry.HKEY_CURRENT_USER, path)
        except FileNotFoundError:
            continue


def write(path: str, value: object, kind: str) -> None:
    registry: Any = importlib.import_module("winreg")
    with registry.CreateKey(registry.HKEY_CURRENT_USER, path) as key:
        registry.SetValueEx(key, "PortView", 0, getattr(registry, kind), value)


def read(path: str) -> object:
    registry: Any = importlib.import_module("winreg")
    with registry.OpenKey(registry.HKEY_CURRENT_USER, path) as key:
        return registry.QueryValueEx(key, "PortView")[0]


@pytest.mark.windows_only("asks the registry")
def test_the_run_key_gets_a_value_in_quotes_and_loses_it_again(keys: tuple[str, str]) -> None:
    autostart = RunKeyAutostart(WINDOWS_COMMAND, *keys)
    assert not autostart.is_on()
    autostart.set_on(True)
    assert autostart.is_on()
    assert read(keys[0]) == f'"{WINDOWS_COMMAND[0]}" {BACKGROUND_OPTION}'
    autostart.set_on(False)
    assert not autostart.is_on()
    with pytest.raises(FileNotFoundError):
        read(keys[0])


@pytest.mark.windows_only("asks the registry")
def test_what_the_task_manager_switched_off_is_off_until_it_is_asked_for(
    keys: tuple[str, str],
) -> None:
    autostart = RunKeyAutostart(WINDOWS_COMMAND, *keys)
    autostart.set_on(True)
    write(keys[1], bytes([3]) + bytes(11), "REG_BINARY")
    assert not autostart.is_on()
    write(keys[1], bytes([2]) + bytes(11), "REG_BINARY")
    assert autostart.is_on()
    write(keys[1], bytes([3]) + bytes(11), "REG_BINARY")
    autostart.set_on(True)
    assert autostart.is_on()


@pytest.mark.windows_only("asks the registry")
def test_the_value_of_another_portview_is_left_alone_when_switching_off(
    keys: tuple[str, str],
) -> None:
    write(keys[0], '"D:\\portable\\PortView.exe" --background', "REG_SZ")
    autostart = RunKeyAutostart(WINDOWS_COMMAND, *keys)
    assert not autostart.is_on()
    autostart.set_on(False)
    assert read(keys[0]) == '"D:\\portable\\PortView.exe" --background'


@pytest.mark.windows_only("starts what a Run value would start")
def test_the_line_starts_the_program_that_it_names(keys: tuple[str, str]) -> None:
    script = "import sys; print(sys.argv[1:])"
    RunKeyAutostart((sys.executable, "-c", script, "a b", 'c"d'), *keys).set_on(True)
    line = read(keys[0])
    assert isinstance(line, str)
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(["a b", 'c"d'])
