"""Go to port: a box that takes a port, and a bar that answers who is on it, live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton

from portview.domain.errors import PortViewError
from portview.domain.owners.owners import describe_owner
from portview.domain.plain_text import inert
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import State, endpoint_text
from portview.i18n import N_, _, ngettext
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QHideEvent, QKeyEvent
    from PySide6.QtWidgets import QWidget

    from portview.domain.sockets.socket_row import SocketRow
    from portview.domain.user_input.port_query import PortAnswer, PortQuery
    from portview.probes.bind_report import BindReport
    from portview.ui.search.port_trial import PortTrial

_LONGEST_NAME = 60
_MOST_LISTED = 20
_HOW = {
    State.LISTEN: N_("{holder}, listens on {protocol} {address}"),
    State.BOUND: N_("{holder}, holds {protocol} {address}"),
    None: N_("{holder}, on {protocol} {address}"),
}
_HOW_ELSE = N_("{holder}, {state} on {protocol} {address}")


class PortBox(QLineEdit):
    """Takes ``8080``, ``127.0.0.1:8080`` or ``udp 53``; Enter goes to its sockets, one by one."""

    going_requested = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(_("Go to port"))
        self.setAccessibleName(_("Go to port"))
        self.setToolTip(_("A port, such as 8080, 127.0.0.1:8080 or udp 53. Enter goes to it."))
        self.setMaxLength(200)
        self.setClearButtonEnabled(True)
        self._icon_action = QAction(self)
        self.addAction(self._icon_action, QLineEdit.ActionPosition.LeadingPosition)
        self._colour()
        digit = self.fontMetrics().horizontalAdvance("0")
        self.setMaximumWidth(9 * digit + 48)
        self.setMinimumWidth(8 * digit + 44)

    @Slot()
    def enter(self) -> None:
        """Take the keyboard; what is typed next replaces the text."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.going_requested.emit()
            return
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
            return
        super().keyPressEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        self._icon_action.setIcon(icon("target", self.palette()))


