"""The usual name of a port, from the system's own list."""

from __future__ import annotations

import socket
from functools import lru_cache


@lru_cache(maxsize=1024)
def tcp_service_name(port: int) -> str:
    """Return the name that this system's services file gives a TCP port; empty if none."""
    try:
        return socket.getservbyport(port, "tcp")
    except OSError:
        return ""
