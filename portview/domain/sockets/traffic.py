"""How much went through a socket, and how fast."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrafficCounters:
    """Payload bytes since the socket was opened, and its smoothed round trip time.

    ``rtt_us`` is in microseconds, None where it was not measured (yet).
    """

    received_bytes: int
    sent_bytes: int
    rtt_us: int | None = None


@dataclass(frozen=True, slots=True)
class TrafficRate:
    """Payload bytes per second between two readings."""

    received_bytes_per_s: float
    sent_bytes_per_s: float


def traffic_rate(
    before: TrafficCounters, after: TrafficCounters, elapsed_ms: float
) -> TrafficRate | None:
    """Return the rate between two readings, None where they don't report one.

    They say none when no time passed or a clock was set back, and when a counter ran backwards:
    then counting began again (statistics were switched off and on, or it is another socket).
    """
    received = after.received_bytes - before.received_bytes
    sent = after.sent_bytes - before.sent_bytes
    if elapsed_ms <= 0 or received < 0 or sent < 0:
        return None
    return TrafficRate(received * 1000 / elapsed_ms, sent * 1000 / elapsed_ms)
