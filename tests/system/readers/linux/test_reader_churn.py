"""Sockets come and go for hundreds of readings, and the reader holds on to nothing."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc

import pytest

from portview.readers.linux.sockets import LinuxSocketReader
from tests.benchmarks.socket_load import SocketLoad

pytestmark = pytest.mark.linux_only(reason="reads NETLINK_SOCK_DIAG and /proc")

SOCKETS = 400
WARM_UP, READINGS = 60, 240
_BYTES_OF_A_SOCKET = 2_500
"""Every socket is replaced some twenty times: what is kept of the old ones would come to more."""


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only counted


def test_churn_leaves_nothing_behind() -> None:
    reader = LinuxSocketReader()
    try:
        with SocketLoad(SOCKETS) as load:
            for _ in range(WARM_UP):
                load.churn(SOCKETS // 10)
                reader.read()
            files, threads = open_files(), threading.active_count()
            tracemalloc.start()
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(READINGS):
                load.churn(SOCKETS // 10)
                rows = reader.read().rows
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            # What was made before the trace and replaced since is new to it: a reading's worth.
            # Sockets of other tests are listed as well, and count on both sides.
            assert grown < len(rows) * _BYTES_OF_A_SOCKET
            # A walk over /proc that is under way may hold one more file.
            assert open_files() <= files + 2
            assert threading.active_count() == threads
    finally:
        tracemalloc.stop()
        reader.close()
