"""Packets that a firewall dropped and took note of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DroppedPacket:
    """One dropped packet as the firewall's log says it; all texts are untrusted.

    ``at`` is date and time as written, in the machine's own time ("2026-01-31 13:45:07").
    ``protocol`` is in lower case ("tcp"), ``port`` the port that the packet was for.
    ``is_inbound`` is None where the log does not say. ``text`` is the line itself.
    """

    at: str
    protocol: str
    source: str
    destination: str
    port: int
    source_port: int | None = None
    is_inbound: bool | None = None
    text: str = ""
