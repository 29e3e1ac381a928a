"""Why an answer is what it is: the causes with their evidence, and all that was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from portview.diagnosis.fact_words import fact_words, read_facts
from portview.diagnosis.report import certainty_words
from portview.domain.plain_text import inert
from portview.i18n import _, join_sentences, labelled
from portview.models.tooltips import plain_tooltip
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QKeyEvent

    from portview.diagnosis.answer import Answer
    from portview.diagnosis.facts import Facts

_LONGEST = 500
_WIDEST = 260


class EvidenceTree(QTreeWidget):
    """Findings that open to their evidence; Ctrl+C copies the selected line."""

    def __init__(self, columns: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels(list(columns))
        self.setAccessibleName(columns[0])
        self.setWordWrap(True)
        self.setUniformRowHeights(False)
        self.setAlternatingRowColors(False)
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)

    def show_findings(self, answer: Answer) -> None:
        """Show the causes, what was ruled out and what can't be determined."""
        self.clear()
        for one in answer.causes:
            certainty = certainty_words(one.certainty).capitalize()
            item = self._add(None, labelled(certainty, one.code), one.sentence)
            for evidence in one.evidence:
                self._add(item, evidence.fact, f"{evidence.value}  [{evidence.source}]")
            item.setExpanded(one is answer.causes[0])
        self._group(
            _("Ruled out"),
            ((one.code, one.sentence) for one in answer.ruled_out),
            is_open=not answer.causes,
        )
        self._group(
            _("Can't be determined"),
            (
                (one.code, join_sentences(one.sentence, one.would_need))
                for one in answer.cannot_tell
            ),
        )
        self._group(_("Good to know"), (("", note) for note in answer.notes))
        self._fit()

    def show_readings(self, facts: Facts) -> None:
        """Show what was read, from where, how long it took, and what could not be."""
        self.clear()
        for title, reading in read_facts(facts):
            took = f"{reading.took_ms:.0f} ms"
            self._add(None, title, f"{fact_words(reading)}  [{reading.source}, {took}]")
        self._fit()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            lines = [f"{item.text(0)}\t{item.text(1)}" for item in self.selectedItems()]
            QGuiApplication.clipboard().setText("\n".join(lines))
            return
        super().keyPressEvent(event)

    def _group(
        self, title: str, lines: Iterable[tuple[str, str]], *, is_open: bool = False
    ) -> None:
        listed = list(lines)
        if not listed:
            return
        group = self._add(None, f"{title} ({len(listed)})", "")
        for code, sentence in listed:
            self._add(group, code, sentence)
        group.setExpanded(is_open)

    def _add(self, parent: QTreeWidgetItem | None, name: str, value: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([inert(name, _LONGEST), inert(value, _LONGEST)])
        for column, text in enumerate((name, value)):
            item.setToolTip(column, plain_tooltip(text))
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        if parent is None:
            self.addTopLevelItem(item)
        else:
            parent.addChild(item)
        return item

    def _fit(self) -> None:
        self.resizeColumnToContents(0)
        self.setColumnWidth(0, min(self.columnWidth(0) + 12, _WIDEST))
