"""Asks for the name of a machine; names that were used before are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from portview.domain.errors import PortViewError
from portview.hosts.names import check_name
from portview.i18n import _, join_sentences
from portview.ui.style.tokens import SPACE_L, SPACE_M
from portview.ui.widgets.plain_label import PlainLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 460


class MachineChooser(QDialog):
    """``chosen`` carries a name that ssh can be given."""

    chosen = Signal(str)

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Other machine"))
        self.setMinimumWidth(_WIDTH)
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.name.addItems(list(names))
        line = self.name.lineEdit()
        if line is not None:
            line.setPlaceholderText("user@web1")
            line.selectAll()
        label = QLabel(_("&Machine:"))
        label.setBuddy(self.name)
        note = PlainLabel(
            _(
                "A name from your ssh configuration, or user@name. PortView has to be installed "
                "there, and your key accepted: nothing is asked."
            )
        )
        self.problem = PlainLabel()
        self.problem.hide()
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.connect_button = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.connect_button.setText(_("&Connect"))
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        column.setSpacing(SPACE_M)
        for part in (label, self.name, note, self.problem, buttons):
            column.addWidget(part)

    @Slot()
    def _on_accepted(self) -> None:
        try:
            name = check_name(self.name.currentText().strip())
        except PortViewError as error:
            self.problem.setText(join_sentences(error.message, error.hint))
            self.problem.show()
            self.name.setFocus()
            return
        self.accept()
        self.chosen.emit(name)
