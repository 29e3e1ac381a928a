"""The one place that chooses how this machine's firewall is read and changed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.firewall.errors import UnreadableFirewall
from portview.i18n import _

if TYPE_CHECKING:
    from portview.firewall.interface import Firewall

_NAMES = {"darwin": "macOS"}


def open_firewall() -> Firewall:
    """Open the firewall of this system, or what says why it can't be read. Never raises."""
    # Each loads only what its own system has.
    if sys.platform == "win32":
        from portview.firewall.windows.backend import WindowsFirewall  # noqa: PLC0415

        return WindowsFirewall()
    if sys.platform == "linux":
        from portview.firewall.linux.backend import LinuxFirewall  # noqa: PLC0415

        return LinuxFirewall()
    name = _NAMES.get(sys.platform, sys.platform)
    return UnreadableFirewall(_("PortView can't read the firewall of {name}.").format(name=name))
