"""What is asked of a person who exports: which sockets, which columns, in which form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QGroupBox,
    QHBoxLayout,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from portview.domain.table.columns import COLUMNS
from portview.domain.table.export_file import ExportForm
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.table.columns import Column
    from portview.ui.export.exportable import Exportable

FORMS = {
    ExportForm.CSV: (N_("&CSV, for spreadsheets"), N_("CSV files (*.csv)")),
    ExportForm.JSON: (N_("&JSON, for programs: all facts"), N_("JSON files (*.json)")),
    ExportForm.HTML: (N_("&HTML, for reading and sending"), N_("HTML files (*.html)")),
}
"""What each form is called among the choices, and among the system's file types."""


class ExportDialog(QDialog):
    """Asks what to export; ``form``, ``entries`` and ``columns`` report."""

    def __init__(self, exportable: Exportable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Export"))
        self._exportable = exportable
        shown, everything = len(exportable.shown), len(exportable.everything)
        self._what = _Choice(
            _("Sockets"),
            [_("&This view ({shown:,})").format(shown=shown), f"&Everything ({everything:,})"],
        )
        self._columns = _Choice(_("Columns"), [_("Those that are &shown"), _("&All columns")])
        self._form = _Choice(_("Form"), [_(title) for title, _unused in FORMS.values()])
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        save = buttons.addButton(_("Save as…"), QDialogButtonBox.ButtonRole.AcceptRole)
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
        return list(FORMS)[self._form.chosen]

    @property
    def entries(self) -> Sequence[SocketEntry]:
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
        self._columns.setToolTip(
            _("JSON always has all facts, by stable names.") if is_json else ""
        )

    def choose(self, what: int, columns: int, form: ExportForm) -> None:
        """Choose as a person would: by number from the top."""
        self._what.choose(what)
        self._columns.choose(columns)
        self._form.choose(list(FORMS).index(form))


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
