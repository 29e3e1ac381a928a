"""Where a client that calls an address and port arrives, and which rule is in front of a server.

NAT rules (DNAT, REDIRECT) decide that before any server is asked. A port at which nothing listens
may be served (``80`` sent to ``8080``), and a real listener may never see a client.

    found = destinations_of(rules, Protocol.TCP, 80)
    if isinstance(found, Known):
        for one in redirected(found.value): ...   # one.port, one.address, one.is_here, one.rule

Pure: rules are those of ``Firewall.read()``. Unreadable where the rules could not be read (on Linux
only root may), and where a rule sends clients to an address that can't be determined in advance. On
Windows a port proxy is a listener of its own, so the firewall's rules change no destination.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.destination import ClientOrigin, Destination, redirected, shadows
from portview.domain.facts import Known, Unreadable
from portview.domain.firewall import FirewallQuestion

__all__ = ("destinations_of", "redirected", "shadows")

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.facts import Fact
    from portview.domain.sockets.socket_row import Protocol
    from portview.firewall.interface import FirewallRules


def destinations_of(
    rules: FirewallRules,
    protocol: Protocol,
    port: int,
    address: str | None = None,
    origins: Iterable[ClientOrigin] = tuple(ClientOrigin),
) -> Fact[tuple[Destination, ...]]:
    """Return where clients arrive that call a port of this machine.

    ``address`` is the address they call, None for any of this machine's. Those that arrive
    unchanged are among them, with no ``rule``. Does no I/O; any thread.
    """
    question = FirewallQuestion(protocol, port, local_address=address)
    found: list[Destination] = []
    for origin in origins:
        part = rules.destinations(question, origin)
        if isinstance(part, Unreadable):
            return part
        if isinstance(part, Known):
            found += part.value
    return Known(tuple(found))
