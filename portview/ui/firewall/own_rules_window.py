"""The rules of the firewall that PortView made, and the way to take them back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from portview.actions.firewall_expiry import why_expired
from portview.actions.firewall_jobs import RevokeJob
from portview.actions.firewall_plan import ending_words, remote_words
from portview.domain.firewall import FirewallQuestion
from portview.engine.inquiry import Inquiry
from portview.engine.task_runner import Pool
from portview.ui.firewall.firewall_words import EFFECT_WORDS, VERDICT_WORDS
from portview.ui.firewall.revoke_job import AskedRevoke
from portview.ui.probing.plain_label import wrapped_label
from portview.ui.probing.sheet import SheetRow
from portview.ui.probing.sheet_view import SheetTable
from portview.ui.probing.tone import Tone
from portview.ui.probing.tool_window import ToolWindow, failure_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.firewall import OwnRule
    from portview.engine.task_runner import TaskRunner
    from portview.firewall.firewall import Firewall, FirewallReader, FirewallRules
    from portview.settings import Settings

_SIZE = (860, 360)
_COLUMNS = ("Rule", "Does", "Port", "From", "Until", "Any other machine", "Program")


class _Listing(NamedTuple):
    rules: FirewallRules
    rows: list[SheetRow]
    has_expired: bool


class OwnRulesWindow(ToolWindow):
    """Lists them as they are now. ``job_wanted`` carries what is to be asked about in a dialog.

    ``none_expired`` follows a reading in which no rule is there longer than it should be.
    """

    job_wanted = Signal(object)
    none_expired = Signal()

    def __init__(
        self,
        firewall: FirewallReader,
        opener: Callable[[], Firewall],
        runner: TaskRunner,
        settings: Settings,
        parent: QWidget,
    ) -> None:
        super().__init__("own_rules", "Rules made by PortView", _SIZE, settings, parent)
        self._opener = opener
        self._own: tuple[OwnRule, ...] = ()
        self._inquiry: Inquiry[None, _Listing] = Inquiry(
            lambda _none: _read(firewall),
            runner,
            Pool.ACTIONS,
            on_answered=self._on_read,
            on_failed=self._on_failed,
        )
        self.note = wrapped_label("State of the list")
        self.table = SheetTable()
        self.table.setAccessibleName("Rules made by PortView")
        self.table.setWordWrap(False)
        self.revoke_button = self.button("&Take back\u2026", self._on_revoke)
        self.all_button = self.button("Take back &all\u2026", self._on_revoke_all)
        self.refresh_button = self.button("&Refresh", self.refresh)
        self.close_button = self.button("Close", self.reject)
        buttons = QHBoxLayout()
        for button in (self.revoke_button, self.all_button, self.refresh_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.note)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self.starts_at = self.table
        self._show_buttons()

    @property
    def is_reading(self) -> bool:
        """Tell whether the list is being read."""
        return self._inquiry.is_asking

    @Slot()
    def refresh(self) -> None:
        """Read the list anew."""
        if not self._own:
            self.note.setText("Reading the firewall \u2026")
        self._inquiry.ask(None)

    def _on_read(self, _none: None, listing: _Listing) -> None:
        self._own = listing.rules.own_rules
        self.table.begin(_COLUMNS)
        for row in listing.rows:
            self.table.append(row)
        self.table.fit()
        self.table.setVisible(bool(self._own))
        self.note.setText(_note(listing.rules))
        self._show_buttons()
        if not listing.has_expired and not listing.rules.status.problem:
            self.none_expired.emit()

    def _on_failed(self, error: Exception) -> None:
        self.note.setText(" ".join(failure_words(error)))

    def _selected(self) -> tuple[str, ...]:
        numbers = sorted({index.row() for index in self.table.selectedIndexes()})
        return tuple(self._own[number].id for number in numbers)

    @Slot()
    def _show_buttons(self) -> None:
        self.revoke_button.setEnabled(bool(self._selected()))
        self.all_button.setEnabled(bool(self._own))

    def _on_revoke(self) -> None:
        self._ask(self._selected())

    def _on_revoke_all(self) -> None:
        self._ask(tuple(own.id for own in self._own))

    def _ask(self, rule_ids: tuple[str, ...]) -> None:
        if rule_ids:
            self.job_wanted.emit(AskedRevoke(RevokeJob(rule_ids, opener=self._opener)))


def _note(rules: FirewallRules) -> str:
    status, many = rules.status, len(rules.own_rules)
    if status.problem:
        return f"{status.problem} {status.hint}".strip()
    if not many:
        return (
            "PortView has made no rule on this machine. A rule that is made with \u201cAllow "
            "through firewall\u2026\u201d stands here until it is taken back."
        )
    rules_words = "This rule was" if many == 1 else f"These {many:,} rules were"
    return f"{rules_words} made by PortView. Others are never touched."


def _read(firewall: FirewallReader) -> _Listing:
    rules = firewall.read()
    now_ms = time.time_ns() // 1_000_000
    reasons = [why_expired(own, now_ms) for own in rules.own_rules]
    rows = [_row(own, rules, why) for own, why in zip(rules.own_rules, reasons, strict=True)]
    return _Listing(rules, rows, any(reasons))


def _row(own: OwnRule, rules: FirewallRules, why: str) -> SheetRow:
    wish = own.wish
    answer = rules.decide(FirewallQuestion(wish.protocol, wish.port, program=wish.program))
    ending = ending_words(wish).removeprefix("until ")
    return SheetRow(
        (
            own.rule.name or own.id,
            EFFECT_WORDS[wish.effect],
            f"{wish.protocol.value.upper()} {wish.port}",
            remote_words(wish),
            f"{ending}; {why}" if why else ending,
            VERDICT_WORDS[answer.verdict],
            wish.program or "any",
        ),
        Tone.BAD if why else None,
    )
