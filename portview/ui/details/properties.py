"""Properties of a row: the way into the window that reports everything about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.domain.sockets.snapshot import Snapshot
from portview.i18n import _
from portview.ui.commands.row_actions import RowAction, Section
from portview.ui.details.details_page import subject_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from portview.engine.task_runner import TaskRunner
    from portview.models.socket_table_model import SocketTableModel
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.details.properties_dialog import PropertiesDialog
    from portview.ui.table.data_sources import DataSources
    from portview.ui.table.row_selection import RowSelection


class Properties(QObject):
    """Adds the act, and keeps its window up to date while that is open.

    There is one window, made when it is first asked for: asked again it shows another row.
    """

    socket_chosen = Signal(object)
    notified = Signal(str)

    def __init__(
        self,
        rows: RowActions,
        model: SocketTableModel,
        data_sources: DataSources,
        runner: TaskRunner,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._model = model
        self._data_sources = data_sources
        self._runner = runner
        self._window = window
        self._snapshot = Snapshot()
        self.dialog: PropertiesDialog | None = None
        rows.add(
            RowAction(
                "properties",
                _("Prope&rties"),
                Section.PROPERTIES,
                self.show_first,
                _why_not,
                ("Alt+Return", "Alt+Enter"),
                _("Everything that is known about the socket and its process"),
            )
        )

    def show_first(self, selection: RowSelection) -> None:
        """Open the window about the first of the selected rows."""
        if self.dialog is None:
            # Loaded when it is first wanted: a window starts the sooner for it.
            from portview.ui.details.properties_dialog import PropertiesDialog  # noqa: PLC0415

            self.dialog = PropertiesDialog(self._data_sources, self._runner, self._window)
            self.dialog.socket_chosen.connect(self.socket_chosen)
            self.dialog.notified.connect(self.notified)
        self.dialog.show_subject(subject_of(selection.first, self._model, self._snapshot))
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    @Slot(object)
    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take the next snapshot, after the model has taken it."""
        self._snapshot = snapshot
        dialog = self.dialog
        if dialog is not None and dialog.isVisible() and dialog.subject is not None:
            dialog.show_subject(subject_of(dialog.subject.entry, self._model, snapshot))


def _why_not(selection: RowSelection) -> str:
    if len(selection.entries) > 1 and (len(selection.owners) > 1 or None in selection.owners):
        return _("This works on one socket or one process at a time.")
    return ""
