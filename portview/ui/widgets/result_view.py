"""Shows a sheet: the verdict that stands out, and the table of details below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from portview.domain.plain_text import inert
from portview.domain.severity import Severity
from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.severity_style import severity_colour, severity_icon
from portview.ui.style.theme import tabular_font
from portview.ui.widgets.announce import announce
from portview.ui.widgets.result import SEVERITY_LABELS, DisplayedResult, ResultRow
from portview.ui.widgets.wrapped_label import wrapped_label

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

_ICON_SIZE = 28
_WIDEST_COLUMN = 260
_NARROWEST_LAST = 200
_LONGEST_SENTENCE = 2000


class Headline(QFrame):
    """A verdict in a word with its icon, a sentence, and what to do about it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._severity = Severity.NOTE
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(_("Result"))
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._word = wrapped_label(_("Verdict"))
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setBold(True)
        self._word.setFont(font)
        self._detail = wrapped_label(_("What was found"))
        self._hint = wrapped_label(_("What to do"))
        advice = QFont(self.font())
        advice.setWeight(QFont.Weight.DemiBold)
        self._hint.setFont(advice)
        layout = QGridLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setHorizontalSpacing(12)
        layout.setVerticalSpacing(4)
        layout.addWidget(self._picture, 0, 0, 3, 1)
        for number, label in enumerate((self._word, self._detail, self._hint)):
            layout.addWidget(label, number, 1)
        layout.setColumnStretch(1, 1)

    @property
    def text(self) -> str:
        """Return all that is said, for copying and tests."""
        labels = (self._word, self._detail, self._hint)
        return "\n".join(label.text() for label in labels if label.text())

    def say(self, severity: Severity, word: str, detail: str, hint: str = "") -> None:
        """Show a result."""
        self._severity = severity
        for label, text in ((self._word, word), (self._detail, detail), (self._hint, hint)):
            label.setText(inert(text, _LONGEST_SENTENCE))
            label.setVisible(bool(text))
        if self.accessibleDescription() != self.text:
            self.setAccessibleDescription(self.text)
            announce(self, self.text, is_urgent=severity is Severity.BAD)
        self._colour()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_hint"):
            self._colour()

    def _colour(self) -> None:
        self._picture.setPixmap(severity_icon(self._severity, self).pixmap(_ICON_SIZE, _ICON_SIZE))
        palette = self._word.palette()
        palette.setColor(
            palette.ColorRole.WindowText, severity_colour(self._severity, self.palette())
        )
        self._word.setPalette(palette)


class ResultTable(QTableWidget):
    """The lines of a sheet; Ctrl+C copies the selected ones."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Details"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setCornerButtonEnabled(False)
        self.setFont(tabular_font(self.font()))
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header = self.horizontalHeader()
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._lines: list[ResultRow] = []
        self._marks: list[tuple[QTableWidgetItem, Severity]] = []

    def begin(self, columns: tuple[str, ...]) -> None:
        """Start a new table."""
        self.clear()
        self._lines.clear()
        self._marks.clear()
        self.setRowCount(0)
        self.setColumnCount(len(columns))
        self.setHorizontalHeaderLabels(list(columns))

    def append(self, row: ResultRow) -> None:
        """Add a line at the end."""
        number = self.rowCount()
        self.insertRow(number)
        self._lines.append(row)
        for column, text in enumerate(row.cells):
            item = QTableWidgetItem(inert(text))
            item.setToolTip(plain_tooltip(text))
            self.setItem(number, column, item)
            if column == 0 and row.severity is not None:
                item.setIcon(severity_icon(row.severity, self))
                words = _("{severity}: {text}").format(
                    severity=_(SEVERITY_LABELS[row.severity]), text=text
                )
                item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
                self._marks.append((item, row.severity))

    def fit(self, widest: int = _WIDEST_COLUMN) -> None:
        """Give each column the width that its texts need, within reason."""
        for column in range(self.columnCount() - 1):
            self.resizeColumnToContents(column)
            self.setColumnWidth(column, min(self.columnWidth(column) + 8, widest))
        self._share_rest()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_rest()

    def _share_rest(self) -> None:
        """Let the last column have the rest, or scroll where that is too narrow to read."""
        last = self.columnCount() - 1
        rest = self.viewport().width() - sum(map(self.columnWidth, range(last)))
        has_room = rest >= _NARROWEST_LAST
        self.horizontalHeader().setStretchLastSection(has_room)
        if not has_room and last >= 0:
            self.setColumnWidth(last, _NARROWEST_LAST)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            numbers = sorted({index.row() for index in self.selectedIndexes()})
            lines = ["\t".join(self._lines[number].cells) for number in numbers]
            QGuiApplication.clipboard().setText("\n".join(lines))
            return
        super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_marks"):
            for item, severity in self._marks:
                item.setIcon(severity_icon(severity, self))


class ResultView(QWidget):
    """A headline and a table; lines may come one by one before the headline has its result."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.headline = Headline()
        self.table = ResultTable()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.headline)
        layout.addWidget(self.table, 1)
        # Takes the room below a headline that stands alone, which would else be spread over it.
        self._filler = QWidget()
        layout.addWidget(self._filler, 1)

    def begin(self, word: str, detail: str, columns: tuple[str, ...] = ()) -> None:
        """Show that something is under way, with an empty table for its lines."""
        self.headline.say(Severity.NOTE, word, detail)
        self.table.begin(columns)
        self._show_table(is_shown=bool(columns))

    def add_row(self, row: ResultRow) -> None:
        """Add a line of what is under way."""
        self.table.append(row)
        self.table.fit()
        self.table.scrollToBottom()

    def show_result(self, result: DisplayedResult) -> None:
        """Show a whole result."""
        self.headline.say(result.severity, result.word, result.detail, result.hint)
        self.table.begin(result.columns)
        for row in result.rows:
            self.table.append(row)
        self._show_table(is_shown=bool(result.rows))
        self.table.fit()

    def _show_table(self, *, is_shown: bool) -> None:
        self.table.setVisible(is_shown)
        self._filler.setVisible(not is_shown)
