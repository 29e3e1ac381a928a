"""Reports systemd that the background process is ready and alive (sd_notify(3)).

A datagram to the socket that ``NOTIFY_SOCKET`` names; without it, nothing is done. Small enough to
need no library.
"""

from __future__ import annotations

import os
import socket
import sys
import time

_SHARE_OF_LIMIT = 0.4
"""How much of the watchdog's limit may pass between two signs of life."""


class SystemdNotifier:
    """Sends READY once, and WATCHDOG as often as the unit wants. One thread at a time."""

    def __init__(self) -> None:
        """Read what systemd set for this very process."""
        self._address = os.environ.get("NOTIFY_SOCKET", "") if sys.platform == "linux" else ""
        self._pause_s = _watchdog_limit_s() * _SHARE_OF_LIMIT
        self._said_at_s = float("-inf")
        self._is_ready = False

    def alive(self) -> None:
        """Show that the work continues; the first time, that it has begun."""
        if not self._address:
            return
        if not self._is_ready:
            self._is_ready = True
            self._send("READY=1\nSTATUS=Watching")
        now_s = time.monotonic()
        if self._pause_s and now_s - self._said_at_s >= self._pause_s:
            self._said_at_s = now_s
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Show that the process ends."""
        if self._address:
            self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if sys.platform != "linux":
            return
        address = self._address
        if address.startswith("@"):
            address = f"\0{address[1:]}"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(1.0)
                sender.sendto(message.encode(), address)
        except OSError:
            # systemd then ends and restarts the process, which is its way to find out.
            return


def _watchdog_limit_s() -> float:
    """Return the unit's WatchdogSec; 0 where there is none, or it is meant for another process."""
    try:
        meant_for = int(os.environ.get("WATCHDOG_PID", os.getpid()))
        limit_us = int(os.environ.get("WATCHDOG_USEC", "0"))
    except ValueError:
        return 0.0
    return limit_us / 1e6 if meant_for == os.getpid() and limit_us > 0 else 0.0
