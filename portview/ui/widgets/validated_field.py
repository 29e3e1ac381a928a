"""A line for typing that reads itself while it is typed and marks where a mistake stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QLabel, QLineEdit, QStyle, QStyleOptionFrame, QWidget

from portview.domain.user_input.parsing import BadInputError
from portview.i18n import _, join_sentences
from portview.override import override
from portview.ui.style.theme import mistake_colour

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent

T = TypeVar("T")
_LONGEST = 2000
_NARROWEST_MARK = 6


class ValidatedField(QLineEdit, Generic[T]):
    """Reads its text with ``parse``, which raises BadInputError; ``value`` is None for a mistake.

    An empty field is ``default`` where there is one. ``mistake_changed`` says what is wrong.
    """

    mistake_changed = Signal(str)

    def __init__(
        self,
        name: str,
        parse: Callable[[str], T],
        *,
        default: T | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parse = parse
        self._default = default
        self._value: T | None = default
        self._mistake: BadInputError | None = None
        self.setAccessibleName(name)
        self.setMaxLength(_LONGEST)
        self.textChanged.connect(self._on_text_changed)

    @property
    def value(self) -> T | None:
        """Return what was typed, read; None while it can't be."""
        return self._value

    @property
    def mistake(self) -> BadInputError | None:
        """Return what is wrong, None for an empty field that was not asked for yet."""
        return self._mistake

    def set_parse(self, parse: Callable[[str], T]) -> None:
        """Read the text in another way from now on."""
        self._parse = parse
        self._on_text_changed()

    def demand(self) -> T | None:
        """Return the value; where there is none, say what is wrong and go to the place."""
        self._read(is_demanded=True)
        if self._mistake is not None:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            if self._mistake.length:
                self.setSelection(self._mistake.position, self._mistake.length)
            else:
                self.setCursorPosition(self._mistake.position)
        return self._value

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._mistake is None:
            return
        place = self._mistake_rect(self._mistake)
        painter = QPainter(self)
        painter.setPen(QPen(mistake_colour(self.palette()), 1.5, Qt.PenStyle.DotLine))
        painter.drawLine(place.bottomLeft(), place.bottomRight())
        painter.end()

    @Slot()
    def _on_text_changed(self) -> None:
        self._read(is_demanded=False)

    def _read(self, *, is_demanded: bool) -> None:
        self._mistake = None
        self._value = self._default
        if self.text().strip() or (is_demanded and self._default is None):
            try:
                self._value = self._parse(self.text())
            except BadInputError as mistake:
                self._value = None
                self._mistake = mistake
        words = join_sentences(self._mistake.problem, self._mistake.hint) if self._mistake else ""
        self.setAccessibleDescription(words)
        self.mistake_changed.emit(words)
        self.update()

    def _mistake_rect(self, mistake: BadInputError) -> QRect:
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        contents = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self)
        metrics = self.fontMetrics()
        # The text may be scrolled: measured from the cursor, whose place Qt knows.
        before_cursor = metrics.horizontalAdvance(self.text()[: self.cursorPosition()])
        origin = self.cursorRect().center().x() - before_cursor
        end = max(mistake.position + mistake.length, mistake.position + 1)
        left = origin + metrics.horizontalAdvance(self.text()[: mistake.position])
        right = origin + metrics.horizontalAdvance(self.text()[:end].ljust(end))
        width = max(right - left, _NARROWEST_MARK)
        rect = QRect(left, contents.top(), width, contents.height() - 1)
        return rect.intersected(contents)


class MistakeLine(QLabel):
    """Says below some fields what is wrong in the one that was typed in last."""

    def __init__(self, *fields: ValidatedField[Any], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAccessibleName(_("Mistake"))
        self.hide()
        for field in fields:
            field.mistake_changed.connect(self._on_mistake_changed)
        self._fields = fields

    @Slot()
    def _on_mistake_changed(self) -> None:
        words = next((one.accessibleDescription() for one in self._fields if one.mistake), "")
        palette = self.palette()
        palette.setColor(palette.ColorRole.WindowText, mistake_colour(palette))
        self.setPalette(palette)
        self.setText(words)
        self.setVisible(bool(words))
