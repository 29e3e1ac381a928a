"""The window's ways to change the machine: each opens a dialog that asks first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

from portview.i18n import _
from portview.ui.commands.change_commands import add_change_commands
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from PySide6.QtWidgets import QWidget

    from portview.actions.confirmation.action import AnyAction
    from portview.domain.owners.process import Execution, ProcessKey
    from portview.engine.task_runner import TaskRunner
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.commands.window_actions import WindowActions


class ActionController(QObject):
    """Adds the acts on rows and the list of actions, and opens their dialogs over the window.

    ``acted`` names with a report that the machine may look different now, ``watch_wanted`` asks for
    a watch of a port and protocol.
    """

    acted = Signal(object)
    watch_wanted = Signal(int, str)

    def __init__(
        self,
        acts: WindowActions,
        rows: RowActions,
        runner: TaskRunner,
        window: QWidget,
        standing: Callable[[], Mapping[ProcessKey, Execution]],
    ) -> None:
        super().__init__(window)
        self._runner = runner
        self._window = window
        add_change_commands(rows, self.start, sys.platform, standing)
        acts.add("action_list", ActionSpec(_("&Actions"), ("Ctrl+Shift+L",)), self.show_list)

    def start(self, job: AnyAction) -> None:
        """Lead through a job."""
        from portview.ui.confirm.action_dialog import ActionDialog  # noqa: PLC0415 - loaded when wanted

        dialog = ActionDialog(job, self._runner, self._window)
        dialog.acted.connect(self.acted)
        dialog.action_requested.connect(self.start)
        dialog.watch_requested.connect(self.watch_wanted)
        dialog.open()

    @Slot()
    def show_list(self) -> None:
        """Show what was done so far."""
        from portview.ui.confirm.history_window import HistoryWindow  # noqa: PLC0415 - likewise

        actions = HistoryWindow(self._runner, self._window)
        actions.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        actions.action_requested.connect(self.start)
        actions.open()
