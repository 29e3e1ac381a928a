"""The filter box: a query with completion, its mistake marked where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QPainter, QPen
from PySide6.QtWidgets import (
    QCompleter,
    QLineEdit,
    QStyle,
    QStyleOptionFrame,
    QWidget,
)

from portview.i18n import _, join_sentences
from portview.override import override
from portview.ui.search.suggestions import SuggestionList, SuggestionModel
from portview.ui.style.icons import icon
from portview.ui.style.theme import mistake_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from PySide6.QtGui import QKeyEvent, QPaintEvent

    from portview.domain.query.completion import Completion
    from portview.domain.query.terms import QueryError
    from portview.domain.sockets.entry import SocketEntry

_TYPING_PAUSE_MS = 120


class FilterBox(QLineEdit):
    """Takes a query and reports every valid one; a mistake leaves the last good one in force."""

    query_changed = Signal(object, str)
    mistake_changed = Signal(str)

    def __init__(
        self, entries: Callable[[], Iterable[SocketEntry]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._entries = entries
        self._mistake: QueryError | None = None
        self._completion: Completion | None = None
        self.setClearButtonEnabled(True)
        self.setPlaceholderText(_("Filter: port:8080  proc:node  state:listen  -user:root"))
        self.setAccessibleName(_("Filter"))
        self.setMaxLength(20_000)
        self._icon_action = QAction(self)
        self.addAction(self._icon_action, QLineEdit.ActionPosition.LeadingPosition)
        self._set_icon()
        self._words = SuggestionModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(12)
        self.popup = SuggestionList()
        self._completer.setPopup(self.popup)
        self.popup.use_delegate()
        # Not QLineEdit.setCompleter: that would replace the whole text instead of one word.
        self._completer.setWidget(self)
        self._completer.activated.connect(self._on_suggestion_chosen)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._on_pause)
        self.textChanged.connect(self._on_text_changed)
        self.textEdited.connect(self._on_text_edited)

    @property
    def mistake(self) -> QueryError | None:
        """Return what is wrong with the text, None where it is a query."""
        return self._mistake

    @Slot()
    def apply_now(self) -> None:
        """Read the text; report the query, or show where its mistake is."""
        self._apply(is_typing=False)

    @Slot()
    def _on_pause(self) -> None:
        self._apply(is_typing=True)

    def _apply(self, *, is_typing: bool) -> None:
        # Loaded when somebody filters, like all of the query language.
        from portview.domain.query.syntax import parse_query  # noqa: PLC0415
        from portview.domain.query.terms import QueryError  # noqa: PLC0415
        from portview.domain.query.unfinished import with_unfinished_port  # noqa: PLC0415

        self._pause.stop()
        text = self.text()
        try:
            query = parse_query(with_unfinished_port(text) if is_typing else text)
        except QueryError as error:
            self._show_mistake(error)
            return
        self._show_mistake(None)
        self.query_changed.emit(query, text)

    def set_query_text(self, text: str) -> None:
        """Put a query into the box and apply it at once."""
        self.setText(text)
        self.apply_now()

    @Slot()
    def enter(self) -> None:
        """Take the keyboard; what is typed next replaces the text."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.popup.isVisible() and event.key() in {
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Tab,
            Qt.Key.Key_Escape,
        }:
            event.ignore()  # the popup's own keys
            return
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.set_query_text("")
            return
        wants_help = event.key() == Qt.Key.Key_Down or (
            event.key() == Qt.Key.Key_Space
            and event.modifiers() == Qt.KeyboardModifier.ControlModifier
        )
        if wants_help and not self.popup.isVisible():
            self._suggest()
            return
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.apply_now()
        super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._mistake is None:
            return
        place = self._mistake_rect(self._mistake)
        painter = QPainter(self)
        pen = QPen(mistake_colour(self.palette()), 1.5, Qt.PenStyle.DotLine)
        painter.setPen(pen)
        painter.drawLine(place.bottomLeft(), place.bottomRight())
        painter.end()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._set_icon()

    def _set_icon(self) -> None:
        self._icon_action.setIcon(icon("search", self.palette()))

    def _show_mistake(self, error: QueryError | None) -> None:
        self._mistake = error
        message = str(error) if error else ""
        self.setToolTip(
            message or _("Down arrow or Ctrl+Space lists what can be typed. Esc clears the filter.")
        )
        self.setAccessibleDescription(message)
        hint = error.hint if error else ""
        # While the list helps to go on, what is not there yet is no mistake.
        is_helped = self.popup.isVisible()
        self.mistake_changed.emit("" if is_helped else join_sentences(message, hint))
        self.update()

    def _mistake_rect(self, error: QueryError) -> QRect:
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        contents = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self)
        # The text may be scrolled: measured from the cursor, whose place Qt knows.
        metrics = self.fontMetrics()
        cursor_x = self.cursorRect().center().x()
        before_cursor = metrics.horizontalAdvance(self.text()[: self.cursorPosition()])
        origin = cursor_x - before_cursor
        start, end = error.start, max(error.end, error.start + 1)
        left = origin + metrics.horizontalAdvance(self.text()[:start])
        right = origin + metrics.horizontalAdvance(self.text()[:end].ljust(end))
        rect = QRect(left, contents.top(), max(right - left, 6), contents.height() - 1)
        return rect.intersected(contents)

    def _suggest(self) -> None:
        from portview.domain.query.completion import complete_query  # noqa: PLC0415 - see above

        completion = complete_query(self.text(), self.cursorPosition(), self._entries())
        self._completion = completion
        words = [suggestion.text for suggestion in completion.suggestions]
        typed = self.text()[completion.start : completion.end]
        if not words or words == [typed]:
            self.popup.hide()
            return
        self._words.show_suggestions(completion.suggestions)
        width = self.popup.sizeHintForColumn(0) + 40
        place = self.cursorRect()
        place.setWidth(max(width, 160))
        place.setHeight(self.height())
        self._completer.complete(place)

    @Slot(str)
    def _on_text_changed(self, _text: str) -> None:
        self._pause.start()

    @Slot(str)
    def _on_text_edited(self, text: str) -> None:
        # Help where a key was typed or begun, not at every word of plain text.
        word = text[: self.cursorPosition()].rsplit(" ", 1)[-1].lstrip("-!(")
        if ":" in word or (len(word) > 1 and word.isalpha()):
            self._suggest()
        else:
            self.popup.hide()

    @Slot(str)
    def _on_suggestion_chosen(self, text: str) -> None:
        if self._completion is None:
            return
        start, end = self._completion.start, self._completion.end
        whole = self.text()
        rest = whole[end:]
        gap = "" if text.endswith(":") or rest.startswith((" ", ")", ",")) else " "
        self.setText(whole[:start] + text + gap + rest)
        self.setCursorPosition(start + len(text) + len(gap))
        if text.endswith(":"):
            self._suggest()
