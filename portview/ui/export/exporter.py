"""Export: from what there is to export to the written file; the dialog is loaded when wanted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal, Slot

from portview.domain.errors import PortViewError
from portview.engine.task_runner import Pool
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from portview.engine.task_runner import TaskRunner
    from portview.ui.export.export_dialog import ExportDialog
    from portview.ui.export.exportable import Exportable


class Export(QObject):
    """Leads from the dialog to the written file; the writing runs off the UI thread."""

    finished = Signal(str)

    def __init__(
        self,
        runner: TaskRunner,
        exportable: Callable[[], Exportable],
        window: QWidget,
        *,
        is_elevated: bool,
    ) -> None:
        super().__init__(window)
        self._runner = runner
        self._exportable = exportable
        self._window = window
        self._is_elevated = is_elevated
        self._folder = ""

    @Slot()
    def ask(self) -> None:
        """Ask what to export and where to."""
        from portview.ui.export.export_dialog import ExportDialog  # noqa: PLC0415 - loaded when wanted

        exportable = self._exportable()
        dialog = ExportDialog(exportable, self._window)
        dialog.accepted.connect(lambda: self._ask_for_file(dialog, exportable))
        dialog.open()

    def write(self, path: Path, dialog: ExportDialog, exportable: Exportable) -> None:
        """Write the file on a pool thread; ``finished`` reports the end of it."""
        form, columns, entries = dialog.form, tuple(dialog.columns), tuple(dialog.entries)

        def work(_work: object) -> Path:
            from portview.domain.table.export_file import export_content  # noqa: PLC0415 - likewise
            from portview.files import write_whole  # noqa: PLC0415 - likewise

            content = export_content(
                form,
                columns,
                entries,
                exportable.snapshot,
                exportable.context,
                is_elevated=self._is_elevated,
            )
            write_whole(path, content)
            return path

        count = len(entries)
        self._runner.run(
            work,
            pool=Pool.ACTIONS,
            on_done=lambda path: self.finished.emit(
                _("Exported {count:,} sockets to {path}").format(count=count, path=path)
            ),
            on_failed=self._on_failed,
        )

    def _ask_for_file(self, dialog: ExportDialog, exportable: Exportable) -> None:
        from PySide6.QtWidgets import QFileDialog  # noqa: PLC0415 - likewise

        from portview.ui.export.export_dialog import FORMS  # noqa: PLC0415 - likewise

        documents = QStandardPaths.StandardLocation.DocumentsLocation
        folder = self._folder or QStandardPaths.writableLocation(documents)
        name, _unused = QFileDialog.getSaveFileName(
            self._window,
            _("Export"),
            str(Path(folder, f"sockets.{dialog.form}")),
            _(FORMS[dialog.form][1]),
        )
        if not name:
            return
        path = Path(name)
        if not path.suffix:
            path = path.with_suffix(f".{dialog.form}")
        self._folder = str(path.parent)
        self.write(path, dialog, exportable)

    def _on_failed(self, error: Exception) -> None:
        from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415 - likewise

        hint = error.hint if isinstance(error, PortViewError) else ""
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(_("Export"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(str(error))
        box.setInformativeText(hint)
        box.open()
