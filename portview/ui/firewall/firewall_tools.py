"""The window's ways to the firewall: allow a port, block it, and the list of rules made so far."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from portview.ui.firewall.rule_targets import why_no_rule
from portview.ui.row_actions import RowAction, Section, Target
from portview.ui.window_actions import ActionSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow

    from portview.actions.jobs import Job
    from portview.domain.entry import Entry
    from portview.domain.firewall import FirewallStatus
    from portview.domain.outcome import ActionReport
    from portview.domain.sockets import Protocol
    from portview.engine.firewall_feed import FirewallFeed
    from portview.engine.task_runner import TaskRunner
    from portview.firewall.drops import DroppedPacket
    from portview.firewall.firewall import Firewall, FirewallReader
    from portview.settings import Settings
    from portview.ui.firewall.own_rules_window import OwnRulesWindow
    from portview.ui.row_actions import RowActions
    from portview.ui.row_selection import RowSelection
    from portview.ui.window_actions import WindowActions

_RANK = 60


class FirewallSources(NamedTuple):
    """The firewall that is read for many (``shared``), and what opens one for a change.

    ``read_drops`` returns what was dropped for a port lately; it blocks and raises PortViewError.
    """

    feed: FirewallFeed
    shared: FirewallReader
    opener: Callable[[], Firewall]
    read_drops: Callable[[FirewallStatus, int, Protocol], tuple[DroppedPacket, ...]]


class FirewallTools(QObject):
    """Makes each dialog when it is wanted, and its modules are loaded then.

    ``acted`` carries the report of a change, ``job_wanted`` a job for the window's own dialog,
    ``note_changed`` a sentence for the status bar that leads to the list of rules; empty for none.
    """

    acted = Signal(object)
    job_wanted = Signal(object)
    told = Signal(str)
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
    def own_rules_window(self) -> OwnRulesWindow:
        """Return the list of rules that PortView made."""
        from portview.ui.firewall.own_rules_window import OwnRulesWindow  # noqa: PLC0415

        sources = self._sources
        window = OwnRulesWindow(
            sources.shared, sources.opener, self._runner, self._settings, self._window
        )
        window.told.connect(self.told)
        window.job_wanted.connect(self.job_wanted)
        window.none_expired.connect(lambda: self.note_changed.emit(""))
        self._has_list = True
        return window

    def add_actions(self, acts: WindowActions, rows: RowActions) -> None:
        """Add the acts on rows, and the list for the Tools menu."""
        acts.add(
            "own_rules",
            ActionSpec(
                "Fire&wall rules made by PortView\u2026",
                ("Ctrl+Shift+F",),
                "What PortView changed in the firewall, and the way back",
            ),
            self.show_own_rules,
        )
        for row_action in (
            RowAction(
                "allow_in_firewall",
                "&Allow through firewall\u2026",
                Section.PORT,
                lambda selection: self.allow(selection.first),
                _why_not,
                ("Ctrl+Shift+A",),
                "Shows one narrow rule, makes it, and proves that it took effect",
                target=Target.ONE_SOCKET,
                rank=_RANK,
            ),
            RowAction(
                "block_in_firewall",
                "&Block in firewall\u2026",
                Section.PORT,
                lambda selection: self.block(selection.first),
                _why_not,
                ("Ctrl+Shift+B",),
                "Keeps clients on other machines from this port",
                target=Target.ONE_SOCKET,
                rank=_RANK,
            ),
        ):
            rows.add(row_action)

    @Slot(object)
    def allow(self, entry: Entry) -> None:
        """Ask for a rule that lets clients in to a row's port."""
        self._ask(entry, is_allow=True)

    @Slot(object)
    def block(self, entry: Entry) -> None:
        """Ask for a rule that keeps clients from a row's port."""
        self._ask(entry, is_allow=False)

    @Slot()
    def show_own_rules(self) -> None:
        """Show the rules that PortView made."""
        self.own_rules_window.bring_up()
        self.own_rules_window.refresh()

    @Slot(object)
    def note_change(self, _report: ActionReport | None = None) -> None:
        """Read everything anew that depends on the rules: they were changed just now."""
        self._sources.feed.reread()
        if self._has_list and self.own_rules_window.isVisible():
            self.own_rules_window.refresh()

    @Slot(str)
    def show_expired(self, sentence: str) -> None:
        """Say in the status bar that rules have had their time and are still there."""
        self.note_changed.emit(sentence)

    def close(self) -> None:
        """Hide the list."""
        if self._has_list:
            self.own_rules_window.remember()
            self.own_rules_window.hide()

    def _ask(self, entry: Entry, *, is_allow: bool) -> None:
        from portview.domain.firewall import RuleEffect  # noqa: PLC0415 - loaded when wanted
        from portview.ui.firewall.rule_dialog import RuleDialog  # noqa: PLC0415 - likewise

        effect = RuleEffect.ALLOW if is_allow else RuleEffect.BLOCK
        dialog = RuleDialog(effect, entry, self._runner, self._sources.opener, self._window)
        dialog.told.connect(self.told)
        dialog.acted.connect(self.acted)
        dialog.revoke_wanted.connect(self._on_revoke_wanted)
        dialog.open()

    @Slot(str)
    def _on_revoke_wanted(self, rule_id: str) -> None:
        self.job_wanted.emit(self._revoke(rule_id))

    def _revoke(self, rule_id: str) -> Job:
        from portview.actions.firewall_jobs import RevokeJob  # noqa: PLC0415 - loaded when wanted
        from portview.ui.firewall.revoke_job import AskedRevoke  # noqa: PLC0415 - likewise

        return AskedRevoke(RevokeJob((rule_id,), opener=self._sources.opener))


def _why_not(selection: RowSelection) -> str:
    return why_no_rule(selection.first.row)
