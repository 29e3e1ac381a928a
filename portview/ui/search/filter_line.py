"""The line below the filter: its mistake, or its terms as chips and what it finds elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from portview.domain.plain_text import inert
from portview.domain.sockets.scope import Scope
from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.icons import icon, set_button_icon
from portview.ui.style.tokens import ICON_SMALL, SPACE_S, SPACE_XS
from portview.ui.widgets.announce import announce
from portview.ui.widgets.elided_label import ElidedLabel
from portview.ui.widgets.flow_layout import FlowLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portview.ui.search.filter_box import FilterBox

_LONGEST_CHIP = 32
_MOST_CHIPS = 12


class FilterLine(QWidget):
    """Is there while the filter says anything. Made with the first filter.

    ``scope_wanted`` asks for another scope, in which the filter finds something.
    """

    scope_wanted = Signal(object)

    def __init__(
        self, box: FilterBox, scope_title: Callable[[Scope], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._box = box
        self._title_of = scope_title
        self._text = ""
        self._mistake = ""
        self._scope = Scope.LISTENING
        self._counts: Mapping[Scope, int | None] = {}
        self._is_composed = False
        self.chips: list[QToolButton] = []
        self.elsewhere: dict[Scope, QToolButton] = {}
        self.setAccessibleName(_("Filter"))
        self.hide()
        box.query_changed.connect(self._on_query)
        box.mistake_changed.connect(self._on_mistake)

    @property
    def message(self) -> str:
        """Return what is said about a mistake, empty where there is none."""
        return self._mistake

    @Slot(object)
    def show_counts(self, counts: Mapping[Scope, int | None]) -> None:
        """Take how many sockets of each scope pass the filter."""
        self._counts = counts
        if self._is_composed:
            self._show_elsewhere()

    @Slot(object)
    def set_scope(self, scope: Scope) -> None:
        """Take the scope that is shown."""
        self._scope = scope
        if self._is_composed:
            self._show_elsewhere()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._is_composed:
            self._colour()

    @Slot(object, str)
    def _on_query(self, _query: object, text: str) -> None:
        if text != self._text:
            self._text = text
            if text.strip():
                self._compose()
            if self._is_composed:
                self._show_chips()
        self._show()

    @Slot(str)
    def _on_mistake(self, message: str) -> None:
        if message == self._mistake:
            return
        self._mistake = message
        if message:
            self._compose()
            announce(self._box, message)
        if self._is_composed:
            self._message.setText(message)
            self._message.setToolTip(plain_tooltip(message))
        self._show()

    def _show(self) -> None:
        if not self._is_composed:
            return
        has_mistake = bool(self._mistake)
        self._sign.setVisible(has_mistake)
        self._message.setVisible(has_mistake)
        self._chip_row.setVisible(not has_mistake)
        self._show_elsewhere()
        self.setVisible(has_mistake or bool(self._text.strip()))

    def _compose(self) -> None:
        if self._is_composed:
            return
        self._is_composed = True
        self._sign = QLabel()
        self._message = ElidedLabel()
        self._message.setAccessibleName(_("Mistake in the filter"))
        self._chip_row = QWidget()
        self._flow = FlowLayout(self._chip_row, SPACE_XS)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_S, 0, SPACE_S, SPACE_XS)
        row.setSpacing(SPACE_S)
        row.addWidget(self._sign)
        row.addWidget(self._message, 1)
        row.addWidget(self._chip_row, 1)
        for scope in (Scope.LISTENING, Scope.CONNECTIONS, Scope.UDP):
            button = QToolButton()
            button.setAutoRaise(True)
            button.clicked.connect(partial(self._on_elsewhere, scope))
            self.elsewhere[scope] = button
            row.addWidget(button)
        self._colour()

    def _colour(self) -> None:
        sign = icon("warning", self.palette())
        self._sign.setPixmap(sign.pixmap(ICON_SMALL, ICON_SMALL))
        for chip in self.chips:
            set_button_icon(chip, "close", self.palette())

    def _show_chips(self) -> None:
        # Loaded when somebody filters, like all of the query language.
        from portview.domain.query.top_terms import top_terms  # noqa: PLC0415

        for chip in self.chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for number, term in enumerate(top_terms(self._text)[:_MOST_CHIPS]):
            text = inert(self._text[term.start : term.end])
            chip = QToolButton()
            chip.setText(inert(text, _LONGEST_CHIP).replace("&", "&&"))
            chip.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            chip.setToolTip(plain_tooltip(_("Remove from the filter: {term}").format(term=text)))
            chip.setAccessibleName(_("Remove from the filter: {term}").format(term=text))
            chip.clicked.connect(partial(self._on_removed, number))
            set_button_icon(chip, "close", self.palette())
            self.chips.append(chip)
            self._flow.addWidget(chip)
            chip.show()

    def _show_elsewhere(self) -> None:
        is_asked = bool(self._text.strip()) and not self._mistake
        for scope, button in self.elsewhere.items():
            count = self._counts.get(scope) or 0
            is_offered = is_asked and bool(count) and self._scope not in {scope, Scope.ALL}
            if is_offered:
                title = self._title_of(scope)
                button.setText(_("{count:,} in {scope}").format(count=count, scope=title))
                button.setToolTip(_("Show {scope}").format(scope=title))
                button.setAccessibleDescription(button.toolTip())
            button.setVisible(is_offered)

    def _on_elsewhere(self, scope: Scope, _checked: bool = False) -> None:  # noqa: FBT001, FBT002
        self.scope_wanted.emit(scope)

    def _on_removed(self, number: int, _checked: bool = False) -> None:  # noqa: FBT001, FBT002
        from portview.domain.query.top_terms import without_term  # noqa: PLC0415 - see above

        self._box.set_query_text(without_term(self._text, number))
        self._box.setFocus()
