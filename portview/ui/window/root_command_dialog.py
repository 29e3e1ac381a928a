"""With which command root sees every owner, where the window itself stays without rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout

from portview.i18n import _
from portview.ui.widgets.wrapped_label import wrapped_label

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_LINES, _WIDTH = 2, 520


class RootCommandDialog(QDialog):
    """Shows a command and copies it."""

    def __init__(self, command: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Administrator rights"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        explanation = wrapped_label(_("Explanation"))
        explanation.setText(
            _(
                "The window keeps the rights that you have. Where an action needs root, PortView "
                "asks for that action alone. To see the owner of every socket, run this in a "
                "terminal:"
            )
        )
        self.command = QPlainTextEdit(command)
        self.command.setReadOnly(True)
        self.command.setAccessibleName(_("Command"))
        self.command.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        margins = 2 * (self.command.frameWidth() + int(self.command.document().documentMargin()))
        self.command.setFixedHeight(self.command.fontMetrics().lineSpacing() * _LINES + margins)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = self.buttons.addButton(
            _("&Copy command"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.copy_button.clicked.connect(self._on_copy)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(explanation)
        layout.addWidget(self.command)
        layout.addWidget(self.buttons)
        self.resize(_WIDTH, layout.totalHeightForWidth(_WIDTH))

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command.toPlainText())
