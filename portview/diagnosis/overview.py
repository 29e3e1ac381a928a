"""The state of all ports: ranges, how many are in use and by whom, and what may go wrong."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.diagnosis.foresight import PortWarning, warnings_for
from portview.diagnosis.joining import usage_of
from portview.domain.sockets.socket_row import Protocol
from portview.readers.port_ranges import read_port_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.diagnosis.facts import Usage
    from portview.domain.sockets.port_ranges import PortRange, PortRanges
    from portview.domain.sockets.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class PortsOverview:
    """The ports of one protocol. ``usage`` is None where the dynamic range is not known."""

    protocol: Protocol
    ranges: PortRanges
    usage: Usage | None
    warnings: tuple[PortWarning, ...]


def read_overview(snapshot: Snapshot, wanted: Iterable[int]) -> tuple[PortsOverview, ...]:
    """Return the overview of both protocols. Blocks on Windows for some 200 ms; any thread.

    ``wanted`` are the ports that a person cares for.
    """
    wanted = tuple(wanted)
    found = []
    for protocol in Protocol:
        ranges = read_port_ranges(protocol)
        usage = usage_of(snapshot, protocol, ranges) if ranges.dynamic else None
        warnings = warnings_for(protocol, ranges, usage, wanted, sys.platform)
        found.append(PortsOverview(protocol, ranges, usage, warnings))
    return tuple(found)


def overview_object(overview: PortsOverview) -> dict[str, Any]:
    """Return one protocol of ``ports --json``."""
    usage, ranges = overview.usage, overview.ranges
    return {
        "protocol": overview.protocol.value,
        "dynamic": _range_object(ranges.dynamic) if ranges.dynamic else None,
        "excluded": [
            {**_range_object(one), "administered": one.is_administered} for one in ranges.excluded
        ],
        "used": usage.used if usage else None,
        "size": usage.size if usage else None,
        "time_wait": usage.time_wait if usage else None,
        "by_process": [
            {"process": name, "ports": count} for name, count in (usage.by_process if usage else ())
        ],
        "warnings": [
            {"code": one.code, "sentence": one.sentence, "ports": list(one.ports)}
            for one in overview.warnings
        ],
        "notes": list(ranges.notes),
    }


def _range_object(one: PortRange) -> dict[str, int]:
    return {"first": one.first, "last": one.last}
