"""Machine text of any length in a form: selectable, wrapped, inert, never higher than it should."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QSizePolicy, QWidget

from portview.domain.plain_text import inert
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

LONGEST_SHOWN = 4000
"""Characters that are shown; what is copied by a button beside it is the whole."""


class PlainField(QPlainTextEdit):
    """Shows one text as high as it needs, up to some lines; beyond them it scrolls."""

    def __init__(
        self, accessible_name: str, most_lines: int = 3, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._most_lines = most_lines
        self._text = ""
        self.setAccessibleName(accessible_name)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self._fit()

    @property
    def full_text(self) -> str:
        """Return the text as the machine reported it, however long."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show a text; the same one again leaves a selection as it is."""
        self._say(text, inert(text, LONGEST_SHOWN))

    def set_lines(self, lines: Sequence[str]) -> None:
        """Show texts one below the other; a line end inside one of them is no line end."""
        self._say("\n".join(lines), "\n".join(inert(line) for line in lines))

    def _say(self, text: str, shown: str) -> None:
        if text == self._text and shown == self.toPlainText():
            return
        self._text = text
        self.setPlainText(shown)
        self._fit()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Be as high as the lines are, which another script's font makes higher than one's own."""
        layout = self.document().documentLayout()
        heights: list[float] = []
        block = self.document().firstBlock()
        while block.isValid() and len(heights) <= self._most_lines:
            layout.blockBoundingRect(block)  # lays the block out
            lines = block.layout()
            heights += [lines.lineAt(number).height() for number in range(lines.lineCount())]
            block = block.next()
        is_whole = len(heights) <= self._most_lines
        policy = Qt.ScrollBarPolicy
        # Else half a pixel too little would give a single line its scroll bar.
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAlwaysOff if is_whole else policy.ScrollBarAsNeeded
        )
        shown = heights[: self._most_lines] or [float(self.fontMetrics().lineSpacing())]
        height = ceil(sum(shown)) + 2
        if height != self.height():
            self.setFixedHeight(height)
