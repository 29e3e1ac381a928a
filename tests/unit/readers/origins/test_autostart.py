"""Entries of the desktop's autostart, as the Desktop Entry Specification writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.origins.autostart import find_entry, read_entries, read_entry

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = """
[Desktop Entry]
Type=Application
Name=Shop
Name[de]=Laden
Exec="/srv/my shop/serve" --port 8080 --rate=50%% %U
[Desktop Action stop]
Exec=/srv/other
"""


def test_an_entry() -> None:
    entry = read_entry(ENTRY, "/etc/xdg/autostart/shop.desktop")
    assert entry is not None
    assert entry.name == "Shop"
    assert entry.words == ("/srv/my shop/serve", "--port", "8080", "--rate=50%")
    assert find_entry([entry], "/srv/my shop/serve", entry.words) == entry
    assert find_entry([entry], "/srv/my shop/serve", entry.words[:-1]) is None


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_an_entry_that_is_switched_off(line: str) -> None:
    assert read_entry(f"[Desktop Entry]\nExec=/srv/shop\n{line}\n", "x.desktop") is None


@pytest.mark.linux_only("folders between colons")
def test_the_users_entry_takes_the_place_of_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, home = tmp_path / "xdg", tmp_path / "home"
    own = home / ".config" / "autostart"
    (shared / "autostart").mkdir(parents=True)
    own.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(shared))
    for name in ("a", "b"):
        text = f"[Desktop Entry]\nName={name}\nExec=/srv/{name}\n"
        (shared / "autostart" / f"{name}.desktop").write_text(text)
    (own / "a.desktop").write_text("[Desktop Entry]\nHidden=true\n")
    (own / "folder.desktop").mkdir()
    assert [entry.name for entry in read_entries(str(home))] == ["b"]


@given(st.text(max_size=200))
def test_anything_is_read(text: str) -> None:
    read_entry(text, "x.desktop")
    read_entry(f"[Desktop Entry]\nExec={text}\n", "x.desktop")
