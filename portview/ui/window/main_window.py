"""The main window: composes its parts and connects them; decisions live elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from portview.domain.sockets.scope import Scope
from portview.domain.sockets.snapshot import Snapshot
from portview.engine.port_usage_feed import PortUsageFeed
from portview.i18n import _
from portview.models.socket_table_model import SocketTableModel
from portview.override import override
from portview.ui.commands.copy_actions import add_copy_actions
from portview.ui.commands.filter_actions import add_filter_actions
from portview.ui.commands.opening_actions import add_opening_actions, add_parent_action
from portview.ui.commands.row_actions import RowActions
from portview.ui.commands.sort_menu import SortMenu
from portview.ui.commands.window_actions import ActionSpec, WindowActions
from portview.ui.details.action_bar import ActionBar
from portview.ui.details.properties import Properties
from portview.ui.export.exportable import Exportable, open_sockets
from portview.ui.export.exporter import Export
from portview.ui.search.card_steps import add_card_steps
from portview.ui.search.filter_box import FilterBox
from portview.ui.search.filter_line import FilterLine
from portview.ui.search.port_box import PortBox
from portview.ui.search.port_card import PortCard
from portview.ui.search.port_trial import PortTrial
from portview.ui.search.scope_bar import ScopeBar, scope_title
from portview.ui.settings_page.settings_tools import SettingsTools
from portview.ui.style.theme import row_colours
from portview.ui.table.socket_views import SocketViews
from portview.ui.widgets.action_button import ActionButton, MenuButton
from portview.ui.widgets.banner import Banner
from portview.ui.window.empty_state import EmptyStates
from portview.ui.window.first_paint import FirstPaint
from portview.ui.window.help_actions import add_help_actions
from portview.ui.window.highlight_menu import HighlightMenu
from portview.ui.window.info_bar import InfoBar
from portview.ui.window.live_control import LiveControl
from portview.ui.window.navigation import Navigation
from portview.ui.window.restart_action import RESTART_ACTION, RestartAction
from portview.ui.window.status_bar import StatusBar
from portview.ui.window.table_with_details import TableWithDetails
from portview.ui.window.theme_menu import ThemeMenu
from portview.ui.window.tray import QUIT_KEYS, Tray, quit_title
from portview.ui.window.view_actions import ViewActions
from portview.ui.window.window_geometry import remember_geometry, restore_geometry
from portview.ui.window.window_menus import ColumnsMenu, WindowMenus
from portview.ui.window.window_tools import WindowTools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QCloseEvent

    from portview.autostart import Autostart
    from portview.domain.query.terms import Query
    from portview.domain.sockets.socket_row import SocketRow
    from portview.engine.poller import Poller
    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.environment import WindowEnvironment
    from portview.ui.table.data_sources import DataSources
    from portview.ui.window.carried_view import CarriedView

_LEAST_FILTER_WIDTH = 120
_MESSAGE_MS = 8000
_PASS_TIME_MS = 500


class MainWindow(QMainWindow):
    """The window on the machine's sockets. UI thread only."""

    def __init__(
        self,
        poller: Poller,
        runner: TaskRunner,
        settings: Settings,
        data_sources: DataSources,
        facts: WindowEnvironment,
        *,
        read_rows: Callable[[], Sequence[SocketRow]],
        autostart: Autostart | None = None,
    ) -> None:
        super().__init__()
        self._poller = poller
        self._runner = runner
        self._settings = settings
        self._data_sources = data_sources
        self._facts = facts
        self._snapshot: Snapshot | None = None
        self.setWindowTitle("PortView")
        self.first_rows = FirstPaint(poller, self)
        self.model = SocketTableModel(
            data_sources.describe, data_sources.describe().port_names, self
        )
        self.views = SocketViews(self.model)
        self.table = self.views.table
        self.columns = self.views.columns
        self.details = TableWithDetails(self.views, self.model, data_sources, runner)
        self.empty_states = EmptyStates(self.views, self.model, self)
        self.scope_bar = ScopeBar()
        self.filter_box = FilterBox(self.model.all_entries)
        self.status = StatusBar()
        self.navigation = Navigation(
            self.model, self.views, self.scope_bar, self.filter_box, self.show_message
        )
        self.port_box = PortBox()
        self.port_card = PortCard(self.port_box, data_sources.describe, self)
        self.port_card.set_trial(PortTrial(runner, self.port_card))
        self.info_bar = InfoBar(is_elevated=facts.is_elevated)
        self.acts = WindowActions(self)
        self._live = LiveControl(poller, self.acts, self)
        self.live_button = self._live.button
        self.tools = WindowTools(
            self,
            runner,
            settings,
            data_sources,
            self.model,
            read_rows=read_rows,
            chosen=lambda: self.views.selection().only,
        )
        self.probing = self.tools.probing
        self.firewall = self.tools.firewall
        self.diagnosis = self.tools.diagnosis
        self.watching = self.tools.watching
        self.row_actions = RowActions(self.acts, self.views.selection, [self.views])
        self._passing_time = QTimer(self)
        self._passing_time.setInterval(_PASS_TIME_MS)
        self._add_actions()
        self.background = Tray(self, self.acts, settings, autostart)
        self.background.show_requested.connect(self.bring_to_front)
        self.background.notified.connect(self.show_message)
        self.settings_page = SettingsTools(self, self.acts, runner, settings, facts)
        self.restart = RestartAction(
            self.acts, self, runner, is_elevated=facts.is_elevated, carried=self._carry_on
        )
        self.restart.notified.connect(self.show_message)
        self.acts.add("quit", ActionSpec(quit_title(), QUIT_KEYS), self.background.quit)
        self._add_row_actions()
        self._compose()
        self._fill_menu_bar()
        self._connect()
        self._colour()
        self._restore()
        self._passing_time.start()

    @property
    def scope(self) -> Scope:
        """Return the scope that is shown."""
        return self.scope_bar.scope

    @Slot()
    def bring_to_front(self) -> None:
        """Show the window above all others, also out of the task bar."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def show_message(self, message: str) -> None:
        """Show a plain message in the status bar for a moment."""
        self.status.showMessage(message, _MESSAGE_MS)

    def set_scope(self, scope: Scope) -> None:
        """Show one scope."""
        self.scope_bar.set_scope(scope)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.background.may_close():
            event.ignore()
            return
        self._remember()
        self.tools.close()
        self.settings_page.close()
        self._poller.stop()
        self._passing_time.stop()
        for model in self.findChildren(SocketTableModel):
            model.stop()
        self.first_rows.stop()
        self.empty_states.stop()
        super().closeEvent(event)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "model"):
            self._colour()

    def _compose(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(8, 8, 8, 6)
        top.setSpacing(10)
        top.addWidget(self.live_button)
        top.addWidget(self.scope_bar)
        # The filter takes what is left, and at least this: then only the scopes' counts give way.
        self.filter_box.setMinimumWidth(_LEAST_FILTER_WIDTH)
        self.filter_box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        top.addWidget(self.filter_box, 1)
        top.addWidget(MenuButton(self.view_actions.saved_views, "view", _("Saved views")))
        top.addWidget(ActionButton(self.view_actions.grouping.group, "tree"))
        top.addWidget(self.port_box)
        layout = QVBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        self.filter_line = FilterLine(self.filter_box, scope_title)
        layout.addWidget(self.filter_line)
        layout.addWidget(self.info_bar)
        self.notice_bar = Banner("info", _("Notice"))
        layout.addWidget(self.notice_bar)
        layout.addWidget(self.details, 1)
        centre = QWidget()
        centre.setLayout(layout)
        self.setCentralWidget(centre)
        self.port_card.setParent(centre)
        self.setStatusBar(self.status)
        self.probing.waits_made.connect(self.status.addPermanentWidget)
        self.status.show_rights(is_elevated=self._facts.is_elevated)
        self.table.setSortingEnabled(True)
        self.table.setFocus()

    def _add_actions(self) -> None:
        add = self.acts.add
        add("filter", ActionSpec(_("&Filter"), ("Ctrl+F",)), self.filter_box.enter)
        add("clear_filter", ActionSpec(_("Clear f&ilter")), self._clear_filter)
        for number, scope in enumerate(Scope, start=1):
            add(
                f"scope_{scope}",
                ActionSpec(f"&{number} {scope_title(scope)}", (f"Alt+{number}",)),
                lambda scope=scope: self.set_scope(scope),
            )
        add(
            "details",
            ActionSpec(_("&Details"), ("F4",), _("What is known about the row"), is_checkable=True),
            self.details.set_open,
        )
        self.probing.add_actions(self.acts)
        self.view_actions = ViewActions(
            self.acts,
            self.views,
            self.model,
            self._settings,
            current=self.navigation.current_view,
            parent=self,
        )
        self.export = Export(
            self._runner, self.exportable, self, is_elevated=self._facts.is_elevated
        )
        add("export", ActionSpec(_("&Export\u2026"), ("Ctrl+E",)), self.export.ask)
        add("go_to_port", ActionSpec(_("&Go to port"), ("Ctrl+L",)), self.port_box.enter)
        add(
            "palette",
            ActionSpec(
                _("Com&mands…"),
                ("Ctrl+Shift+P",),
                _("Every action, port and process by its name"),
            ),
            self._show_palette,
        )
        add_help_actions(self.acts, self, self._facts)

    def _add_row_actions(self) -> None:
        actions = self.row_actions
        self.tools.add_actions(self.acts, actions)
        add_opening_actions(actions, self._runner, self.show_message)
        add_parent_action(actions, self.model.all_entries, self.navigation.reveal)
        add_filter_actions(actions, self.navigation.narrow)
        add_copy_actions(actions, lambda: self.model.context, self.show_message)
        self.properties = Properties(actions, self.model, self._data_sources, self._runner, self)
        self.action_bar = ActionBar(actions)
        self.details.pane.set_action_bar(self.action_bar)
        self.row_menu = QMenu(self)
        actions.fill(self.row_menu)

    def _fill_menu_bar(self) -> None:
        settings = self._settings
        self.highlight_menu = HighlightMenu(
            _("Mar&k new and closed sockets"), settings, self.model, self
        )
        themes = ThemeMenu(_("The&me"), settings, self)
        intervals = self.live_button.interval_actions
        self.settings_page.offer(themes.actions(), intervals, self.highlight_menu.actions())
        WindowMenus(self.menuBar(), self.acts, self.row_actions).fill(
            intervals,
            self.view_actions.grouping.all(),
            self.view_actions.saved_views,
            (
                ColumnsMenu(_("C&olumns"), self.views, self),
                SortMenu(_("Sor&t by"), self.views, self),
            ),
            (themes, self.highlight_menu),
        )

    def _connect(self) -> None:
        self._poller.snapshot_taken.connect(self._on_snapshot)
        self.first_rows.shown.connect(self.details.look)
        self._poller.read_failed.connect(self.status.show_failure)
        self._poller.read_failed.connect(self.empty_states.note_failure)
        self._poller.paused_changed.connect(self.port_card.show_paused)
        self.port_card.socket_chosen.connect(self.navigation.reveal)
        self.port_card.filter_chosen.connect(self.navigation.show_everywhere)
        add_card_steps(
            self.port_card,
            model=self.model,
            probing=self.probing,
            diagnosis=self.diagnosis,
            watch=self.watching.watch_port,
            start=self.tools.actions.start,
            notify=self.show_message,
        )
        self.views.port_typed.connect(self._on_digit)
        self.port_box.left.connect(self.views.setFocus)
        self.view_actions.saved_views.view_chosen.connect(self.navigation.show_view)
        self.export.finished.connect(self.show_message)
        self.settings_page.notified.connect(self.show_message)
        self.scope_bar.scope_changed.connect(self.model.set_scope)
        self.scope_bar.scope_changed.connect(self.views.set_scope)
        self.scope_bar.scope_changed.connect(self.empty_states.set_scope)
        self.filter_box.query_changed.connect(self._on_query)
        self.model.counts_changed.connect(self.scope_bar.show_counts)
        self.model.counts_changed.connect(self.filter_line.show_counts)
        self.scope_bar.scope_changed.connect(self.filter_line.set_scope)
        self.filter_line.scope_wanted.connect(self.set_scope)
        self.model.waiting_changed.connect(self.status.show_waiting)
        self.details.open_changed.connect(self.acts["details"].setChecked)
        self.details.socket_chosen.connect(self.navigation.go_to)
        self.details.notified.connect(self.show_message)
        self.details.first_wanted.connect(self.action_bar.do_first)
        self.action_bar.notified.connect(self.show_message)
        self.properties.socket_chosen.connect(self.navigation.go_to)
        self.properties.notified.connect(self.show_message)
        self.views.pause_requested.connect(self.acts["pause"].toggle)
        self.views.menu_requested.connect(self._on_menu_requested)
        self.row_actions.menu_opened.connect(self.views.note_menu_opened)
        self.row_actions.menu_closed.connect(self.views.note_menu_closed)
        self.row_actions.refused.connect(self.show_message)
        self.tools.notified.connect(self.show_message)
        self.tools.acted.connect(self._poller.refresh)
        self._connect_tools()
        self.empty_states.action_requested.connect(self._clear_filter)
        self.empty_states.scope_requested.connect(self.set_scope)
        self.info_bar.wanted.connect(self.acts[RESTART_ACTION].trigger)
        self._passing_time.timeout.connect(self.model.pass_time)

    def _connect_tools(self) -> None:
        firewall, watching = self.firewall, self.watching
        self.details.allow_wanted.connect(firewall.allow)
        self.details.block_wanted.connect(firewall.block)
        self.details.managed_rules_requested.connect(firewall.show_managed_rules)
        self.status.note_clicked.connect(firewall.show_managed_rules)
        firewall.note_changed.connect(self.status.show_note)
        self._port_usage = PortUsageFeed(self._runner, self)
        self._port_usage.counted.connect(self.status.show_usage)
        watching.state_changed.connect(self.background.show_watches)
        watching.reported.connect(self._on_reported)
        self.background.message_clicked.connect(watching.show_window)
        history = self.tools.history
        history.port_wanted.connect(lambda port: self.port_box.take_over(str(port)))
        history.port_wanted.connect(self.bring_to_front)
        history.view_wanted.connect(self.navigation.show_listening)
        self.view_actions.saved_views.add_built_in(self.acts["new_since_yesterday"])

    @Slot(str, str, str)
    def _on_reported(self, title: str, text: str, kind: str) -> None:
        self.show_message(title)
        if kind == "failure" and self.isVisible():
            QApplication.beep()
            QApplication.alert(self)
        self.background.notify(title, text, kind)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.port_card.show_snapshot(snapshot)
        self.model.show_snapshot(snapshot)
        self.details.show_snapshot(snapshot, is_looking=self.first_rows.are_shown)
        self.properties.show_snapshot(snapshot)
        self.status.show_snapshot(snapshot, self.model.states, self._poller.interval_ms)
        self.empty_states.note_snapshot()
        self.info_bar.show_problems(self.model.owner_problems)
        self._port_usage.show_snapshot(snapshot)

    @Slot()
    def show_language(self) -> None:
        """Make again, in the language of now, what is made from fields."""
        self.model.write_again()
        self._poller.refresh()

    @Slot(object, str)
    def _on_query(self, query: Query, text: str) -> None:
        from portview.domain.query.compiling import compile_query  # noqa: PLC0415
        from portview.domain.query.terms import Everything  # noqa: PLC0415

        is_all = isinstance(query, Everything)
        self.model.set_filter(None if is_all else compile_query(query))
        self.empty_states.set_query(text)

    @Slot(str)
    def _on_digit(self, text: str) -> None:
        if self._settings.preferences.digits_ask:
            self.port_box.take_over(text)

    @Slot()
    def _show_palette(self) -> None:
        from portview.ui.commands.palette import CommandPalette, PaletteSteps  # noqa: PLC0415 - late

        steps = PaletteSteps(
            self.port_box.take_over, self.navigation.show_everywhere, self.diagnosis.explain
        )
        CommandPalette(self.menuBar(), self.model.all_entries, steps, self).open()

    @Slot()
    def _clear_filter(self) -> None:
        self.filter_box.set_query_text("")

    @Slot(object)
    def _on_menu_requested(self, position: QPoint) -> None:
        self.row_menu.exec(position)

    def exportable(self) -> Exportable:
        """Return what can be exported: what is shown, and everything."""
        return Exportable(
            open_sockets(self.model, self.model.shown_entries),
            open_sockets(self.model, self.model.all_entries()),
            self.views.shown_columns.shown(),
            self._snapshot or Snapshot(),
            self.model.context,
        )

    def _colour(self) -> None:
        self.model.set_colours(row_colours(self.palette()))

    def _restore(self) -> None:
        settings = self._settings
        restore_geometry(self, settings)
        self.views.restore(settings)
        self.view_actions.restore()
        self.set_scope(Scope(settings.preferences.scope))
        self._live.restore(settings)
        self.details.restore(settings)
        self.acts["details"].setChecked(self.details.is_open)

    def _carry_on(self) -> CarriedView:
        """Return what a window that takes over goes on with; the rest is in the settings."""
        self._remember()
        self._settings.save()
        return self.navigation.carried()

    def _remember(self) -> None:
        remember_geometry(self, self._settings)
        self._settings.update(scope=self.scope.value)
        self._live.remember(self._settings)
        self.details.remember(self._settings)
        self.views.remember(self._settings)
        self.view_actions.remember()
