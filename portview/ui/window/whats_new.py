"""What changed in this version, from the changelog that the package carries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout

from portview import __version__
from portview.i18n import _
from portview.resources import resource_path

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

_SIZE = (720, 520)


def changelog_path() -> Path:
    """Return the changelog: in the installed package, else at the head of the checkout."""
    inside = resource_path("CHANGELOG.md")
    return inside if inside.is_file() else resource_path().parent / "CHANGELOG.md"


def news(changelog: str, version: str) -> str:
    """Return the section of a version without its heading; the newest one where it has none."""
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    for section in sections:
        heading, _newline, text = section.partition("\n")
        if re.match(rf"\[?{re.escape(version)}(?![\w.])", heading):
            return text.strip()
    return sections[0].partition("\n")[2].strip() if sections else ""


class WhatsNew(QDialog):
    """Shows the news of this version."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("What's new in PortView {version}").format(version=__version__))
        self.text = QTextBrowser()
        self.text.setAccessibleName(_("What's new"))
        self.text.setOpenExternalLinks(True)
        try:
            self.text.setMarkdown(news(changelog_path().read_text(encoding="utf-8"), __version__))
        except OSError as error:
            self.text.setPlainText(_("The changelog can't be read: {reason}").format(reason=error))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(*_SIZE)
        if parent is not None:
            self.resize(self.size().boundedTo(parent.window().size() * 0.95))
