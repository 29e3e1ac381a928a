"""The window's ways to the firewall: allow a port, block it, and the list of rules made so far."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.i18n import _
from portview.ui.commands.row_actions import RowAction, Section, Target
from portview.ui.commands.window_actions import ActionSpec
from portview.ui.firewall.rule_targets import why_no_rule

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from portview.actions.confirmation.action import AnyAction
    from portview.domain.errors import ActionReport
    from portview.domain.sockets.entry import SocketEntry
    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.firewall.managed_rules_window import ManagedRulesWindow
    from portview.ui.table.data_sources import FirewallSources
    from portview.ui.table.row_selection import RowSelection

_RANK = 60


class FirewallTools(QObject):
    """Makes each dialog when it is wanted, and its modules are loaded then.

    ``acted`` carries the report of a change, ``action_wanted`` a job for the window's own dialog,
    ``note_changed`` a sentence for the status bar that leads to the list of rules; empty for none.
    """

    acted = Signal(object)
    action_wanted = Signal(object)
    notified = Signal(str)
    note_changed = Signal(str)

    def __init__(
        self,
        window: QMainWindow,
        runner: TaskRunner,
        settings: Settings,
        sources: FirewallSources,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._settings = settings
        self._sources = sources
        self._has_list = False

    @cached_property
    def managed_rules_window(self) -> ManagedRulesWindow:
        """Return the list of rules that PortView made."""
        from portview.ui.firewall.managed_rules_window import ManagedRulesWindow  # noqa: PLC0415

        sources = self._sources
        window = ManagedRulesWindow(
            sources.shared, sources.opener, self._runner, self._settings, self._window
        )
        window.notified.connect(self.notified)
        window.action_wanted.connect(self.action_wanted)
        window.none_expired.connect(lambda: self.note_changed.emit(""))
        self._has_list = True
        return window

    def add_actions(self, acts: WindowActions, rows: RowActions) -> None:
        """Add the acts on rows, and the list for the Tools menu."""
        acts.add(
            "managed_rules",
            ActionSpec(
                _("Firewall &rules created by PortView"),
                ("Ctrl+Shift+F",),
                _("What PortView changed in the firewall, and how to undo it"),
            ),
            self.show_managed_rules,
        )
        for row_action in (
            RowAction(
                "allow_in_firewall",
                _("&Allow through firewall…"),
                Section.PORT,
                lambda selection: self.allow(selection.first),
                _why_not,
                ("Ctrl+Shift+A",),
                _("Shows one narrow rule, creates it, and proves that it took effect"),
                target=Target.ONE_SOCKET,
                rank=_RANK,
            ),
            RowAction(
                "block_in_firewall",
                _("&Block in firewall…"),
                Section.PORT,
                lambda selection: self.block(selection.first),
                _why_not,
                ("Ctrl+Shift+B",),
                _("Keeps clients on other machines from this port"),
                target=Target.ONE_SOCKET,
                rank=_RANK,
            ),
        ):
            rows.add(row_action)

    @Slot(object)
    def allow(self, entry: SocketEntry) -> None:
        """Ask for a rule that lets clients in to a row's port."""
        self._ask(entry, is_allow=True)

    @Slot(object)
    def block(self, entry: SocketEntry) -> None:
        """Ask for a rule that keeps clients from a row's port."""
        self._ask(entry, is_allow=False)

    @Slot()
    def show_managed_rules(self) -> None:
        """Show the rules that PortView made."""
        self.managed_rules_window.bring_up()
        self.managed_rules_window.refresh()

    @Slot(object)
    def note_change(self, _report: ActionReport | None = None) -> None:
        """Read everything again that depends on the rules: they were changed just now."""
        self._sources.feed.reread()
        if self._has_list and self.managed_rules_window.isVisible():
            self.managed_rules_window.refresh()

    @Slot(str)
    def show_expired(self, sentence: str) -> None:
        """Show in the status bar that rules have expired and are still there."""
        self.note_changed.emit(sentence)

    def close(self) -> None:
        """Hide the list."""
        if self._has_list:
            self.managed_rules_window.remember()
            self.managed_rules_window.hide()

    def _ask(self, entry: SocketEntry, *, is_allow: bool) -> None:
        from portview.domain.firewall import RuleEffect  # noqa: PLC0415 - loaded when wanted
        from portview.ui.firewall.rule_dialog import RuleDialog  # noqa: PLC0415 - likewise

        effect = RuleEffect.ALLOW if is_allow else RuleEffect.BLOCK
        dialog = RuleDialog(effect, entry, self._runner, self._sources.opener, self._window)
        dialog.notified.connect(self.notified)
        dialog.acted.connect(self.acted)
        dialog.revoke_wanted.connect(self._on_revoke_wanted)
        dialog.open()

    @Slot(str)
    def _on_revoke_wanted(self, rule_id: str) -> None:
        self.action_wanted.emit(self._revoke(rule_id))

    def _revoke(self, rule_id: str) -> AnyAction:
        from portview.actions.confirmation.firewall_actions import RevokeAction  # noqa: PLC0415 - loaded when wanted

        return RevokeAction((rule_id,), opener=self._sources.opener)


def _why_not(selection: RowSelection) -> str:
    return why_no_rule(selection.first.row)
