"""Which row a person has chosen, also after it has gone from the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.domain.sockets.snapshot import Snapshot
from portview.ui.details.details_page import subject_of

if TYPE_CHECKING:
    from PySide6.QtWidgets import QAbstractItemView

    from portview.domain.sockets.entry import SocketEntry
    from portview.models.socket_table_model import SocketTableModel
    from portview.ui.details.details_page import Subject
    from portview.ui.table.socket_views import SocketViews


class SelectedSocket(QObject):
    """Follows the current row of the view that is shown as long as a person moves it.

    When a row goes, Qt makes its neighbour the current one without selecting it. That is not a
    choice: the row that was chosen stays the subject, until the person chooses another.
    """

    changed = Signal(object)

    def __init__(
        self, views: SocketViews, model: SocketTableModel, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._views = views
        self._model = model
        self._entry: SocketEntry | None = None
        self._snapshot = Snapshot()
        self._was_shown = True
        # The mouse moves the current row first and selects it then; keys do both the other way.
        self._follow(views.table)
        views.tree_made.connect(self._follow)
        views.selection_changed.connect(self._on_moved)
        model.edits_finished.connect(self._on_edited)

    @property
    def subject(self) -> Subject | None:
        """Return what is known about the chosen row, None before the first choice."""
        if self._entry is None:
            return None
        return subject_of(self._entry, self._model, self._snapshot)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Take the next snapshot, after the model has taken it."""
        self._snapshot = snapshot
        if self._entry is not None:
            self._entry = self._model.find_entry(self._entry.row.key) or self._entry
            self.changed.emit(self.subject)

    @Slot()
    def _on_edited(self) -> None:
        """Report at once when a filter or a scope hides the chosen row, or shows it again."""
        if self._entry is None:
            return
        is_shown = self._model.row_number(self._entry.row.key) is not None
        if is_shown != self._was_shown:
            self._was_shown = is_shown
            self.changed.emit(self.subject)

    @Slot(object)
    def _follow(self, view: QAbstractItemView) -> None:
        view.selectionModel().currentChanged.connect(self._on_moved)

    @Slot()
    def _on_moved(self) -> None:
        view = self._views.view
        index = view.currentIndex()
        if not view.selectionModel().isSelected(index):
            return
        # A process in the tree stands for its first socket: what is shown the owner is the same.
        entry = view.entries_of(index)[0]
        if entry is not self._entry:
            self._entry = entry
            self._was_shown = True
            self.changed.emit(self.subject)
