"""The scan window: results as they come, consent, the comparison and the export."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from portview.probes.scan import OpenPort
from portview.ui.probing import scan_task
from portview.ui.probing.scan_model import ScanModel

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.ui.probing.probing_tools import ProbingTools
    from portview.ui.probing.scan_page import ScanPage


def scan(qtbot: QtBot, window: ScanPage, host: str, ports: str) -> None:
    window.form.host.setText(host)
    window.form.ports.setText(ports)
    window.bring_up()
    qtbot.keyClick(window.form.host, Qt.Key.Key_Return)


def wait_for_end(qtbot: QtBot, window: ScanPage) -> None:
    qtbot.waitUntil(lambda: window._end is not None, timeout=60_000)


def test_a_listener_is_found_with_its_owner_and_the_table_agrees(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[subprocess.Popen[str], int]],
) -> None:
    _, port = child_listener()
    main = open_window().window
    qtbot.waitUntil(lambda: any(one.row.local.port == port for one in main.model.all_entries()))
    window = main.probing.scan_page
    scan(qtbot, window, "127.0.0.1", f"{port}")
    wait_for_end(qtbot, window)
    assert window.model.ports == [port]
    assert "python" in window.model.data(window.model.index(0, 2)).lower()
    assert "1 open port" in window.headline.text
    assert "says the same" in window.headline.text


def test_results_are_exported_whole(
    qtbot: QtBot, tools: ProbingTools, listener: Callable[..., int], tmp_path: Path
) -> None:
    ports = sorted(listener() for _ in range(3))
    window = tools.scan_page
    scan(qtbot, window, "127.0.0.1", ",".join(map(str, ports)))
    wait_for_end(qtbot, window)
    told: list[str] = []
    tools.notified.connect(told.append)
    for number, form in enumerate(("csv", "json"), 1):
        window.export_to(tmp_path / f"scan.{form}", form)
        qtbot.waitUntil(lambda number=number: len(told) == number)
    lines = (tmp_path / "scan.csv").read_text("utf-8-sig").splitlines()
    assert [int(line.split(",")[1]) for line in lines[1:]] == ports
    document = json.loads((tmp_path / "scan.json").read_text())
    assert [one["port"] for one in document["open"]] == ports
    assert document["comparison"] is not None
    window.export_to(tmp_path / "no such folder" / "scan.csv", "csv")
    qtbot.waitUntil(lambda: "Not saved" in window.headline.text)


def test_another_machine_is_not_scanned_without_consent(qtbot: QtBot, tools: ProbingTools) -> None:
    window = tools.scan_page
    scan(qtbot, window, "203.0.113.7", "80")
    qtbot.waitUntil(lambda: window.consent is not None)
    box = window.consent
    assert box is not None
    assert "203.0.113.7" in box.text()
    assert box.defaultButton() is box.button(QMessageBox.StandardButton.Cancel)
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert window.consent is None
    assert "Nothing was sent" in window.headline.text
    assert window._end is None


def test_consent_is_asked_once_for_each_host(
    qtbot: QtBot,
    tools: ProbingTools,
    listener: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Only loopback may be scanned by a test, so it plays another machine.
    monkeypatch.setattr(scan_task, "is_this_machine", lambda _address: False)
    port = listener()
    window = tools.scan_page
    scan(qtbot, window, "127.0.0.1", str(port))
    qtbot.waitUntil(lambda: window.consent is not None)
    assert window.consent is not None
    window.consent.buttons()[0].click()
    wait_for_end(qtbot, window)
    assert window.model.ports == [port]
    scan(qtbot, window, "127.0.0.1", str(port))
    assert window._end is None
    wait_for_end(qtbot, window)
    assert window.consent is None


def test_cancelling_is_at_once_and_keeps_what_was_found(
    qtbot: QtBot, tools: ProbingTools, listener: Callable[..., int]
) -> None:
    port = listener()
    window = tools.scan_page
    window.form.rate.setText("50")
    scan(qtbot, window, "127.0.0.1", f"1-65535,{port}")
    qtbot.waitUntil(lambda: window.bar.value() > 2, timeout=30_000)
    assert window.left.text().endswith("left")
    started = time.perf_counter()
    window.cancel_button.click()
    assert time.perf_counter() - started < 0.1
    assert "Cancelled" in window.headline.text
    assert not window.bar.isVisible()
    assert window.scan_button.isEnabled()


@pytest.mark.parametrize("ports", ["0", "80-", "90-80", "65536", "whatever"])
def test_ports_that_make_no_sense_are_marked(qtbot: QtBot, tools: ProbingTools, ports: str) -> None:
    window = tools.scan_page
    scan(qtbot, window, "localhost", ports)
    assert window.form.ports.mistake is not None
    assert not window._task.is_running


def test_presets_fill_in_the_ports(qtbot: QtBot, tools: ProbingTools) -> None:
    form = tools.scan_page.form
    form.preset.setCurrentIndex(1)
    form.preset.activated.emit(1)
    assert form.ports.text() == "1-1024"
    form.ports.setText("all")
    assert form.preset.currentData() == "all"
    assert form.ports.value is not None
    assert len(form.ports.value) == 65_535
    form.ports.setText("5")
    assert form.preset.currentData() is None


def test_enter_on_a_result_asks_it_in_detail(
    qtbot: QtBot, tools: ProbingTools, listener: Callable[..., int]
) -> None:
    port = listener()
    window = tools.scan_page
    scan(qtbot, window, "127.0.0.1", str(port))
    wait_for_end(qtbot, window)
    window.table.activated.emit(window.model.index(0, 0))
    probe = tools.probe_page
    qtbot.waitUntil(lambda: probe.history.count() == 1, timeout=30_000)
    assert probe.form.target.text() == f"127.0.0.1:{port}"


def test_rows_stay_sorted_and_selected_while_more_come(qtbot: QtBot) -> None:
    model = ScanModel()
    model.sort(3, Qt.SortOrder.DescendingOrder)
    model.add([OpenPort(80, "http", 2.0), OpenPort(22, "ssh", 1.0, "SSH-2.0\u202e")])
    kept = model.index(0, 0)
    from PySide6.QtCore import QPersistentModelIndex  # noqa: PLC0415 - of this test alone

    held = QPersistentModelIndex(kept)
    model.add([OpenPort(443, "https", 3.0), OpenPort(21, "", 0.5)])
    assert model.ports == [443, 80, 22, 21]
    assert held.row() == 1
    model.set_owners({22: "sshd"})
    model.sort(0)
    assert model.ports == [21, 22, 80, 443]
    assert model.data(model.index(1, 2)) == "sshd"
    assert "\u202e" not in model.data(model.index(1, 4))
    assert model.as_text().splitlines()[2].startswith("22\tssh\tsshd\t1.0 ms\tSSH-2.0")
    model.clear()
    assert model.rowCount() == 0
