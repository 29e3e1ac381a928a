"""The rules of the firewall that PortView made, and the way to take them back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from portview.actions.confirmation.firewall_actions import RevokeAction
from portview.actions.firewall_rules.expiry import why_expired
from portview.actions.firewall_rules.plan import describe_remotes, describe_rule_end
from portview.domain.firewall import FirewallQuestion
from portview.domain.severity import Severity
from portview.domain.verdict_labels import verdict_label
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.i18n import N_, _, join_sentences, ngettext
from portview.ui.firewall.firewall_text import EFFECT_LABELS
from portview.ui.widgets.result import ResultRow
from portview.ui.widgets.result_view import ResultTable
from portview.ui.widgets.tool_window import ToolWindow, describe_failure
from portview.ui.widgets.wrapped_label import wrapped_label

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.firewall import ManagedRule
    from portview.engine.task_runner import TaskRunner
    from portview.firewall.interface import Firewall, FirewallReader, FirewallRules
    from portview.settings import Settings

_SIZE = (860, 360)
_COLUMNS = (
    N_("Rule"),
    N_("Does"),
    N_("Port"),
    N_("From"),
    N_("Until"),
    N_("Any other machine"),
    N_("Program"),
)


class _Listing(NamedTuple):
    rules: FirewallRules
    rows: list[ResultRow]
    has_expired: bool


class ManagedRulesWindow(ToolWindow):
    """Lists them as they are now. ``action_wanted`` carries what is to be asked about in a dialog.

    ``none_expired`` follows a reading in which no rule is there longer than it should be.
    """

    action_wanted = Signal(object)
    none_expired = Signal()

    def __init__(
        self,
        firewall: FirewallReader,
        opener: Callable[[], Firewall],
        runner: TaskRunner,
        settings: Settings,
        parent: QWidget,
    ) -> None:
        super().__init__("managed_rules", _("Rules created by PortView"), _SIZE, settings, parent)
        self._opener = opener
        self._own: tuple[ManagedRule, ...] = ()
        self._inquiry: LatestQuery[None, _Listing] = LatestQuery(
            lambda _none: _read(firewall),
            runner,
            Pool.ACTIONS,
            on_answered=self._on_read,
            on_failed=self._on_failed,
        )
        self.note = wrapped_label(_("State of the list"))
        self.table = ResultTable()
        self.table.setAccessibleName(_("Rules created by PortView"))
        self.table.setWordWrap(False)
        self.revoke_button = self.button(_("&Revoke…"), self._on_revoke)
        self.all_button = self.button(_("Revoke &all…"), self._on_revoke_all)
        self.refresh_button = self.button(_("Re&fresh"), self.refresh)
        self.close_button = self.button(_("Close"), self.reject)
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
        """Return whether the list is being read."""
        return self._inquiry.is_asking

    @Slot()
    def refresh(self) -> None:
        """Read the list again."""
        if not self._own:
            self.note.setText(_("Reading the firewall…"))
        self._inquiry.ask(None)

    def _on_read(self, _none: None, listing: _Listing) -> None:
        self._own = listing.rules.managed_rules
        self.table.begin(tuple(map(_, _COLUMNS)))
        for row in listing.rows:
            self.table.append(row)
        self.table.fit()
        self.table.setVisible(bool(self._own))
        self.note.setText(_note(listing.rules))
        self._show_buttons()
        if not listing.has_expired and not listing.rules.status.problem:
            self.none_expired.emit()

    def _on_failed(self, error: Exception) -> None:
        self.note.setText(join_sentences(*describe_failure(error)))

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
            self.action_wanted.emit(RevokeAction(rule_ids, opener=self._opener))


def _note(rules: FirewallRules) -> str:
    status, many = rules.status, len(rules.managed_rules)
    if status.problem:
        return join_sentences(status.problem, status.hint)
    if not many:
        return _(
            "PortView has created no rule on this machine. A rule that is created with "
            "“Allow through firewall…” is listed here until it is revoked."
        )
    return ngettext(
        "PortView created this rule. Others are never touched.",
        "PortView created these {count:,} rules. Others are never touched.",
        many,
    ).format(count=many)


def _read(firewall: FirewallReader) -> _Listing:
    rules = firewall.read()
    now_ms = time.time_ns() // 1_000_000
    reasons = [why_expired(own, now_ms) for own in rules.managed_rules]
    rows = [_row(own, rules, why) for own, why in zip(rules.managed_rules, reasons, strict=True)]
    return _Listing(rules, rows, any(reasons))


def _row(own: ManagedRule, rules: FirewallRules, why: str) -> ResultRow:
    rule_spec = own.rule_spec
    answer = rules.decide(
        FirewallQuestion(rule_spec.protocol, rule_spec.port, program=rule_spec.program)
    )
    ending = describe_rule_end(rule_spec).removeprefix("until ")
    return ResultRow(
        (
            own.rule.name or own.id,
            _(EFFECT_LABELS[rule_spec.effect]),
            f"{rule_spec.protocol.value.upper()} {rule_spec.port}",
            describe_remotes(rule_spec),
            f"{ending}; {why}" if why else ending,
            verdict_label(answer.verdict),
            rule_spec.program or "any",
        ),
        Severity.BAD if why else None,
    )
