"""The packets for a port that this system's firewall dropped of late, where it notes them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.firewall import FirewallStatus
    from portview.domain.sockets.socket_row import Protocol
    from portview.firewall.drop_log.packet import DroppedPacket


def read_recent_drops(
    status: FirewallStatus, port: int, protocol: Protocol, *, most: int = 50
) -> tuple[DroppedPacket, ...]:
    """Return the latest dropped packets for a port, the latest first. Blocks; any thread.

    Raises PortViewError, with NEEDS_ADMIN where the log may not be read, and with NOT_DONE where
    the system takes no note of what it drops.
    """
    # Each loads only what its own system has.
    if sys.platform == "linux":
        from portview.firewall.drop_log.linux import read_recent_drops as read  # noqa: PLC0415

        return read(port, protocol, most=most)
    if sys.platform == "win32" and status.drop_log:
        from portview.firewall.drop_log.windows import (  # noqa: PLC0415
            read_recent_drops as read_file,
        )

        return read_file(Path(status.drop_log), port, protocol, most=most)
    raise PortViewError(
        "no_drop_log",
        _("The firewall does not log what it drops."),
        outcome=Outcome.NOT_DONE,
    )
