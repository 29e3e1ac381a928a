"""Which socket unit of systemd a port belongs to, where PID 1 listens on it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Protocol
from portview.readers.bounded_program import run_bounded
from portview.readers.system_tools import find_tool, tool_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S = 2.0


def socket_unit_of(port: int, protocol: Protocol) -> str | None:
    """Return the name of the socket unit that listens on a port, None where it can't be determined.

    Runs ``systemctl list-sockets``, two seconds at most. Any thread.
    """
    systemctl = find_tool("systemctl")
    if systemctl is None:
        return None
    try:
        done = run_bounded(
            [systemctl, "list-sockets", "--all", "--no-legend", "--full", "--show-types"],
            timeout_s=_TIMEOUT_S,
            env=tool_environment(LC_ALL="C.UTF-8", SYSTEMD_COLORS="0"),
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = units_of_port(done.output.decode("utf-8", "replace"), port, protocol)
    return next(found, None)


def units_of_port(text: str, port: int, protocol: Protocol) -> Iterator[str]:
    """Yield the socket units of a port in what ``systemctl list-sockets`` prints. Pure.

    A line has where it listens, of what kind (Stream, Datagram), the socket unit and its service.
    """
    wanted = "Stream" if protocol is Protocol.TCP else "Datagram"
    for line in text.splitlines():
        words = line.split()
        units = [word for word in words if word.endswith(".socket")]
        if units and words[0].endswith(f":{port}") and wanted in words:
            yield units[0]
