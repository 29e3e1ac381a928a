"""A list of facts: what each is called, what it says, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from portview.i18n import labelled
from portview.override import override
from portview.ui.style.theme import muted_text
from portview.ui.widgets.plain_field import PlainField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QAbstractButton

_TITLES, _VALUES, _BUTTONS = range(3)


class FactsForm(QWidget):
    """Facts one below the other; a fact that says nothing is not there."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(10, 8, 10, 8)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(_VALUES, 1)
        self._fields: dict[str, PlainField] = {}
        self._titles: dict[str, QLabel] = {}
        self._buttons: dict[str, QWidget] = {}

    def add_fact(
        self,
        name: str,
        title: str,
        *,
        most_lines: int = 3,
        buttons: Sequence[QAbstractButton] = (),
    ) -> PlainField:
        """Add a fact below the others; it is there once it says something."""
        line = len(self._fields)
        label = QLabel(title)
        label.setTextFormat(Qt.TextFormat.PlainText)
        field = PlainField(title, most_lines)
        label.setBuddy(field)
        self._grid.addWidget(label, line, _TITLES, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(field, line, _VALUES, Qt.AlignmentFlag.AlignTop)
        self._titles[name] = label
        self._fields[name] = field
        if buttons:
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(4)
            for button in buttons:
                row.addWidget(button)
            row.addStretch()
            self._grid.addWidget(holder, line, _BUTTONS, Qt.AlignmentFlag.AlignTop)
            self._buttons[name] = holder
        self._grid.setRowStretch(line, 0)
        self._grid.setRowStretch(line + 1, 1)
        self._colour()
        self.show_fact(name, "")
        return field

    def show_fact(self, name: str, text: str) -> None:
        """Show what a fact is now; an empty text takes it away."""
        self._fields[name].set_text(text)
        self._show_parts(name, is_visible=bool(text))

    def show_lines(self, name: str, lines: Sequence[str]) -> None:
        """Show what a fact is now in several lines; without any it goes away."""
        self._fields[name].set_lines(lines)
        self._show_parts(name, is_visible=bool(lines))

    def _show_parts(self, name: str, *, is_visible: bool) -> None:
        for part in (self._titles[name], self._fields[name], self._buttons.get(name)):
            if part is not None:
                part.setVisible(is_visible)

    def text_of(self, name: str) -> str:
        """Return what a fact says, whole."""
        return self._fields[name].full_text

    def lines(self) -> list[str]:
        """Return every fact that says something, whole, as "Title: text"."""
        return [
            labelled(self._titles[name].text(), field.full_text)
            for name, field in self._fields.items()
            if field.full_text
        ]

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, muted_text(palette))
        for title in self._titles.values():
            title.setPalette(palette)
