"""A label for text of the machine: plain, wrapped, and never wider than its room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QWidget

from portview.domain.plain_text import with_breaks, without_breaks
from portview.i18n import _
from portview.override import override

if TYPE_CHECKING:
    from PySide6.QtGui import QContextMenuEvent, QKeyEvent


class PlainLabel(QLabel):
    """Shows one text, which can be selected and copied as it is.

    A word that is longer than a line is broken by signs that nobody sees and that copies leave out.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        # A new policy forgets that wrapped text is as high as its width makes it, and its own least
        # size is that of its longest word and of a much narrower label.
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumSize(1, 1)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setText(text)

    @override
    def setText(self, text: str) -> None:
        self._text = text
        super().setText(with_breaks(text))

    @override
    def text(self) -> str:
        return self._text

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction(_("&Copy"), self._copy)
        copy.setEnabled(self.hasSelectedText())
        menu.addAction(_("Select &all"), self.select_all)
        menu.popup(event.globalPos())

    def select_all(self) -> None:
        """Select the whole text."""
        # Qt counts in units of UTF-16, of which an emoji takes two.
        self.setSelection(0, len(super().text().encode("utf-16-le")) // 2)

    def _copy(self) -> None:
        if self.hasSelectedText():
            QGuiApplication.clipboard().setText(without_breaks(self.selectedText()))
