"""The real Prometheus and Alertmanager, from packages that ``dev.py`` lays out for the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

_TOOLS = Path(sys.prefix, "test-tools")
_PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}


def tool(name: str) -> str:
    """Return a program of the engines, or skip."""
    unpacked = _TOOLS / _PACKAGES[name] / "usr" / "bin"
    found = shutil.which(name) or shutil.which(name, path=str(unpacked))
    if found is None:
        pytest.skip(f"{name} is in no package of this system")
    return found


def seeing_its_files() -> list[str]:
    """Return the start of a command in whose view of the disk Alertmanager is installed."""
    if Path("/usr/share/prometheus/alertmanager/default.tmpl").exists():
        return []
    share = _TOOLS / "prometheus-alertmanager" / "usr" / "share"
    mount = f"mount -t overlay overlay -o lowerdir={share}:/usr/share /usr/share"
    start = ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    if subprocess.run([*start, "true"], capture_output=True, check=False).returncode:
        pytest.skip("the package's files can't be shown to its program here")
    return start


def free_port() -> int:
    """Return a port that nobody had a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def wait_until(is_so: Callable[[], object], patience_s: float = 60) -> None:
    """Wait for something that another process does."""
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        if is_so():
            return
        time.sleep(0.2)  # between two questions to another process
    raise AssertionError("it never came about")
