"""What every test relies on: its own folders, no screen, and nothing left behind."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Qt reads these when it is first imported. On Windows (and its bench) the real platform is used.
if sys.platform != "win32":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# How long an example takes is the machine's business, and no verdict on the code. Every run tries
# the same examples, so that it tells of the change at hand; who looks for new ones says so.
hypothesis.settings.register_profile(
    "portview",
    deadline=None,
    derandomize="PORTVIEW_EXPLORE" not in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("portview")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what can't run here, with the reason that the test's marker gives."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    here = {
        "linux_only": sys.platform == "linux",
        "windows_only": sys.platform == "win32",
        "root_only": is_root,
    }
    for item in items:
        for name, is_here in here.items():
            marker = item.get_closest_marker(name)
            if marker is None:
                continue
            reason = marker.kwargs.get("reason") or (marker.args[0] if marker.args else "")
            if not reason:
                raise pytest.UsageError(f"{item.nodeid}: the marker {name} gives no reason")
            if not is_here:
                item.add_marker(pytest.mark.skip(reason=f"{name}: {reason}"))


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep settings and logs of a test in its own folder."""
    monkeypatch.setenv("PORTVIEW_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("PORTVIEW_LOG_DIR", str(tmp_path / "log"))


@pytest.fixture
def own_network() -> Iterator[None]:
    """Give a test a network of its own where that can be had, so that no stranger takes a port."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("ip") is None:
        yield
        return
    from tests.netns import own_network_namespace  # noqa: PLC0415 - found by the path set above

    with own_network_namespace():
        yield


@pytest.fixture(autouse=True)
def no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread or a socket behind."""
    threads = set(threading.enumerate())
    sockets = open_sockets()
    yield
    left = [
        thread
        for thread in threading.enumerate()
        # Stands for a thread of Qt's pools, whose end Python never hears of; those are waited for
        # when their runner is shut down.
        if thread not in threads and not isinstance(thread, threading._DummyThread)
    ]
    for thread in left:
        thread.join(timeout=5)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"{request.node.nodeid} left threads behind: {alive}"
    if open_sockets() - sockets:
        gc.collect()  # one in a reference cycle is closed with a ResourceWarning, which fails too
    assert not open_sockets() - sockets, f"{request.node.nodeid} left sockets open"


def open_sockets() -> set[str]:
    """Return what identifies each socket that this process holds."""
    if sys.platform == "linux":
        found = set()
        for entry in Path("/proc/self/fd").iterdir():
            try:
                target = str(entry.readlink())
            except OSError:
                continue
            if target.startswith("socket:"):
                found.add(target)
        return found
    connections = psutil.Process().net_connections(kind="inet")
    return {f"{c.type} {c.laddr} {c.raddr}" for c in connections if c.status != "TIME_WAIT"}
