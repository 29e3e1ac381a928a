"""A label for text of the machine: plain, wrapped, and never wider than its room."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from portview.domain.plain_text import with_breaks
from portview.override import override


class PlainLabel(QLabel):
    """Shows one text, which can be selected and copied.

    A word that is longer than a line is broken by signs that nobody sees; what has such signs in it
    can't be copied from here.
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
        self.setText(text)

    @override
    def setText(self, text: str) -> None:
        shown = with_breaks(text)
        is_whole = shown == text
        flags = Qt.TextInteractionFlag
        self.setTextInteractionFlags(
            flags.TextSelectableByMouse if is_whole else flags.NoTextInteraction
        )
        self._text = text
        super().setText(shown)

    @override
    def text(self) -> str:
        return self._text
