"""A whole window on the rules that stand in Windows' registry."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from portview.domain.table.columns import COLUMNS
from portview.firewall.windows.registry import LOCAL_KEY
from tests.windows_registry import skip_where_windows_has_rules
from tests.windows_rules import rule_text

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow

pytestmark = pytest.mark.windows_only(reason="the firewall's rules are in the registry of Windows")

WAIT_MS = 60_000
FIREWALL = [column.id for column in COLUMNS].index("firewall")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - where a server listens that others are to reach


@pytest.fixture
def write() -> Iterator[Callable[[str, str, int | str], None]]:
    """Give a way to set a value of the firewall's; never where there is a firewall already."""
    skip_where_windows_has_rules()

    def write_one(key: str, name: str, value: int | str) -> None:
        kind = winreg.REG_DWORD if isinstance(value, int) else winreg.REG_SZ
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, rf"{LOCAL_KEY}\{key}") as opened:
            winreg.SetValueEx(opened, name, 0, kind, value)

    for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
        write_one(profile, "EnableFirewall", 1)
        write_one(profile, "DefaultInboundAction", 1)
    yield write_one
    command = ["reg", "delete", rf"HKLM\{LOCAL_KEY}", "/f"]
    subprocess.run(command, check=True, capture_output=True)


def test_a_new_rule_is_seen_without_asking_for_it(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    write: Callable[[str, str, int | str], None],
) -> None:
    with socket.create_server((EVERYWHERE, 0)) as server:
        port = server.getsockname()[1]
        allow = rule_text("Allow", "Protocol=6", f"LPort={port}", f"App={sys.executable}")
        write("FirewallRules", "{allow}", allow)
        window = open_window().window

        def cell() -> object:
            rows = [e for e in window.model.shown_entries if e.row.local.port == port]
            return window.model.cell(rows[0], FIREWALL) if rows else None

        qtbot.waitUntil(lambda: cell() == "Allowed", timeout=WAIT_MS)
        (entry,) = [e for e in window.model.shown_entries if e.row.local.port == port]
        window.table.select_key(entry.row.key)
        window.details.pane.tabs.setCurrentIndex(3)
        page = window.details.pane.front_page
        qtbot.waitUntil(lambda: "lets other machines in" in page.headline.text, timeout=WAIT_MS)
        block = rule_text("Block", "Protocol=6", f"LPort={port}", name="<b>No</b> entry")
        write("FirewallRules", "{block}", block)
        qtbot.waitUntil(lambda: cell() == "Blocked", timeout=WAIT_MS)
        qtbot.waitUntil(lambda: "keeps other machines from" in page.headline.text, timeout=WAIT_MS)
        names = [page.rules.item(row, 1).text() for row in range(page.rules.rowCount())]
        assert names == ["<b>No</b> entry", "Web"]
        assert page.rules.item(0, 0).text() == "1, decides"
        assert page.rules.item(0, 6).text() == block
        assert len(page.facts.text_of("profiles").splitlines()) == 3
