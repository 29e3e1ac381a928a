"""A window left open on 3,000 churning sockets: does it stay where the reader left it?"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.report import Report
from tests.benchmarks.socket_load import SocketLoad

if TYPE_CHECKING:
    from tests.benchmarks.options import Options

NAME = "reading"
IS_LONG = True

_CONTESTANT = Path(__file__).with_name("window_contestant.py")
_SOCKETS = 3_000
_CHURN = 0.05
_INTERVAL_S = 0.5


def run(options: Options) -> Report:
    """Let sockets come and go around a row that a reader selected in the middle of the table."""
    # Its port lies among those of the load, so that rows come and go above and below it.
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        SocketLoad(_SOCKETS) as load,
        tempfile.TemporaryDirectory() as folder,
    ):
        window = subprocess.Popen(
            [sys.executable, str(_CONTESTANT), "reading"],
            env={
                "QT_QPA_PLATFORM": "offscreen",
                **os.environ,
                "PORTVIEW_CONFIG_DIR": folder,
                "PORTVIEW_LOG_DIR": folder,
                "BENCH_PORT": str(listener.getsockname()[1]),
                "BENCH_SECONDS": str(options.minutes * 60),
                "BENCH_STARTED": str(time.monotonic()),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            while window.poll() is None:
                load.churn(round(_SOCKETS * _CHURN))
                time.sleep(_INTERVAL_S)
        finally:
            if window.poll() is None:
                window.terminate()
            output, _ = window.communicate()
    told = json.loads(output)
    rows = tuple((name, value) for name, value in told.items())
    return Report(
        f"Reading for {options.minutes:g} minutes, {_SOCKETS:,} sockets, {_CHURN:.0%} churn a tick",
        ("what", "measured"),
        rows,
    )
