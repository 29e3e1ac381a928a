"""What a rule of the firewall would do, before it is made: what to know first, then the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from portview.domain.severity import Severity
from portview.i18n import _
from portview.ui.confirm.confirmation_view import plain_label
from portview.ui.style.severity_style import severity_icon
from portview.ui.style.theme import monospace_font
from portview.ui.widgets.plain_field import PlainField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.confirmation.confirmation import Confirmation

_ICON_SIZE = 20
_MOST_LINES = 5


class RulePreview(QWidget):
    """Shows a proposal; ``copied`` follows when the command was put on the clipboard."""

    copied = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.now = plain_label("")
        self.remarks = QWidget()
        self._remark_room = QVBoxLayout(self.remarks)
        self._remark_room.setContentsMargins(0, 0, 0, 0)
        self._remark_room.setSpacing(6)
        self.title = QLabel(_("This will run:"))
        self.command = PlainField(_("Command that will run"), _MOST_LINES)
        self.command.setFont(monospace_font(self.font()))
        self.copy_button = QPushButton(_("&Copy"))
        self.copy_button.setAutoDefault(False)
        self.copy_button.setToolTip(_("Copy the command"))
        self.copy_button.clicked.connect(self._copy)
        self.frame = QFrame()
        self.frame.setFrameShape(QFrame.Shape.StyledPanel)
        self.frame.setBackgroundRole(QPalette.ColorRole.Base)
        self.frame.setAutoFillBackground(True)
        line = QHBoxLayout(self.frame)
        line.setContentsMargins(10, 8, 8, 8)
        line.addWidget(self.command, 1, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for widget in (self.now, self.remarks, self.title, self.frame):
            layout.addWidget(widget)

    @property
    def warning_texts(self) -> list[str]:
        """Return what is warned of."""
        return self._texts(Severity.BAD)

    @property
    def note_texts(self) -> list[str]:
        """Return what is good to know, and speaks against nothing."""
        return self._texts(Severity.NOTE)

    def show_confirmation(self, confirmation: Confirmation) -> None:
        """Show what is true now, what may be in the way, and what will run."""
        self.now.setText(confirmation.now)
        self.command.set_lines(confirmation.commands)
        for widget in (self.title, self.frame):
            widget.setVisible(bool(confirmation.commands))
        reported = [(Severity.BAD, text) for text in confirmation.warnings]
        self._show_remarks([*reported, *((Severity.NOTE, text) for text in confirmation.notes)])

    def _texts(self, severity: Severity) -> list[str]:
        labels = self.remarks.findChildren(QLabel, severity.value)
        return [label.text() for label in labels if not label.isHidden()]

    def _show_remarks(self, remarks: Sequence[tuple[Severity, str]]) -> None:
        while (item := self._remark_room.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()
        for severity, text in remarks:
            remark = self._remark(severity, text)
            self._remark_room.addWidget(remark)
            # Else it is shown in the next turn only, and has no height until then.
            remark.show()
        self.remarks.setVisible(bool(remarks))

    def _remark(self, severity: Severity, text: str) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        picture = QLabel()
        picture.setPixmap(severity_icon(severity, self).pixmap(_ICON_SIZE, _ICON_SIZE))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        label = plain_label(text)
        label.setObjectName(severity.value)
        label.setAccessibleName(_("Warning") if severity is Severity.BAD else _("Note"))
        row.addWidget(picture)
        row.addWidget(label, 1)
        return holder

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command.full_text)
        self.copied.emit()
