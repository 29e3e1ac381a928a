"""What PortView is, which version, how it reads this machine and where its files are."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from portview import __version__
from portview.i18n import _
from portview.ui.style.icons import application_icon

if TYPE_CHECKING:
    from portview.ui.environment import WindowEnvironment


class AboutDialog(QDialog):
    """Shows the facts that a bug report needs, all selectable."""

    def __init__(self, known: WindowEnvironment, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("About PortView"))
        picture = QLabel()
        picture.setPixmap(application_icon().pixmap(64, 64))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        title = self._text(_("PortView {version}").format(version=__version__))
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        title.setFont(font)
        purpose = self._text(
            _("What is on this port, why can't I use it, and fix it for me, safely.")
        )
        facts = QFormLayout()
        facts.setContentsMargins(0, 12, 0, 12)
        for name, value in (
            (_("Sockets read by"), known.source),
            (_("System"), platform.platform()),
            (_("Python, Qt"), f"{platform.python_version()}, {qVersion()}"),
            (_("Log file"), str(known.log_path)),
            (_("Settings"), str(known.settings_path)),
            (_("Licence"), "MIT"),
        ):
            facts.addRow(self._text(name), self._text(value))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout()
        for item in (title, purpose):
            column.addWidget(item)
        column.addLayout(facts)
        column.addWidget(buttons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(20)
        layout.addWidget(picture)
        layout.addLayout(column)

    @staticmethod
    def _text(text: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label
