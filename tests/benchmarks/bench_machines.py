"""What looking after 10, 100 and 1,000 machines costs: bytes a minute, series, ssh at a time."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from portview.hosts.asking import AT_ONCE
from portview.watch.metrics.exposition import exposition
from portview.watch.metrics.readings import RangeKey, Readings, SocketCount, WatchReading
from tests.benchmarks.report import Report

if TYPE_CHECKING:
    from tests.benchmarks.options import Options
    from tests.benchmarks.report import Cell

NAME = "machines"
IS_LONG = False

_MACHINES = (10, 100, 1000)
_WATCHES = 20
_SCRAPES_A_MINUTE = 4
_STATES = ("LISTEN", "ESTABLISHED", "TIME_WAIT", "CLOSE_WAIT", "SYN_SENT", "FIN_WAIT_2")


def run(options: Options) -> Report:
    """Render what one machine with 20 watches says, and count for many."""
    del options
    text = exposition(_readings())
    series = sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))
    packed = len(zlib.compress(text))
    check = len(json.dumps({"watches": [_watch_object(n) for n in range(_WATCHES)]}, indent=2))
    rows: list[tuple[Cell, ...]] = [
        (
            f"{count:,}",
            float(count * series),
            count * packed * _SCRAPES_A_MINUTE / 1000,
            count * check / 1000,
            float(min(count, AT_ONCE)),
        )
        for count in _MACHINES
    ]
    columns = ("machines", "series", "metrics, kB a minute", "check once, kB", "ssh at a time")
    note = (
        f"{_WATCHES} watches a machine; {_SCRAPES_A_MINUTE} scrapes a minute, compressed as "
        f"Prometheus asks for it: {packed} bytes each ({len(text)} bytes plain)."
    )
    return Report("Many machines", columns, tuple(rows), (note,))


def _readings() -> Readings:
    kinds = [SocketCount(p, f, s) for p in ("tcp",) for f in ("ipv4", "ipv6") for s in _STATES]
    keys = [RangeKey(p, f) for p in ("tcp", "udp") for f in ("ipv4", "ipv6")]
    return Readings(
        taken_ms=1_800_000_000_000,
        sockets=dict.fromkeys(kinds, 17),
        listeners=Counter({("tcp", "any"): 9}),
        dynamic_used=dict.fromkeys(keys, 0.0123),
        excluded={key._replace(kind=kind): 3 for key in keys for kind in ("reserved", "excluded")},
        watches=[
            WatchReading(f"service {n}", 8000 + n, "tcp", "ok", 1_800_000_000_000)
            for n in range(_WATCHES)
        ],
        messages=[("ops", "sent", 12), ("ops", "failed", 1)],
        unreadable=dict.fromkeys(("sockets", "owners", "port_ranges", "watches", "store"), False),
    )


def _watch_object(number: int) -> dict[str, object]:
    return {
        "name": f"service {number}",
        "state": "ok",
        "since": "2026-01-31T08:15:00.250Z",
        "incident": None,
        "detail": f"node (PID {number}) listens on 127.0.0.1:{8000 + number}.",
        "port": 8000 + number,
        "checked": "2026-01-31T08:15:00.250Z",
        "flapping": False,
        "acknowledged": False,
        "silenced_until": None,
    }
