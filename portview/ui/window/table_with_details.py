"""The table with the details pane below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter

from portview.domain.sockets.connections import is_server
from portview.domain.table.cells import firewall_code
from portview.i18n import _
from portview.override import override
from portview.ui.details.details_pane import DetailsPane
from portview.ui.details.selected_socket import SelectedSocket
from portview.ui.firewall.verdict_icons import VerdictIcons
from portview.ui.table.process_icons import ProcessIcons, program_icon_loader
from portview.ui.table.visible_rows import MOST_MEASURED, VisibleRows

if TYPE_CHECKING:
    from portview.domain.sockets.snapshot import Snapshot
    from portview.engine.task_runner import TaskRunner
    from portview.models.socket_table_model import SocketTableModel
    from portview.settings import Settings
    from portview.ui.details.details_page import DetailsPage
    from portview.ui.table.data_sources import DataSources
    from portview.ui.table.socket_views import SocketViews

_FIRST_HEIGHT = 210
_SMALLEST_HEIGHT, _LARGEST_HEIGHT = 80, 4000


class TableWithDetails(QSplitter):
    """Joins the views, what is looked up for their rows, and the pane about the chosen row.

    ``socket_chosen`` names the key of a socket that was chosen in the pane; the requests for rules
    of the firewall carry the entry that they are about.
    """

    socket_chosen = Signal(object)
    allow_wanted = Signal(object)
    block_wanted = Signal(object)
    managed_rules_requested = Signal()
    open_changed = Signal(bool)
    notified = Signal(str)
    first_wanted = Signal()

    def __init__(
        self,
        views: SocketViews,
        model: SocketTableModel,
        data_sources: DataSources,
        runner: TaskRunner,
    ) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._views = views
        self._model = model
        self._height = _FIRST_HEIGHT
        self.chosen = SelectedSocket(views, model, self)
        self.pane = DetailsPane()
        self._add_pages(data_sources, runner)
        self.addWidget(views)
        self.addWidget(self.pane)
        self.setStretchFactor(0, 1)
        self.setStretchFactor(1, 0)
        self.setChildrenCollapsible(False)
        self._visible_rows = VisibleRows(views, model, data_sources)
        self._icons = ProcessIcons(
            model.mark_of,
            self.palette(),
            program_icon_loader(),
            lambda entry: model.context.standing_of(entry.row) is not None,
            parent=self,
        )
        self._icons.changed.connect(self._on_icons_changed)
        data_sources.executions.changed.connect(self._on_standing_changed)
        self._on_icons_changed()
        self._verdicts = VerdictIcons(self.palette())
        self._show_verdicts()
        self.chosen.changed.connect(self.pane.show_subject)
        self.pane.close_requested.connect(lambda: self.set_open(False))
        views.activated_row.connect(self._on_activated)
        views.table.doubleClicked.connect(self._on_activated)

    @Slot()
    def _on_activated(self) -> None:
        """Show the details, and where they are shown already ask for the first of the actions."""
        if self.is_open:
            self.first_wanted.emit()
        else:
            self.set_open(is_open=True)

    @property
    def is_open(self) -> bool:
        """Return whether the details are shown."""
        return not self.pane.isHidden()

    def set_open(self, is_open: bool) -> None:  # noqa: FBT001 - a checkable action's form
        """Show or hide the details; the table keeps the focus."""
        if is_open == self.is_open:
            return
        if not is_open:
            self._note_height()
            if self.pane.isAncestorOf(self.focusWidget()):
                self._views.view.setFocus()
        self.pane.setVisible(is_open)
        if is_open:
            self._share_height()
        self.open_changed.emit(is_open)

    def show_snapshot(self, snapshot: Snapshot, *, is_looking: bool = True) -> None:
        """Take the next snapshot, after the model has taken it.

        With ``is_looking`` what is looked up for the rows in sight is asked for at once.
        """
        self.chosen.show_snapshot(snapshot)
        if is_looking:
            self.look()

    @Slot()
    def look(self) -> None:
        """Ask once about the rows in sight."""
        subject = self.chosen.subject if self.is_open else None
        if subject is None:
            self._visible_rows.look()
            return
        key = subject.entry.row.key
        connections = [row.key for row in subject.connections[:MOST_MEASURED]]
        if is_server(subject.entry.row):
            self._visible_rows.look((key,), {key: connections})
        else:
            self._visible_rows.look((key, *connections))

    def restore(self, settings: Settings) -> None:
        """Open or close the details and give them their height as it was."""
        preferences = settings.preferences
        height = preferences.details_height or _FIRST_HEIGHT
        self._height = height if _SMALLEST_HEIGHT <= height <= _LARGEST_HEIGHT else _FIRST_HEIGHT
        self.set_open(preferences.details_open)
        self._share_height()

    def remember(self, settings: Settings) -> None:
        """Note what ``restore`` needs, and load no more icons."""
        if self.is_open:
            self._note_height()
        settings.update(details_height=self._height, details_open=self.is_open)
        self._icons.stop()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_verdicts"):
            self._icons.set_palette(self.palette())
            self._verdicts.set_palette(self.palette())
            self._show_verdicts()

    def _add_pages(self, data_sources: DataSources, runner: TaskRunner) -> None:
        # Loaded with the first subject, as they are made: a window starts the sooner for it.
        def owner_page() -> DetailsPage:
            from portview.ui.details.owner_page import OwnerPage  # noqa: PLC0415

            page = OwnerPage(data_sources, runner)
            page.socket_chosen.connect(self.socket_chosen)
            page.notified.connect(self.notified)
            return page

        def connections_page() -> DetailsPage:
            from portview.ui.details.connections_page import ConnectionsPage  # noqa: PLC0415

            page = ConnectionsPage(data_sources)
            page.socket_chosen.connect(self.socket_chosen)
            return page

        def traffic_page() -> DetailsPage:
            from portview.ui.details.traffic_page import TrafficPage  # noqa: PLC0415

            return TrafficPage(data_sources.traffic)

        def firewall_page() -> DetailsPage:
            from portview.ui.firewall.firewall_page import FirewallPage  # noqa: PLC0415

            page = FirewallPage(
                data_sources.firewall.feed, data_sources.firewall.read_drops, runner
            )
            page.allow_wanted.connect(self.allow_wanted)
            page.block_wanted.connect(self.block_wanted)
            page.managed_rules_requested.connect(self.managed_rules_requested)
            return page

        def history_page() -> DetailsPage:
            from portview.ui.history.history_page import HistoryPage  # noqa: PLC0415

            return HistoryPage(runner)

        self.pane.add_page(_("Overview"), owner_page)
        self.pane.add_page(_("Connections"), connections_page)
        self.pane.add_page(_("Traffic"), traffic_page)
        self.pane.add_page(_("Firewall"), firewall_page)
        self.pane.add_page(_("History"), history_page)

    def _note_height(self) -> None:
        height = self.sizes()[1]
        if height >= _SMALLEST_HEIGHT:
            self._height = height

    def _share_height(self) -> None:
        # Before the window is shown there is nothing to share yet; what counts then is the ratio.
        whole = max(self.height(), 3 * self._height)
        self.setSizes([whole - self._height, self._height])

    @Slot()
    def _on_icons_changed(self) -> None:
        self._model.set_icons("process", self._icons.icon_of)

    @Slot()
    def _on_standing_changed(self) -> None:
        self._model.show_context("process")

    def _show_verdicts(self) -> None:
        model, icon_of = self._model, self._verdicts.icon_of
        model.set_icons("firewall", lambda entry: icon_of(firewall_code(entry, model.context)))
