"""Which sockets lead to the display server that an environment names.

X: ``DISPLAY`` is ``[HOST]:NUMBER[.SCREEN]`` (X(7)), served at /tmp/.X11-unix/XNUMBER, at the same
name in the abstract namespace, and at TCP port 6000 + NUMBER. Wayland: ``WAYLAND_DISPLAY`` is a
path, or a name in ``XDG_RUNTIME_DIR``.
"""

from __future__ import annotations

import re
import socket
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

X_PORT = 6000
X_PORTS = range(X_PORT, X_PORT + 64)
_X_FOLDER = "/tmp/.X11-unix/X"  # noqa: S108 - where X servers listen
_DISPLAY = re.compile(r"(?P<host>[^/]*?):(?P<number>\d{1,5})(\.\d+)?")
_ON_THIS_MACHINE = frozenset({"", "unix"})
_TIMEOUT_S = 0.2


class DisplayPlaces(NamedTuple):
    """Where a display server listens: Unix socket names, and TCP ports of this machine."""

    names: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()


def display_places(environment: Mapping[str, str]) -> DisplayPlaces:
    """Return where the display servers that an environment names would listen. Pure.

    A host name is not looked up, for a resolver may hang: a display with one is taken to be here if
    anybody listens at its port here, as where ssh forwards it.
    """
    names: set[str] = set()
    ports: set[int] = set()
    display = _DISPLAY.fullmatch(environment.get("DISPLAY", ""))
    if display and int(display["number"]) < 2**16 - X_PORT:
        if display["host"] in _ON_THIS_MACHINE:
            path = f"{_X_FOLDER}{display['number']}"
            names |= {path, f"\0{path}"}
        else:
            ports.add(X_PORT + int(display["number"]))
    wayland = environment.get("WAYLAND_DISPLAY", "")
    if wayland.startswith("/"):
        names.add(wayland)
    elif wayland and environment.get("XDG_RUNTIME_DIR"):
        names.add(f"{environment['XDG_RUNTIME_DIR'].rstrip('/')}/{wayland}")
    return DisplayPlaces(frozenset(names), frozenset(ports))


def listener_of(name: str) -> int | None:
    """Return the PID of the process that listens at a Unix socket, None where unknown.

    The kernel says it to whoever connects (SO_PEERCRED, unix(7)), also of other users' processes.
    Nothing is sent.
    """
    if sys.platform != "linux":
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_TIMEOUT_S)
        try:
            client.connect(name)
            credentials = client.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
            )
        except OSError:
            return None
    pid: int = struct.unpack("3i", credentials)[0]
    return pid or None
