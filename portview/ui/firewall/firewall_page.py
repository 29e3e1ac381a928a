"""The tab that says what the firewall does to a socket's port, and by which rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from portview.domain.severity import Severity
from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.details.details_page import DetailsPage
from portview.ui.details.facts_form import FactsForm
from portview.ui.firewall.firewall_text import (
    not_applicable_result,
    profile_lines,
    rules_title,
    verdict_result,
)
from portview.ui.firewall.recent_drops import RecentDrops
from portview.ui.firewall.rule_targets import why_no_rule
from portview.ui.widgets.result import DisplayedResult
from portview.ui.widgets.result_view import Headline, ResultTable
from portview.ui.widgets.wrapped_area import WrappedArea

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.firewall import FirewallAnswer, FirewallStatus
    from portview.domain.sockets.entry import SocketEntry
    from portview.engine.firewall_feed import FirewallFeed
    from portview.engine.task_runner import TaskRunner
    from portview.ui.details.details_page import Subject
    from portview.ui.firewall.recent_drops import ReadDrops

_ANSWER_WIDTH, _RULES_WIDTH = 560, 540


class FirewallPage(DetailsPage):
    """The verdict with its next step and the state of the firewall; beside them the rules.

    ``allow_wanted`` and ``block_wanted`` carry the entry that a rule is to be made for.
    """

    allow_wanted = Signal(object)
    block_wanted = Signal(object)
    managed_rules_requested = Signal()

    def __init__(
        self,
        feed: FirewallFeed,
        read_drops: ReadDrops,
        runner: TaskRunner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._feed = feed
        self._drops = RecentDrops(read_drops, runner, self)
        self._subject: Subject | None = None
        self._shown: tuple[object, ...] | None = None
        self.headline = Headline()
        self.headline.setFrameShape(QFrame.Shape.NoFrame)
        self.facts = FactsForm()
        self.facts.add_fact("note", _("Note"), most_lines=2)
        self.facts.add_fact("summary", _("Firewall"), most_lines=3)
        self.facts.add_fact("problem", _("Not read"), most_lines=4)
        self.facts.add_fact("profiles", _("Profiles"), most_lines=8)
        self.facts.add_fact("drops", _("Recently dropped"), most_lines=6)
        self.allow_button = self._button(_("&Allow\u2026"), self._on_allow)
        self.block_button = self._button(_("&Block\u2026"), self._on_block)
        self.managed_button = self._button(
            _("&Rules created by PortView"), self.managed_rules_requested.emit
        )
        self.rules_title = QLabel()
        self.rules_title.setTextFormat(Qt.TextFormat.PlainText)
        self.rules_title.setContentsMargins(8, 8, 8, 4)
        self.rules = ResultTable()
        self.rules.setAccessibleName(_("Rules about this port"))
        self.rules.setFrameShape(QFrame.Shape.NoFrame)
        self.rules.setWordWrap(False)
        self._compose()
        feed.answers_changed.connect(self._on_answers_changed)
        self._drops.lines_changed.connect(self._on_drops_changed)

    @override
    def show_subject(self, subject: Subject) -> None:
        self._subject = subject
        self._feed.look_closer(subject.entry)
        self._look_for_drops(subject.entry)
        self._show()

    def _compose(self) -> None:
        buttons = QHBoxLayout()
        buttons.setContentsMargins(10, 4, 10, 8)
        for button in (self.allow_button, self.block_button, self.managed_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        left = QWidget()
        left_column = QVBoxLayout(left)
        left_column.setContentsMargins(0, 0, 0, 0)
        left_column.setSpacing(0)
        left_column.addWidget(WrappedArea(self.headline, self.facts), 1)
        left_column.addLayout(buttons)
        right = QWidget()
        right_column = QVBoxLayout(right)
        right_column.setContentsMargins(0, 0, 0, 0)
        right_column.setSpacing(0)
        right_column.addWidget(self.rules_title)
        right_column.addWidget(self.rules, 1)
        right_column.addStretch(0)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(left)
        halves.addWidget(right)
        halves.setSizes([_ANSWER_WIDTH, _RULES_WIDTH])
        halves.setChildrenCollapsible(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(halves)

    @staticmethod
    def _button(text: str, on_clicked: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: on_clicked())
        return button

    def _look_for_drops(self, entry: SocketEntry) -> None:
        status = self._feed.status
        if status is None or not_applicable_result(entry.row) is not None:
            self._drops.forget()
        else:
            self._drops.look(status, entry.row.local.port, entry.row.protocol)

    @Slot()
    def _on_drops_changed(self) -> None:
        self.facts.show_lines("drops", self._drops.lines)

    @Slot()
    def _on_answers_changed(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        subject, status = self._subject, self._feed.status
        if subject is None:
            return
        entry = subject.entry
        answer = self._feed.answers.get(entry.row.key)
        shown = (
            entry.row,
            subject.is_open,
            answer,
            status,
            self._feed.hint,
            len(self._feed.managed_rules),
        )
        if shown == self._shown:
            return
        self._shown = shown
        self._show_buttons(entry)
        result = not_applicable_result(entry.row) or self._result_of(entry, answer, status)
        self.headline.say(result.severity, result.word, result.detail, result.hint)
        self._show_facts(status, is_open=subject.is_open)
        self.rules.begin(result.columns)
        for row in result.rows:
            self.rules.append(row)
        self.rules.fit()
        self.rules.setVisible(bool(result.rows))
        title = ""
        if result.columns and answer is not None and status is not None:
            title = rules_title(answer, status)
        self.rules_title.setText(title)

    def _result_of(
        self, entry: SocketEntry, answer: FirewallAnswer | None, status: FirewallStatus | None
    ) -> DisplayedResult:
        if self._feed.hint:
            return DisplayedResult(
                Severity.BAD, _("The firewall could not be asked"), self._feed.hint
            )
        if answer is None or status is None:
            return DisplayedResult(
                Severity.NOTE, _("Reading the firewall…"), _("Its rules are being read.")
            )
        return verdict_result(entry.row, answer, status)

    def _show_facts(self, status: FirewallStatus | None, *, is_open: bool) -> None:
        show = self.facts.show_fact
        show(
            "note",
            "" if is_open else _("This socket has closed. Its last known details stay here."),
        )
        said = self.headline.text
        show("summary", status.summary if status and status.summary not in said else "")
        self.facts.show_lines("profiles", profile_lines(status) if status else ())
        # Where that is why there is no verdict, it stands above already.
        reported = (status.problem, status.hint) if status and status.problem else ()
        unsaid = tuple(text for text in reported if text and text not in said)
        self.facts.show_lines("problem", unsaid)

    def _show_buttons(self, entry: SocketEntry) -> None:
        reason = why_no_rule(entry.row)
        for button, tip in (
            (self.allow_button, _("Create one rule that allows clients to this port")),
            (self.block_button, _("Create one rule that blocks clients from this port")),
        ):
            button.setEnabled(not reason)
            button.setToolTip(plain_tooltip(reason or tip))
        own = len(self._feed.managed_rules)
        many = f" ({own:,})" if own else ""
        self.managed_button.setText(_("&Rules created by PortView{many}").format(many=many))

    def _on_allow(self) -> None:
        if self._subject is not None:
            self.allow_wanted.emit(self._subject.entry)

    def _on_block(self) -> None:
        if self._subject is not None:
            self.block_wanted.emit(self._subject.entry)
