"""Export: what is chosen is what stands in the file, and a file is whole or not there."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog, QMessageBox

from portview.domain.sockets.scope import Scope
from portview.domain.table.columns import COLUMNS
from portview.domain.table.export_file import ExportForm
from portview.ui.export.export_dialog import ExportDialog
from tests.gui.ui.conftest import NODE, PROCESSES, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Answer the system's own file dialog, which no test can press."""
    path = tmp_path / "漢 out"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    return path


def export(window: MainWindow, qtbot: QtBot, what: int, columns: int, form: ExportForm) -> None:
    window.acts["export"].trigger()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    dialog.choose(what, columns, form)
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    accept = QDialogButtonBox.ButtonRole.AcceptRole
    save = next(each for each in box.buttons() if box.buttonRole(each) is accept)
    with qtbot.waitSignal(window.export.finished):
        save.click()


def test_the_view_goes_to_csv_with_a_mark_and_the_shown_columns(
    window: MainWindow, qtbot: QtBot, target: Path
) -> None:
    window.filter_box.set_query_text("proc:node")
    export(window, qtbot, 0, 0, ExportForm.CSV)
    content = target.with_suffix(".csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[0] == [column.title for column in window.columns.shown()]
    port = rows[0].index("Port")
    assert [row[port] for row in rows[1:]] == ["3000", "8080", "8443"]
    assert "Exported 3 sockets" in window.status.currentMessage()


def test_a_name_that_a_spreadsheet_would_run_is_defused_in_csv_and_in_no_other_form(
    window: MainWindow, show: Callable[..., None], qtbot: QtBot, target: Path
) -> None:
    name = '=HYPERLINK("http://192.0.2.1","漢")'
    owner = replace(NODE, name=name)
    show(*ROWS, processes={**PROCESSES, owner.key: owner})
    window.filter_box.set_query_text("port:8080")
    for form in (ExportForm.CSV, ExportForm.JSON):
        export(window, qtbot, 0, 0, form)
    text = target.with_suffix(".csv").read_text("utf-8-sig")
    (header, row) = csv.reader(io.StringIO(text, newline=""))
    assert row[header.index("Process")] == f"'{name}"
    (socket,) = json.loads(target.with_suffix(".json").read_text("utf-8"))["sockets"]
    assert socket["process"] == name


def test_what_has_closed_is_not_exported(
    window: MainWindow, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    window.set_scope(Scope.ALL)
    show(*rows[1:])
    assert window.model.rowCount() == len(rows), "the closed one lingers"
    exportable = window.exportable()
    assert len(exportable.shown) == len(exportable.everything) == len(rows) - 1


def test_everything_goes_to_json_as_the_command_line_writes_it(
    window: MainWindow, qtbot: QtBot, target: Path
) -> None:
    window.filter_box.set_query_text("proc:nobody")
    export(window, qtbot, 1, 0, ExportForm.JSON)
    document = json.loads(target.with_suffix(".json").read_text("utf-8"))
    assert len(document["sockets"]) == 9
    assert document["source"] == "written down"


def test_all_columns_go_to_html(window: MainWindow, qtbot: QtBot, target: Path) -> None:
    window.set_scope(Scope.ALL)
    export(window, qtbot, 0, 1, ExportForm.HTML)
    page = target.with_suffix(".html").read_text("utf-8")
    assert page.count("<th ") == len(COLUMNS)
    assert "&lt;b&gt;sh &amp; co&lt;/b&gt;" in page


def test_a_folder_that_refuses_is_told_with_the_next_step(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    dialog = ExportDialog(window.exportable(), window)
    window.export.write(tmp_path / "missing" / "a.csv", dialog, window.exportable())
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is not None)
    box = window.findChild(QMessageBox)
    assert box is not None
    assert "could not be written" in box.text()
    assert "another folder" in box.informativeText()
    box.close()
    dialog.close()


def test_json_has_no_choice_of_columns(window: MainWindow) -> None:
    dialog = ExportDialog(window.exportable(), window)
    dialog.choose(0, 0, ExportForm.JSON)
    assert not dialog._columns.isEnabled()
    assert dialog._columns.toolTip()
    dialog.choose(0, 0, ExportForm.HTML)
    assert dialog._columns.isEnabled()
    dialog.close()
