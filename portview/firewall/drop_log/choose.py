"""The one place that chooses where packets that were dropped are read from."""

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

# untranslated: a command
_SWITCH_ON = "netsh advfirewall set currentprofile logging droppedconnections enable"


def recent_drops(
    status: FirewallStatus, port: int, protocol: Protocol
) -> tuple[DroppedPacket, ...]:
    """Return the latest dropped packets for a port, the latest first. Blocks; any thread.

    Raises PortViewError where nothing is logged or the log may not be read, with what to do.
    """
    if sys.platform == "win32":
        from portview.firewall.drop_log.windows import read_recent_drops  # noqa: PLC0415

        if status.drop_log is None:
            raise PortViewError(
                "drops_not_logged",
                _("Windows does not log what its firewall drops here."),
                _("To have it logged, as administrator: {switch_on}").format(switch_on=_SWITCH_ON),
                Outcome.NOT_DONE,
            )
        return read_recent_drops(Path(status.drop_log), port, protocol)
    if sys.platform == "linux":
        from portview.firewall.drop_log.linux import read_recent_drops  # noqa: PLC0415

        return read_recent_drops(port, protocol)
    raise PortViewError(
        "no_drop_log",
        _("PortView can't read what this system's firewall drops."),
        "",
        Outcome.NOT_DONE,
    )
