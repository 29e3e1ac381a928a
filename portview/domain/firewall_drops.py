"""Packets that a firewall dropped, as the system's own log tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portview.domain.sockets import Protocol


@dataclass(frozen=True, slots=True)
class DroppedPacket:
    """One packet that a log says was dropped on its way in.

    ``at_ms`` is Unix time in milliseconds, None where the line tells no time. ``source`` and
    ``destination`` are addresses in their shortest form; ``port`` is the port it was sent to.
    ``source_port`` and ``interface`` are None where the log does not name them. Untrusted text.
    """

    at_ms: int | None
    protocol: Protocol
    source: str
    source_port: int | None
    destination: str
    port: int
    interface: str | None = None
