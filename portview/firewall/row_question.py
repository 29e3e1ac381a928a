"""The question to the firewall about the clients of one socket. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallQuestion
from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PID

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

WINDOWS_KERNEL = "System"
"""What Windows' firewall calls the kernel where it names programs."""


def question_of_row(row: SocketRow, info: ProcessInfo | None, platform: str) -> FirewallQuestion:
    """Return the question about the clients of one socket. Pure.

    ``info`` describes its owner, ``platform`` is a value of ``sys.platform``. The local address
    may be a wildcard: "0.0.0.0" is IPv4 alone, "::" usually is both.
    """
    return FirewallQuestion(
        row.protocol,
        row.local.port,
        row.local.address,
        _program(row, info, platform),
        row.services,
    )


def _program(row: SocketRow, info: ProcessInfo | None, platform: str) -> str | None:
    if platform == "win32" and row.pid == WINDOWS_SYSTEM_PID:
        return WINDOWS_KERNEL
    if info is None or info.executable_deleted:
        return None
    return info.executable
