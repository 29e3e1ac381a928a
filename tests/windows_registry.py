"""The registry of Windows, for tests that write the firewall's settings into it."""

from __future__ import annotations

import sys

import pytest

from portview.firewall.windows.registry import LOCAL_KEY

if sys.platform == "win32":
    import winreg


def skip_where_windows_has_rules() -> None:
    """Skip a test on a machine that has a firewall of its own, which no test may change."""
    try:
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, LOCAL_KEY).Close()
    except FileNotFoundError:
        return
    pytest.skip("this Windows has rules of its own, which no test may change")
