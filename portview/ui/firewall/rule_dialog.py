"""Allow a port through the firewall, or block it: one narrow rule, shown before, proven after."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QDialogButtonBox

from portview.actions.confirmation.action import perform, prepare
from portview.actions.confirmation.firewall_actions import RuleAction
from portview.actions.firewall_rules.report import FirewallReport
from portview.domain.firewall import RuleEffect
from portview.domain.owners.owners import describe_owner
from portview.engine.latest_query import LatestQuery
from portview.engine.task_runner import Pool
from portview.firewall.row_question import question_of_row
from portview.i18n import _
from portview.override import override
from portview.ui.confirm.confirm_dialog import SIDE_MARGIN, ConfirmDialog
from portview.ui.confirm.confirmation_view import plain_label
from portview.ui.firewall.rule_form import RuleForm
from portview.ui.firewall.rule_preview import RulePreview
from portview.ui.firewall.rule_targets import describe_port
from portview.ui.widgets.wrapped_area import WrappedArea

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from portview.actions.confirmation.action import ExecutionOptions, PreparedAction
    from portview.actions.firewall_rules.plan import RulePlan
    from portview.domain.errors import ActionReport
    from portview.domain.sockets.entry import SocketEntry
    from portview.engine.task_runner import TaskRunner
    from portview.firewall.interface import Firewall

    PreparedRule = PreparedAction[RulePlan, FirewallReport]

_WIDTH = 620
_LEAST_ROOM = 160
_ROOM_AROUND = 230
"""Pixels of a screen's height that a dialog needs beside what scrolls in it."""


class RuleDialog(ConfirmDialog):
    """Asks for a rule about the port of a row and makes it.

    Every choice is planned again off the UI thread; the rule can be made when what is shown is what
    was chosen. ``revoke_wanted`` carries the id of a rule that is to be revoked again.
    """

    revoke_wanted = Signal(str)
    notified = Signal(str)

    def __init__(
        self,
        effect: RuleEffect,
        entry: SocketEntry,
        runner: TaskRunner,
        opener: Callable[[], Firewall],
        parent: QWidget | None = None,
    ) -> None:
        self._question = question_of_row(entry.row, entry.info, sys.platform)
        self._opener = opener
        is_allow = effect is RuleEffect.ALLOW
        super().__init__(
            _("Allow through firewall") if is_allow else _("Block in firewall"), runner, parent
        )
        self.setMinimumWidth(_WIDTH)
        self._verb = _("Allow") if is_allow else _("Block")
        self._port = describe_port(entry.row)
        self._prepared: PreparedRule | None = None
        self._rule_id = ""
        name = describe_owner(entry.row, entry.info)
        self.form = RuleForm(effect, self._question, entry.row.owner, name)
        self.preview = RulePreview()
        self.note = plain_label("")
        self.asked = WrappedArea(self.form, self.preview, spacing=16)
        self._inquiry: LatestQuery[RuleAction, PreparedRule] = LatestQuery(
            prepare,
            runner,
            Pool.ACTIONS,
            on_answered=self._on_planned,
            on_failed=self._on_not_planned,
        )
        self.compose(self.asked, self.note)
        self.revoke_button = self.add_button(
            _("&Revoke it…"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.revoke_button.hide()
        self.revoke_button.clicked.connect(self._on_revoke)
        question = (
            _("Allow {port} through the firewall?")
            if is_allow
            else _("Block {port} in the firewall?")
        )
        self.headline.setText(question.format(port=self._port))
        self.preview.copied.connect(lambda: self.notified.emit(_("Copied the command.")))
        self.form.rule_spec_changed.connect(self._plan)
        self.show_progress(_("Reading the firewall…"))
        self._inquiry.ask(self._job())

    @property
    def is_planning(self) -> bool:
        """Return whether what is shown is not yet what was chosen."""
        return self._inquiry.is_asking

    @override
    def prepare_act(self) -> Callable[[ExecutionOptions], ActionReport] | None:
        prepared = self._prepared
        if prepared is None or self.is_planning:
            return None
        return lambda options: perform(prepared, options)

    @override
    def done(self, result: int) -> None:
        self._inquiry.drop()
        super().done(result)

    @override
    def show_report(self, report: ActionReport) -> None:
        super().show_report(report)
        if isinstance(report, FirewallReport) and report.is_in_force:
            self._rule_id = report.rule_id
            self.revoke_button.show()

    def _job(self) -> RuleAction:
        return RuleAction(self.form.rule_spec(), self._question, self._opener)

    @Slot()
    def _plan(self) -> None:
        if self._prepared is None or self._is_executing:
            return
        problem = self.form.problem
        self.act_button.setEnabled(False)
        # What stands there is about another rule than the one that is being chosen.
        self.preview.setEnabled(not problem)
        self.note.setText(problem or _("Determining the effect…"))
        if problem:
            self._inquiry.drop()
        else:
            self._inquiry.ask(self._job())
        self._fit_asked()

    def _on_planned(self, job: RuleAction, prepared: PreparedRule) -> None:
        if self._is_over or self._is_executing:
            return
        plan, confirmation = prepared.plan, prepared.confirmation
        is_first = self._prepared is None
        self._prepared = prepared
        if is_first:
            with QSignalBlocker(self.form):
                self.form.show_firewall(plan.status, plan.subnets)
        if self.form.problem or self._job() != job:
            # The firewall offers something else, or a choice was made meanwhile.
            if is_first:
                self._plan()
            return
        self.form.show_name(confirmation.cards[0].title)
        self.preview.show_confirmation(confirmation)
        is_idle = plan.is_needless and not confirmation.commands
        self.note.setText(_("There is nothing to do.") if is_idle else "")
        self.act_button.setEnabled(not is_idle)
        if is_first or self.asked.isHidden():
            self.show_asking(self.asked, self.note, verb=f"{self._verb} {self._port}")
        self._fit_asked()

    def _on_not_planned(self, error: Exception) -> None:
        if not self._is_over and not self._is_executing:
            self.show_failure(error)

    def _fit_asked(self) -> None:
        width = max(self.width(), _WIDTH) - 2 * SIDE_MARGIN
        room = self.screen().availableGeometry().height() - _ROOM_AROUND
        self.asked.setFixedHeight(min(max(room, _LEAST_ROOM), self.asked.height_for(width)))
        self.note.setVisible(bool(self.note.text()) and not self.asked.isHidden())
        self.fit()

    @Slot()
    def _on_revoke(self) -> None:
        self.revoke_wanted.emit(self._rule_id)
        self.accept()
