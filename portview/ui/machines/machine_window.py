"""The sockets of another machine: the same table, live, read-only and marked with its name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QVBoxLayout, QWidget

from portview.domain.local_time import local_moment
from portview.domain.sockets.scope import Scope
from portview.domain.table.cells import CellContext
from portview.engine.machine_feed import MachineFeed
from portview.i18n import _
from portview.models.socket_table_model import SocketTableModel
from portview.override import override
from portview.ui.machines.machine_bar import MachineBar
from portview.ui.search.filter_box import FilterBox
from portview.ui.search.scope_bar import ScopeBar
from portview.ui.style.theme import row_colours
from portview.ui.style.tokens import SPACE_S
from portview.ui.table.socket_views import SocketViews

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent, QPoint
    from PySide6.QtGui import QCloseEvent

    from portview.domain.query.terms import Query
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.port_names import PortNames
    from portview.domain.sockets.snapshot import Snapshot
    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings

_PASS_TIME_MS = 500
_SIZE = (980, 560)
_READ_HERE_ALONE = ("firewall", "remote_host", "down", "up")
"""Columns that another machine does not send."""


class MachineWindow(QMainWindow):
    """Follows one machine as long as it is open. UI thread only.

    ``closed`` is emitted when it was closed; nothing runs any more then.
    """

    closed = Signal()

    def __init__(
        self,
        host: str,
        port_names: PortNames,
        runner: TaskRunner,
        settings: Settings,
        feed: MachineFeed | None = None,
    ) -> None:
        """Show nothing yet; columns are arranged as they are in the window of this machine."""
        super().__init__()
        self.host = host
        self._port_names = port_names
        self._runner = runner
        self._skew_ms = 0
        self._taken_at_ms: int | None = None
        # Qt adds the program's name.
        self.setWindowTitle(_("{host} (read-only)").format(host=host))
        self.resize(*_SIZE)
        self._feed = feed or MachineFeed(host, parent=self)
        self.model = SocketTableModel(self._describe, port_names, self)
        self.model.set_colours(row_colours(self.palette()))
        self.views = SocketViews(self.model)
        self.bar = MachineBar(host)
        self.scope_bar = ScopeBar()
        self.filter_box = FilterBox(self.model.all_entries)
        self._passing_time = QTimer(self)
        self._passing_time.setInterval(_PASS_TIME_MS)
        self._compose()
        self._connect()
        self.views.restore(settings)
        self.scope_bar.set_scope(Scope.LISTENING)

    def start(self) -> None:
        """Connect."""
        self.bar.show_connecting()
        self._feed.start()
        self._passing_time.start()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._passing_time.stop()
        self.model.stop()
        self._feed.stop()
        super().closeEvent(event)
        self.closed.emit()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange and hasattr(self, "model"):
            self.model.set_colours(row_colours(self.palette()))

    def _compose(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(SPACE_S, SPACE_S, SPACE_S, SPACE_S)
        top.setSpacing(SPACE_S)
        top.addWidget(self.scope_bar)
        top.addWidget(self.filter_box, 1)
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addLayout(top)
        column.addWidget(self.views, 1)
        centre = QWidget()
        centre.setLayout(column)
        self.setCentralWidget(centre)
        self.views.table.setSortingEnabled(True)

    def _connect(self) -> None:
        self._feed.snapshot_taken.connect(self._on_snapshot)
        self._feed.ended.connect(self._on_ended)
        self.bar.connect_wanted.connect(self.start)
        self.scope_bar.scope_changed.connect(self._set_scope)
        self.filter_box.query_changed.connect(self._on_query)
        self.model.counts_changed.connect(self.scope_bar.show_counts)
        self.views.menu_requested.connect(self._on_menu_requested)
        self._passing_time.timeout.connect(self.model.pass_time)

    def _describe(self) -> CellContext:
        # By the clock of that machine: ages are differences between its own times.
        now_ms = time.time_ns() // 1_000_000 + self._skew_ms
        return CellContext(now_ms, self._port_names)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._skew_ms = snapshot.taken_at_ms - time.time_ns() // 1_000_000
        self._taken_at_ms = time.time_ns() // 1_000_000
        self.views.setEnabled(True)
        self.bar.show_live()
        self.model.show_snapshot(snapshot)

    @Slot(str)
    def _on_ended(self, reason: str) -> None:
        """Show that what is shown is no longer how it is: unknown, and not empty."""
        self._passing_time.stop()
        self.views.setEnabled(False)
        since = local_moment(self._taken_at_ms) if self._taken_at_ms else ""
        self.bar.show_unknown(reason, since)

    @Slot(object)
    def _set_scope(self, scope: Scope) -> None:
        self.model.set_scope(scope)
        self.views.set_scope(scope)
        for name in _READ_HERE_ALONE:
            self.views.columns.set_visible(name, is_visible=False)

    @Slot(object, str)
    def _on_query(self, query: Query, text: str) -> None:
        from portview.domain.query.compiling import compile_query  # noqa: PLC0415 - when wanted
        from portview.domain.query.terms import Everything  # noqa: PLC0415 - likewise

        del text
        self.model.set_filter(None if isinstance(query, Everything) else compile_query(query))

    @Slot(object)
    def _on_menu_requested(self, position: QPoint) -> None:
        menu = self.menu_for(self.views.selection().only)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(position)

    def menu_for(self, entry: SocketEntry | None) -> QMenu:
        """Return what can be done about a row; every act on the machine names it."""
        menu = QMenu(self)
        copy = menu.addAction(_("&Copy rows"), self._copy)
        copy.setEnabled(bool(self.views.selection().entries))
        if entry is not None:
            port, protocol = entry.row.local.port, entry.row.protocol.value
            asked = {"port": port, "host": self.host}
            menu.addSeparator()
            why = QAction(_("&Why? Explain port {port} on {host}…").format(**asked), menu)
            why.triggered.connect(lambda: self.explain(port, protocol))
            free = QAction(_("&Free port {port} on {host}…").format(**asked), menu)
            free.triggered.connect(lambda: self.free(port, protocol))
            menu.addActions([why, free])
        return menu

    def explain(self, port: int, protocol: str) -> None:
        """Ask the machine what is on a port."""
        from portview.ui.machines.remote_dialogs import ExplainDialog  # noqa: PLC0415 - when wanted

        ExplainDialog(self.host, port, protocol, self._runner, self).open()

    def free(self, port: int, protocol: str) -> None:
        """Ask whether to free a port there."""
        from portview.ui.machines.remote_dialogs import FreeDialog  # noqa: PLC0415 - when wanted

        FreeDialog(self.host, port, protocol, self._runner, self).open()

    def _copy(self) -> None:
        columns, context = self.views.shown_columns.shown(), self.model.context
        lines = [
            "\t".join(column.text(entry, context) for column in columns)
            for entry in self.views.selection().entries
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))
