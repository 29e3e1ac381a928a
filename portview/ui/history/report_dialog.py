"""Asks where a report goes, writes it and offers to open it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox

from portview.engine.task_runner import Pool
from portview.i18n import _, join_sentences, ngettext
from portview.ui.widgets.tool_window import describe_failure
from portview.watch.history.write_report import ReportRequest, write_report

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.engine.task_runner import TaskRunner
    from portview.watch.history.report_facts import ReportFacts


class ReportDialog(QObject):
    """Leads from a request to the written file. ``notified`` reports the end of it."""

    notified = Signal(str)

    def __init__(self, runner: TaskRunner, parent: QWidget) -> None:
        super().__init__(parent)
        self._runner = runner
        self._parent = parent

    def ask(self, request: ReportRequest) -> None:
        """Ask for the file."""
        places = QStandardPaths.StandardLocation
        folder = QStandardPaths.writableLocation(places.DocumentsLocation)
        dialog = QFileDialog(
            self._parent,
            _("Save report"),
            str(Path(folder, "portview-report.html")),
            _("HTML files (*.html)"),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("html")
        dialog.fileSelected.connect(lambda path: self.write(request, Path(path)))
        dialog.open()

    def write(self, request: ReportRequest, path: Path) -> None:
        """Write the report on a pool's thread, then offer to open it."""
        self._runner.run(
            lambda _work: write_report(request, path),
            pool=Pool.PROBES,
            on_done=lambda facts: self._on_written(path, facts),
            on_failed=lambda error: self.notified.emit(join_sentences(*describe_failure(error))),
        )

    def _on_written(self, path: Path, facts: ReportFacts) -> None:
        self.notified.emit(_("Saved: {path}").format(path=path))
        box = QMessageBox(self._parent)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Information)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(_("Report"))
        count = len(facts.ports)
        text = ngettext(
            "The report about {count} port is saved.", "The report about {count} ports is saved.",
            count,
        )  # fmt: skip
        box.setText(text.format(count=count))
        box.setInformativeText(str(path))
        open_it = box.addButton(_("&Open"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Close)
        box.setDefaultButton(open_it)
        open_it.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))))
        box.open()