class PortBar(QFrame):
    """Answers the question in a ``PortBox`` from the latest snapshot, and offers what comes next.

    ``socket_chosen`` asks for the socket with a key to be shown, ``filter_chosen`` for a filter.
    More next steps are added by ``add_next_step``.
    """

    socket_chosen = Signal(object)
    filter_chosen = Signal(str)

    def __init__(self, box: PortBox, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = box
        self._snapshot = Snapshot()
        self._answer: PortAnswer | None = None
        self._next = 0
        self._is_paused = False
        self._trial: PortTrial | None = None
        self._tried: tuple[PortQuery, BindReport] | None = None
        self._asked: PortQuery | None = None
        self._steps: list[tuple[QToolButton, Callable[[PortAnswer], bool]]] = []
        self.setAccessibleName(_("Who is on this port"))
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setMinimumWidth(80)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(12, 2, 8, 6)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._text, 1)
        self.add_next_step(
            _("Go to it"), lambda answer: not answer.is_free, lambda _unused: self._go()
        )
        self.add_next_step(
            _("Show its connections"),
            lambda answer: bool(answer.peers),
            lambda answer: self.filter_chosen.emit(
                # untranslated: a query
                f"port:{answer.question.port} OR rport:{answer.question.port}"
            ),
        )
        self.add_next_step(_("Copy"), lambda _unused: True, lambda _unused: self._copy())
        box.textChanged.connect(self._on_text_changed)
        box.going_requested.connect(self._on_going_requested)
        self.hide()

    @property
    def text(self) -> str:
        """Return what is said at the moment."""
        return self._text.text()

    @property
    def answer(self) -> PortAnswer | None:
        """Return the answer that is shown, None where there is no question or a mistake."""
        return self._answer

    def add_next_step(
        self,
        title: str,
        is_offered: Callable[[PortAnswer], bool],
        take: Callable[[PortAnswer], object],
    ) -> QToolButton:
        """Offer a step under some answers, such as a test of the port; ``take`` does it."""
        button = QToolButton(self)
        button.setText(title)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(lambda: None if self._answer is None else take(self._answer))
        self._layout.addWidget(button)
        self._steps.append((button, is_offered))
        return button

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
        """Say with each answer whether it is as old as the last reading."""
        self._is_paused = is_paused
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        text = self._box.text().strip()
        if not text:
            self._answer = None
            self.hide()
            return
        # Loaded with the first question: a window starts the sooner for it.
        from portview.domain.user_input.port_query import (  # noqa: PLC0415
            answer_port_query,
            parse_port_query,
        )

        try:
            question = parse_port_query(text)
        except PortViewError as mistake:
            self._answer = None
            self._stop_trying()
            self._say(f"{mistake.message} {mistake.hint}")
            self._text.setToolTip("")
        else:
            self._answer = answer_port_query(question, self._snapshot.rows)
            self._try(self._answer)
            self._say(self._sentence(self._answer))
            found = map(self._holder, self._answer.found[:_MOST_LISTED])
            self._text.setToolTip(plain_tooltip("\n".join(found)))
        for button, is_offered in self._steps:
            button.setVisible(self._answer is not None and is_offered(self._answer))
        self.show()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._stop_trying()
        super().hideEvent(event)

    def _stop_trying(self) -> None:
        self._asked = self._tried = None
        if self._trial is not None:
            self._trial.cancel()

    def _try(self, answer: PortAnswer) -> None:
        """Have a port tried once that no socket has; again when a socket has gone from it."""
        if not answer.is_free:
            self._stop_trying()
        elif self._trial is not None and self._asked != answer.question:
            self._asked, self._tried = answer.question, None
            self._trial.ask(answer.question)

    @Slot(object, object)
    def _on_tried(self, question: PortQuery, report: BindReport) -> None:
        if question != self._asked:
            return
        self._tried = (question, report)
        if self.isVisible():
            self._refresh()

    def _say(self, text: str) -> None:
        if self._is_paused and self._answer is not None:
            text = f"{text}  (paused)"
        if text != self._text.text():
            self._text.setText(text)
            self._box.setAccessibleDescription(text)

    def _sentence(self, answer: PortAnswer) -> str:
        port = answer.question
        if answer.holders:
            said = f"{port}: {self._holder(answer.holders[0])}"
        elif answer.users:
            said = _("{port} is taken by a connection of {holder}").format(
                port=port, holder=self._holder(answer.users[0])
            )
        elif answer.waiting:
            count = len(answer.waiting)
            return ngettext(
                "Nobody holds {port}; {count:,} closed connection is in TIME_WAIT",
                "Nobody holds {port}; {count:,} closed connections are in TIME_WAIT",
                count,
            ).format(port=port, count=count)
        else:
            peers = len(answer.peers)
            more = (
                ngettext(
                    "; {peers:,} connection to that port elsewhere",
                    "; {peers:,} connections to that port elsewhere",
                    peers,
                ).format(peers=peers)
                if peers
                else ""
            )
            if self._tried is None or self._tried[0] != port:
                return _("No socket of this machine has {port}{more}").format(port=port, more=more)
            report = self._tried[1]
            if report.verdict == "free":
                return _("{port} is free: a server can take it{more}").format(port=port, more=more)
            return f"{port}: {report.detail}{more}"
        others = len(answer.found) - 1
        return _("{said}, and {others:,} more").format(said=said, others=others) if others else said

    def _holder(self, row: SocketRow) -> str:
        info = self._snapshot.processes.get(row.owner) if row.owner else None
        name = inert(describe_owner(row, info), _LONGEST_NAME)
        if row.pid is not None:
            name = _("{name}, PID {pid}").format(name=name, pid=row.pid)
        template = _(_HOW.get(row.state, _HOW_ELSE))
        return template.format(
            holder=name,
            state=row.state or "",
            protocol=row.protocol.upper(),
            address=endpoint_text(row.local),
        )

    def _go(self) -> None:
        if self._answer is None or not self._answer.found:
            return
        rows = self._answer.found
        row = rows[self._next % len(rows)]
        self._next += 1
        self.socket_chosen.emit(row.key)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)

    @Slot()
    def _on_going_requested(self) -> None:
        self._refresh()
        self._go()

    @Slot()
    def _on_text_changed(self) -> None:
        self._next = 0
        self._refresh()
