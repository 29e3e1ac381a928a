"""The port card: who has the port that was typed, live, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QPoint, Qt, Signal, Slot
from PySide6.QtGui import (
    QFont,
    QGuiApplication,
    QKeySequence,
    QPalette,
    QShortcut,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from portview.domain.errors import PortViewError
from portview.domain.sockets.snapshot import Snapshot
from portview.i18n import _
from portview.override import override
from portview.ui.search.card_surface import CardSurface, FactGrid
from portview.ui.style.icons import set_button_icon
from portview.ui.style.theme import muted_text
from portview.ui.style.tokens import (
    CARD_WIDTH,
    SHADOW,
    SPACE_L,
    SPACE_S,
    SPACE_XS,
    TYPE_TITLE,
)
from portview.ui.widgets.announce import announce
from portview.ui.widgets.flow_layout import FlowLayout
from portview.ui.widgets.key_button import KeyButton
from portview.ui.widgets.plain_label import PlainLabel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QHideEvent, QKeyEvent

    from portview.diagnosis.port_card_text import PortCardText, PortFact
    from portview.domain.table.cells import CellContext
    from portview.domain.user_input.port_query import PortAnswer, PortQuery
    from portview.probes.bind_report import BindReport
    from portview.ui.search.port_box import PortBox
    from portview.ui.search.port_trial import PortTrial


class CardStep(NamedTuple):
    """Something to do about a port: offered under some answers, by a button and by keys.

    ``take`` does it. Of the steps that are offered the first one with ``may_be_first`` is what
    Enter does.
    """

    title: str
    is_offered: Callable[[PortAnswer], bool]
    take: Callable[[PortAnswer], object]
    keys: str = ""
    may_be_first: bool = True
    tip: str = ""


class PortCard(CardSurface):
    """Lies over the table below a ``PortBox`` and answers what is typed there.

    ``socket_chosen`` asks for the socket with a key to be shown, ``filter_chosen`` for a filter.
    Its widgets are made with the first question.
    """

    socket_chosen = Signal(object)
    filter_chosen = Signal(str)

    def __init__(
        self, box: PortBox, describe: Callable[[], CellContext], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._box = box
        self._describe = describe
        self._snapshot = Snapshot()
        self._answer: PortAnswer | None = None
        self._text: PortCardText | None = None
        self._said = ""
        self._next = 0
        self._is_paused = self._is_composed = False
        self._trial: PortTrial | None = None
        self._tried: tuple[PortQuery, BindReport] | None = None
        self._asked: PortQuery | None = None
        self._steps: list[tuple[CardStep, KeyButton | None]] = []
        self.setAccessibleName(_("Who is on this port"))
        self.hide()
        box.textChanged.connect(self._on_text_changed)
        box.going_requested.connect(self._on_going_requested)
        box.steps_requested.connect(self._on_steps_requested)

    @property
    def text(self) -> str:
        """Return what is said at the moment, as one text."""
        return self._said

    @property
    def answer(self) -> PortAnswer | None:
        """Return the answer that is shown, None where there is no question or a mistake."""
        return self._answer

    @property
    def buttons(self) -> dict[str, KeyButton]:
        """Return the steps that are offered now, by their titles."""
        return {
            step.title: button
            for step, button in self._steps
            if button is not None and not button.isHidden()
        }

    @property
    def first_step(self) -> CardStep | None:
        """Return what Enter does now."""
        if self._answer is None:
            return None
        for step, _button in self._steps:
            if step.may_be_first and step.is_offered(self._answer):
                return step
        return None

    @property
    def is_free(self) -> bool:
        """Return whether a bind proved that the port is free."""
        if self._answer is None or self._tried is None or not self._answer.is_free:
            return False
        return self._tried[0] == self._answer.question and self._tried[1].is_free

    def add_step(self, step: CardStep) -> None:
        """Offer a step after those that are there; its keys work in the box and on the card."""
        self._steps.append((step, None))
        if step.keys:
            self._box.add_card_keys(step.keys)
            for widget in (self._box, self):
                shortcut = QShortcut(QKeySequence(step.keys), widget)
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                shortcut.activated.connect(lambda: self._take(step))
        if self._is_composed:
            self._make_buttons()

    def set_trial(self, trial: PortTrial | None) -> None:
        """Use this to try ports that no socket has; without it none is ever called free."""
        self._trial, self._asked, self._tried = trial, None, None
        if trial is not None:
            trial.tried.connect(self._on_tried)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Answer from another snapshot from now on."""
        self._snapshot = snapshot
        if self.isVisible():
            self._refresh()

    @Slot(bool)
    def show_paused(self, is_paused: bool) -> None:  # noqa: FBT001 - a Qt signal's form
        """Show with each answer whether it is as old as the last reading."""
        self._is_paused = is_paused
        if self.isVisible():
            self._refresh()

    def go_to_next(self) -> None:
        """Show the port's sockets in the table, one after the other."""
        if self._answer is None or not self._answer.found:
            return
        rows = self._answer.found
        row = rows[self._next % len(rows)]
        self._next += 1
        self.socket_chosen.emit(row.key)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest}:
            self._place()
        return super().eventFilter(watched, event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._close()
        elif event.key() in {Qt.Key.Key_Right, Qt.Key.Key_Down}:
            self.focusNextChild()
        elif event.key() in {Qt.Key.Key_Left, Qt.Key.Key_Up}:
            self.focusPreviousChild()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            focused = self.focusWidget()
            if isinstance(focused, KeyButton):
                focused.click()
        else:
            super().keyPressEvent(event)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._stop_trying()
        super().hideEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._is_composed:
            self._colour()

    def _compose(self) -> None:
        self._is_composed = True
        self._title = PlainLabel()
        font = QFont(self._title.font())
        font.setPointSizeF(font.pointSizeF() * TYPE_TITLE)
        font.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(font)
        self._close_button = QToolButton()
        self._close_button.setAutoRaise(True)
        self._close_button.setToolTip(_("Close (Esc)"))
        self._close_button.setAccessibleName(_("Close the port card"))
        self._close_button.clicked.connect(self._close)
        self._name = PlainLabel()
        bold = QFont(self._name.font())
        bold.setWeight(QFont.Weight.DemiBold)
        self._name.setFont(bold)
        self._owner = PlainLabel()
        self._facts = FactGrid()
        self._buttons = FlowLayout()
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self._close_button, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(
            SHADOW + SPACE_L, SHADOW // 2 + SPACE_L - 4, SHADOW + SPACE_L, SHADOW + SPACE_L
        )
        layout.setSpacing(SPACE_XS)
        layout.addLayout(top)
        layout.addWidget(self._name)
        layout.addWidget(self._owner)
        layout.addSpacing(SPACE_XS)
        layout.addLayout(self._facts)
        layout.addSpacing(SPACE_S)
        layout.addLayout(self._buttons)
        self.window().installEventFilter(self)
        parent = self.parentWidget()
        if parent is not None:
            parent.installEventFilter(self)
        self._make_buttons()
        self._colour()

    def _make_buttons(self) -> None:
        for number, (step, button) in enumerate(self._steps):
            if button is not None:
                continue
            made = KeyButton(step.title, parent=self)
            made.setToolTip(
                " ".join(filter(None, (step.tip, f"({step.keys})" if step.keys else "")))
            )
            made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            made.clicked.connect(lambda _checked=False, step=step: self._take(step))
            self._buttons.addWidget(made)
            self._steps[number] = (step, made)

    def _take(self, step: CardStep) -> None:
        if self._answer is not None and self.isVisible() and step.is_offered(self._answer):
            step.take(self._answer)

    def _refresh(self) -> None:
        text = self._box.text().strip()
        if not text:
            self._answer = None
            self.hide()
            return
        # Loaded with the first question: a window starts the sooner for it.
        from portview.diagnosis.port_card_text import card_text  # noqa: PLC0415 - likewise
        from portview.domain.user_input.port_query import answer_port_query  # noqa: PLC0415

        if not self._is_composed:
            self._compose()
        try:
            question = self._query_of(text)
        except PortViewError as mistake:
            self._answer, self._text = None, None
            self._stop_trying()
            self._show_text(_("Not a port"), "", mistake.message, ())
            self._show_fact_lines_of(mistake.hint)
        else:
            self._answer = answer_port_query(question, self._snapshot.rows)
            self._try(self._answer)
            tried = self._tried[1] if self._tried and self._tried[0] == question else None
            self._text = card_text(self._answer, self._snapshot, self._describe(), tried)
            said = self._text
            self._show_text(said.title, said.name, said.owner, said.facts)
        self._show_steps()
        self.show()
        self.raise_()
        self._place()

    @staticmethod
    def _query_of(text: str) -> PortQuery:
        """Return the port that a text asks about, be it a whole error message."""
        from portview.domain.user_input.port_query import (  # noqa: PLC0415 - see above
            PortQuery,
            parse_port_query,
        )

        try:
            return parse_port_query(text)
        except PortViewError:
            from portview.domain.pasted_error import parse_pasted_error  # noqa: PLC0415 - likewise

            pasted = parse_pasted_error(text)
            if pasted.port is None or pasted.error is None:
                raise
            return PortQuery(pasted.port, pasted.protocol)

    def _show_fact_lines_of(self, hint: str) -> None:
        from portview.diagnosis.port_card_text import PortFact  # noqa: PLC0415 - loaded already
        from portview.domain.severity import Severity  # noqa: PLC0415 - likewise

        self._facts.show_facts((PortFact(Severity.NOTE, hint),) if hint else (), self)

    def _show_text(self, title: str, name: str, owner: str, facts: tuple[PortFact, ...]) -> None:
        if self._is_paused and self._answer is not None:
            title = _("{sentence} (paused)").format(sentence=title)
        for label, text in ((self._title, title), (self._name, name), (self._owner, owner)):
            if label.text() != text:
                label.setText(text)
            label.setVisible(bool(text))
        self._facts.show_facts(facts, self)
        said = "\n".join(filter(None, (title, name, owner, *(fact.text for fact in facts))))
        if said != self._said:
            self._said = said
            self._box.setAccessibleDescription(said)
            announce(self._box, ". ".join(filter(None, (title, name))))

    def _show_steps(self) -> None:
        first = self.first_step
        for step, button in self._steps:
            if button is None:
                continue
            is_offered = self._answer is not None and step.is_offered(self._answer)
            button.setVisible(is_offered)
            is_first = step is first
            button.set_primary(is_primary=is_first)
            button.set_keys(_("Enter") if is_first else "")

    def _try(self, answer: PortAnswer) -> None:
        """Have a port tried once that no socket has; again when a socket has gone from it."""
        if not answer.is_free:
            self._stop_trying()
        elif self._trial is not None and self._asked != answer.question:
            self._asked, self._tried = answer.question, None
            self._trial.ask(answer.question)

    def _stop_trying(self) -> None:
        self._asked = self._tried = None
        if self._trial is not None:
            self._trial.cancel()

    def _place(self) -> None:
        """Lie below the box, as wide as there is room, and as high as the text needs."""
        parent, layout = self.parentWidget(), self.layout()
        if parent is None or layout is None or not self.isVisible():
            return
        width = min(CARD_WIDTH + 2 * SHADOW, parent.width())
        below = self._box.mapTo(parent, QPoint(self._box.width(), self._box.height()))
        left = max(0, min(below.x() + SHADOW, parent.width()) - width)
        layout.activate()
        height = min(layout.totalHeightForWidth(width), max(parent.height() - below.y(), 1))
        if (left, below.y(), width, height) != self.geometry().getRect():
            self.setGeometry(left, below.y(), width, height)

    def _colour(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.WindowText, palette.color(QPalette.ColorRole.Text))
        for label in (self._title, self._name):
            label.setPalette(palette)
        self._facts.colour(palette, self)
        muted = QPalette(palette)
        muted.setColor(QPalette.ColorRole.WindowText, muted_text(palette))
        self._owner.setPalette(muted)
        set_button_icon(self._close_button, "close", self.palette())

    @Slot()
    def copy_text(self) -> None:
        """Copy what the card says."""
        QGuiApplication.clipboard().setText(self._said)

    @Slot()
    def _close(self) -> None:
        self._box.clear()
        self._box.left.emit()

    @Slot(object, object)
    def _on_tried(self, question: PortQuery, report: BindReport) -> None:
        if question != self._asked:
            return
        self._tried = (question, report)
        if self.isVisible():
            self._refresh()

    @Slot()
    def _on_going_requested(self) -> None:
        self._refresh()
        first = self.first_step
        if first is not None:
            self._take(first)

    @Slot()
    def _on_steps_requested(self) -> None:
        for button in self.buttons.values():
            button.setFocus(Qt.FocusReason.TabFocusReason)
            return

    @Slot()
    def _on_text_changed(self) -> None:
        self._next = 0
        self._refresh()
