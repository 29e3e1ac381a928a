"""Export: which sockets, which columns, in which form, into which file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGroupBox,
    QHBoxLayout,
    QMessageBox,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from portview.domain.columns import COLUMNS
from portview.domain.export_file import ExportForm, export_content
from portview.domain.outcome import PortViewError
from portview.engine.task_runner import Pool
from portview.files import write_whole
from portview.models.liveness import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portview.domain.cells import CellContext
    from portview.domain.columns import Column
    from portview.domain.entry import Entry
    from portview.domain.snapshot import Snapshot
    from portview.engine.task_runner import TaskRunner
    from portview.models.socket_table_model import SocketTableModel

_FORMS = {
    ExportForm.CSV: ("&CSV, for spreadsheets", "CSV files (*.csv)"),
    ExportForm.JSON: ("&JSON, for programs: all facts", "JSON files (*.json)"),
    ExportForm.HTML: ("&HTML, for reading and sending", "HTML files (*.html)"),
}


@dataclass(frozen=True, slots=True)
class Exportable:
    """What there is to export at one moment: entries shown in their order, and all there are."""

    shown: Sequence[Entry]
    everything: Sequence[Entry]
    shown_columns: Sequence[Column]
    snapshot: Snapshot
    context: CellContext


def open_sockets(model: SocketTableModel, entries: Iterable[Entry]) -> list[Entry]:
    """Leave out what lingers as closed: a file has no way to fade."""
    return [entry for entry in entries if model.mark_of(entry.row.key) is not Mark.CLOSED]


class ExportDialog(QDialog):
    """Asks what to export; ``form``, ``entries`` and ``columns`` tell."""

    def __init__(self, exportable: Exportable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export")
        self._exportable = exportable
        shown, everything = len(exportable.shown), len(exportable.everything)
        self._what = _Choice(
            "Sockets", [f"&This view ({shown:,})", f"&Everything ({everything:,})"]
        )
        self._columns = _Choice("Columns", ["Those that are &shown", "&All columns"])
        self._form = _Choice("Form", [title for title, _ in _FORMS.values()])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        save = buttons.addButton("Save as\u2026", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._form.changed.connect(self._on_form_changed)
        both = QHBoxLayout()
        both.addWidget(self._what)
        both.addWidget(self._columns)
        layout = QVBoxLayout(self)
        layout.addLayout(both)
        layout.addWidget(self._form)
        layout.addWidget(buttons)
        # Only a button that is in its dialog already can become the one that Enter presses.
        save.setDefault(True)
        self._what.focus_chosen()

    @property
    def form(self) -> ExportForm:
        """Return the chosen form."""
        return list(_FORMS)[self._form.chosen]

    @property
    def entries(self) -> Sequence[Entry]:
        """Return the entries to export."""
        exportable = self._exportable
        return exportable.everything if self._what.chosen else exportable.shown

    @property
    def columns(self) -> Sequence[Column]:
        """Return the columns to export."""
        return COLUMNS if self._columns.chosen else self._exportable.shown_columns

    @Slot()
    def _on_form_changed(self) -> None:
        is_json = self.form is ExportForm.JSON
        self._columns.setEnabled(not is_json)
        self._columns.setToolTip("JSON always has all facts, by stable names." if is_json else "")

    def choose(self, what: int, columns: int, form: ExportForm) -> None:
        """Choose as a person would: by number from the top."""
        self._what.choose(what)
        self._columns.choose(columns)
        self._form.choose(list(_FORMS).index(form))


class _Choice(QGroupBox):
    changed = Signal()

    def __init__(self, title: str, texts: Sequence[str]) -> None:
        super().__init__(title)
        self._group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        for number, text in enumerate(texts):
            button = QRadioButton(text)
            self._group.addButton(button, number)
            layout.addWidget(button)
        layout.addStretch()
        self._group.button(0).setChecked(True)
        self._group.idToggled.connect(self._on_toggled)

    @property
    def chosen(self) -> int:
        return self._group.checkedId()

    def focus_chosen(self) -> None:
        self._group.button(self.chosen).setFocus()

    def choose(self, number: int) -> None:
        self._group.button(number).setChecked(True)

    def _on_toggled(self, _number: int, is_chosen: bool) -> None:  # noqa: FBT001 - a Qt signal's form
        if is_chosen:
            self.changed.emit()


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
        exportable = self._exportable()
        dialog = ExportDialog(exportable, self._window)
        dialog.accepted.connect(lambda: self._ask_for_file(dialog, exportable))
        dialog.open()

    def write(self, path: Path, dialog: ExportDialog, exportable: Exportable) -> None:
        """Write the file on a pool thread; ``finished`` tells the end of it."""
        form, columns, entries = dialog.form, tuple(dialog.columns), tuple(dialog.entries)

        def work(_work: object) -> Path:
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
            on_done=lambda path: self.finished.emit(f"Exported {count:,} sockets to {path}"),
            on_failed=self._on_failed,
        )

    def _ask_for_file(self, dialog: ExportDialog, exportable: Exportable) -> None:
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        folder = self._folder or QStandardPaths.writableLocation(documents)
        name, _ = QFileDialog.getSaveFileName(
            self._window,
            "Export",
            str(Path(folder, f"sockets.{dialog.form}")),
            _FORMS[dialog.form][1],
        )
        if not name:
            return
        path = Path(name)
        if not path.suffix:
            path = path.with_suffix(f".{dialog.form}")
        self._folder = str(path.parent)
        self.write(path, dialog, exportable)

    def _on_failed(self, error: Exception) -> None:
        hint = error.hint if isinstance(error, PortViewError) else ""
        box = QMessageBox(self._window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Export")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(str(error))
        box.setInformativeText(hint)
        box.open()
