"""One way of reading all sockets, in a process of its own, so that its memory is its own.

Runs as a script: ``contestant.py portview|psutil|kernel``. For each line on standard input it
reads once and prints ``{"ms": ..., "sockets": ..., "peak_mib": ...}``; it ends when the input does.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable


def portview() -> Callable[[], int]:
    """Read, describe the owners, and compare with the tick before: all that the engine does."""
    from portview.domain.sockets.snapshot import Snapshot, diff  # noqa: PLC0415 - the others go without
    from portview.readers.choose import open_reader  # noqa: PLC0415

    reader, last = open_reader(), Snapshot()

    def tick() -> int:
        nonlocal last
        snapshot = reader.read()
        diff(last.rows, snapshot.rows, snapshot.step)
        last = snapshot
        return len(snapshot.rows)

    return tick


def psutil() -> Callable[[], int]:
    """List all sockets with their PIDs."""
    from psutil import net_connections  # noqa: PLC0415 - the others go without

    return lambda: len(net_connections("inet"))


def kernel() -> Callable[[], int]:
    """Receive what the kernel tells and look at none of it but the end: the limit."""
    from portview.readers.linux.sock_diag import SockDiag  # noqa: PLC0415
    from portview.readers.linux.sock_diag_messages import dump_tcp_request  # noqa: PLC0415

    diag = SockDiag()
    done = (20).to_bytes(4, sys.byteorder) + (3).to_bytes(2, sys.byteorder)

    def dump() -> int:
        received = 0
        for piece, length in diag.ask(dump_tcp_request):
            received += length
            if piece.startswith(done) or piece[length - 20 : length - 14] == done:
                break
        return received // 124

    return dump


def main(name: str) -> None:
    """Read once for each line of standard input."""
    read = {"portview": portview, "psutil": psutil, "kernel": kernel}[name]()
    for _ in sys.stdin:
        started = time.perf_counter()
        sockets = read()
        took_ms = (time.perf_counter() - started) * 1000
        told = {"ms": took_ms, "sockets": sockets, "peak_mib": _peak_mib()}
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()


def _peak_mib() -> float | None:
    # Not ru_maxrss: that one survives exec, and so begins with the peak of the parent process.
    with suppress(OSError):
        status = Path("/proc/self/status").read_text("ascii", "replace")
        kib = status.partition("VmHWM:")[2].split(maxsplit=1)[0]
        return int(kib) / 1024
    return None


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1])
