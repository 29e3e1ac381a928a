"""What the window writes down about itself for tests from outside."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtGui import QImage

from portview.ui.window.self_report import SelfReport
from tests.factories import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow


class NoSockets:
    """A machine without any socket."""

    source = "made up"

    def read(self) -> Any:
        return snapshot([])

    def close(self) -> None: ...


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened.getsockname()[1]


def report_of(opened: RunningWindow, qtbot: QtBot, file: Path) -> dict[str, Any]:
    SelfReport(opened.window, opened.poller, file)
    qtbot.waitUntil(file.exists, timeout=20_000)
    content: dict[str, Any] = json.loads(file.read_text("ascii"))
    return content


def test_the_report_has_the_rows_and_a_plot_with_lines(
    open_window: Callable[..., RunningWindow], qtbot: QtBot, tmp_path: Path, listener: int
) -> None:
    report = report_of(open_window(), qtbot, tmp_path / "window.json")
    assert str(listener) in {row["port"] for row in report["rows"]}
    assert report["picture"] == str(tmp_path / "window.png")
    plot = report["plot"]
    assert plot["picture"] == str(tmp_path / "window-plot.png")
    assert not QImage(plot["picture"]).isNull()
    assert plot["lines"]
    assert min(plot["lines"].values()) >= 2


def test_a_plot_that_can_not_be_loaded_is_missing_from_the_report(
    open_window: Callable[..., RunningWindow],
    qtbot: QtBot,
    tmp_path: Path,
    listener: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "portview.ui.details.traffic_plot", raising=False)
    monkeypatch.setitem(sys.modules, "numpy", None)
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyqtgraph"]:
        monkeypatch.delitem(sys.modules, name)
    opened = open_window()
    with qtbot.capture_exceptions() as exceptions:
        report = report_of(opened, qtbot, tmp_path / "window.json")
        opened.window.details.set_open(False)
    assert report["plot"] is None
    assert report["rows"]
    assert {kind for kind, _, _ in exceptions} == {ModuleNotFoundError}


def test_a_machine_without_sockets_is_reported_too(
    open_window: Callable[..., RunningWindow], qtbot: QtBot, tmp_path: Path
) -> None:
    report = report_of(open_window(reader=NoSockets()), qtbot, tmp_path / "window.json")
    assert report["rows"] == []
    assert report["plot"] is None
