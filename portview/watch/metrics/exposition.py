"""The readings as Prometheus reads them: names that stay, and a bounded number of series.

Labels hold watches, channels and totals, never a PID or an address, because each new value of a
label is a series that the server keeps.
"""

# untranslated file: the help texts of metrics belong to the format
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.watch.metrics.readings import Readings

MOST_WATCH_SERIES = 320
"""How many series watches, channels and repairs may have together; totals need some 60 more."""

MOST_LISTENERS = 500
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES = {"ok": 0, "pending": 1, "firing": 2, "recovering": 2, "unknown": 3}
_LONGEST_LABEL = 200


def exposition(readings: Readings, *, with_listeners: bool = False) -> bytes:
    """Return the metrics in Prometheus' text format. ``with_listeners`` adds one per listener."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(_families(readings, with_listeners=with_listeners)))
    return generate_latest(registry)


class _Once:
    """A collector that is asked once."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(readings: Readings, *, with_listeners: bool) -> Iterator[Metric]:
    yield _gauge("up", "1 where the sockets could be read.", readings.sockets is not None)
    yield _gauge(
        "scan_duration_seconds", "How long reading the sockets took.", readings.scan_ms / 1000
    )
    yield _gauge(
        "scan_timestamp_seconds", "When this was read, Unix time.", readings.taken_ms / 1000
    )
    unreadable = _family("unreadable", "1 where a reader failed or saw a part only.", ["reader"])
    for reader, is_so in readings.unreadable.items():
        unreadable.add_metric([reader], float(is_so))
    yield unreadable
    yield _gauge("evaluating", "1 while a process evaluates the watches.", readings.is_evaluating)
    yield from _sockets(readings)
    yield from _watches(readings)
    if with_listeners:
        yield from _listeners(readings)


def _sockets(readings: Readings) -> Iterator[Metric]:
    if readings.sockets is not None:
        sockets = _family("sockets", "Sockets of this machine.", ["proto", "family", "state"])
        for count, number in sorted(readings.sockets.items()):
            sockets.add_metric([*count], number)
        yield sockets
    if readings.listeners is not None:
        listeners = _family("listeners", "Sockets that wait for clients.", ["proto", "scope"])
        for protocol in ("tcp", "udp"):
            for scope in ("loopback", "lan", "any"):
                number = readings.listeners.get((protocol, scope), 0)
                listeners.add_metric([protocol, scope], number)
        yield listeners
    used = _family(
        "ephemeral_used_ratio", "Share of the dynamic ports in use, 0 to 1.", ["proto", "family"]
    )
    for key, share in readings.dynamic_used.items():
        used.add_metric([key.protocol, key.family], share)
    yield used
    excluded = _family(
        "excluded_ports", "Ports that the system keeps back.", ["proto", "family", "kind"]
    )
    for key, number in readings.excluded.items():
        excluded.add_metric([key.protocol, key.family, key.kind], number)
    yield excluded


def _watches(readings: Readings) -> Iterator[Metric]:
    states = _family(
        "watch_state",
        "State of a watch: 0 ok, 1 pending, 2 firing or recovering, 3 unknown.",
        ["watch", "port", "proto"],
    )
    changed = _family(
        "watch_last_change_timestamp_seconds", "When a watch's state began.", ["watch"]
    )
    left = MOST_WATCH_SERIES
    for one in readings.watches[: left // 2]:
        port = "" if one.port is None else str(one.port)
        states.add_metric([_label(one.name), port, one.protocol], STATES[one.state])
        left -= 1
        if one.since_ms:
            changed.add_metric([_label(one.name)], one.since_ms / 1000)
            left -= 1
    dropped = len(readings.watches) - len(states.samples)
    yield states
    yield changed
    messages = CounterMetricFamily(
        "portview_notifications", "Messages by channel and result.", labels=["channel", "result"]
    )
    for channel, result, count in readings.messages[:left]:
        messages.add_metric([_label(channel), result], count)
    left -= len(messages.samples)
    yield messages
    repairs = CounterMetricFamily(
        "portview_repairs", "Steps of repairs by watch and result.", labels=["watch", "result"]
    )
    for watch, result, count in readings.repairs[: max(left, 0)]:
        repairs.add_metric([_label(watch), result], count)
    yield repairs
    dropped += len(readings.messages) - len(messages.samples)
    dropped += len(readings.repairs) - len(repairs.samples)
    yield _gauge("series_dropped", "What was left out to keep the number of series.", dropped)


def _listeners(readings: Readings) -> Iterator[Metric]:
    family = _family(
        "listener_info", "One socket that waits for clients.",
        ["proto", "address", "port", "process"],
    )  # fmt: skip
    seen: set[tuple[str, ...]] = set()
    for row in readings.listening:
        info = (
            readings.snapshot.processes.get(row.owner) if readings.snapshot and row.owner else None
        )
        labels = (
            row.key.protocol.value,
            row.key.local.address,
            str(row.key.local.port),
            _label((info.name if info else None) or ""),
        )
        if len(seen) < MOST_LISTENERS and labels not in seen:
            family.add_metric([*labels], 1)
        seen.add(labels)
    yield family
    yield _gauge("listener_info_dropped", "Listeners left out.", max(0, len(seen) - MOST_LISTENERS))


def _family(name: str, about: str, labels: list[str]) -> Any:
    return GaugeMetricFamily(f"portview_{name}", about, labels=labels)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"portview_{name}", about, value=float(value))


def _label(text: str) -> str:
    """Return machine text as a label that UTF-8 can hold."""
    return text[:_LONGEST_LABEL].encode("utf-8", "backslashreplace").decode("utf-8")
