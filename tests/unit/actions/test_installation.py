"""The search path keeps every entry of others to the letter, and ours comes and goes whole."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.installation import change_search_path, enter, with_folder, without_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = r"C:\Program Files\PortView\bin"
entries = st.lists(
    st.text(st.characters(exclude_characters=';"\\', exclude_categories=["Cs"]), min_size=1)
    | st.sampled_from([r"%SystemRoot%\system32", r'"C:\a b"', r"C:\x" + "\\"]),
    max_size=8,
).filter(lambda names: all(name.strip() for name in names))


@given(entries)
def test_adding_and_removing_leaves_what_was_there(names: list[str]) -> None:
    before = ";".join(names)
    after = with_folder(before, FOLDER)
    assert after.split(";")[-1] == FOLDER
    assert after.split(";")[:-1] == (names or [])
    assert without_folder(after, FOLDER) == before


@given(entries)
def test_it_is_added_once(names: list[str]) -> None:
    after = with_folder(";".join(names), FOLDER)
    assert with_folder(after, FOLDER) == after


@pytest.mark.parametrize(
    "entry", [FOLDER, FOLDER + "\\", FOLDER.lower(), f'"{FOLDER}"', f" {FOLDER} "]
)
def test_an_entry_is_known_however_it_is_written(entry: str) -> None:
    before = rf"C:\a;{entry};C:\b"
    assert with_folder(before, FOLDER) == before
    assert without_folder(before, FOLDER) == r"C:\a;C:\b"


@given(entries)
def test_removing_what_is_not_there_changes_nothing(names: list[str]) -> None:
    before = ";;".join(names)
    assert without_folder(before, FOLDER) == before


@pytest.mark.parametrize(
    "arguments", [["search-path"], ["search-path", "add"], ["search-path", "clear", "user"]]
)
def test_what_it_can_not_read_it_refuses(arguments: list[str]) -> None:
    assert enter(arguments) == 2


def test_only_the_built_program_has_a_folder_to_add() -> None:
    assert enter(["search-path", "add", "user"]) == 1


@pytest.fixture
def key() -> Iterator[str]:
    if sys.platform != "win32":
        pytest.skip("the registry is a part of Windows")
    import winreg  # noqa: PLC0415 - Windows only

    name = rf"Software\PortView test {secrets.token_hex(4)}"
    yield name
    winreg.DeleteKey(winreg.HKEY_CURRENT_USER, name)


def test_a_real_registry(key: str) -> None:
    if sys.platform != "win32":
        return
    import winreg  # noqa: PLC0415 - Windows only

    assert change_search_path("add", "user", FOLDER, key=key)
    assert not change_search_path("add", "user", FOLDER, key=key)
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_ALL_ACCESS) as opened:
        assert winreg.QueryValueEx(opened, "Path") == (FOLDER, winreg.REG_EXPAND_SZ)
        long = ";".join(rf"%A%\{number}" for number in range(2000))
        winreg.SetValueEx(opened, "Path", 0, winreg.REG_SZ, long)
        assert change_search_path("add", "user", FOLDER, key=key)
        assert winreg.QueryValueEx(opened, "Path") == (f"{long};{FOLDER}", winreg.REG_SZ)
        assert change_search_path("remove", "user", FOLDER, key=key)
        assert winreg.QueryValueEx(opened, "Path") == (long, winreg.REG_SZ)
        winreg.SetValueEx(opened, "Path", 0, winreg.REG_SZ, FOLDER)
        assert change_search_path("remove", "user", FOLDER, key=key)
        with pytest.raises(FileNotFoundError):
            winreg.QueryValueEx(opened, "Path")
        winreg.SetValueEx(opened, "Path", 0, winreg.REG_SZ, "x" * 31_990)
        with pytest.raises(OSError, match="too long"):
            change_search_path("add", "user", FOLDER, key=key)
