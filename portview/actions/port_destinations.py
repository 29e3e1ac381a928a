"""Where clients of a port arrive by the NAT rules of this machine, read when first asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.facts import Known
from portview.firewall.destination import destinations_of
from portview.firewall.on_demand import FirewallOnDemand

if TYPE_CHECKING:
    from portview.domain.destination import Destination
    from portview.domain.facts import Fact
    from portview.domain.sockets.socket_row import Protocol
    from portview.firewall.interface import FirewallReader


class PortDestinations:
    """Answers for many ports; the rules are read again only where they changed.

    Any thread; a call waits for the one before it. Where another part of the program has the
    firewall open already it can be handed in, and is then not closed here.
    """

    def __init__(self, firewall: FirewallReader | None = None) -> None:
        """Use this firewall, or open one with the first question."""
        self._firewall = firewall or FirewallOnDemand(_open_firewall)
        self._is_managed = firewall is None

    def __call__(
        self, protocol: Protocol, port: int, address: str | None
    ) -> Fact[tuple[Destination, ...]]:
        """Return where clients arrive that call this address, None for any of this machine's."""
        if sys.platform != "linux":
            # Windows' port proxy is a listener of its own, and its rules change no destination.
            return Known(())
        return destinations_of(self._firewall.read(), protocol, port, address)

    def close(self) -> None:
        """Close the firewall if it was opened here."""
        if self._is_managed:
            self._firewall.close()


def _open_firewall() -> FirewallReader:
    # The parsers of the rules are loaded by who needs them.
    from portview.firewall.choose import open_firewall  # noqa: PLC0415

    return open_firewall()
