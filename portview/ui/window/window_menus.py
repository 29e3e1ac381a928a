"""The menu bar: every act of the window, in the order in which people need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QMenu

from portview.domain.sockets.scope import Scope
from portview.i18n import _
from portview.ui.commands.column_actions import COLUMN_ACTIONS
from portview.ui.commands.row_actions import Section
from portview.ui.machines.machine_tools import MACHINES_ACTION
from portview.ui.probing.probing_tools import ACTION_NAMES
from portview.ui.style.icons import icon
from portview.ui.window.restart_action import RESTART_ACTION
from portview.ui.window.tray import BACKGROUND_ACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenuBar, QWidget

    from portview.ui.commands.row_actions import RowActions
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.table.socket_views import SocketViews


class ColumnsMenu(QMenu):
    """Offers the columns of the view that is shown when the menu opens."""

    def __init__(self, title: str, views: SocketViews, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._views = views
        self.aboutToShow.connect(self._fill)

    @Slot()
    def _fill(self) -> None:
        self.clear()
        self._views.shown_columns.fill_menu(self)


class WindowMenus:
    """Fills a menu bar from the acts of the window and those of its rows."""

    def __init__(self, bar: QMenuBar, acts: WindowActions, row_actions: RowActions) -> None:
        self._bar = bar
        self._acts = acts
        self._row_actions = row_actions

    def fill(
        self,
        intervals: Sequence[QAction],
        grouping: Sequence[QAction],
        saved_views: QMenu,
        columns: Sequence[QMenu],
        looks: Sequence[QMenu],
    ) -> None:
        """Add all menus; ``columns`` are about columns, ``looks`` about how the table looks."""
        more = ("settings", *BACKGROUND_ACTIONS, "", RESTART_ACTION, "quit")
        file_menu = self._add(_("&File"), "export", "action_list", "", *more)
        file_menu.aboutToShow.connect(self._draw_shield)
        edit_menu = self._bar.addMenu(_("&Edit"))
        self._row_actions.fill(edit_menu, Section.COPYING)
        edit_menu.addSeparator()
        self._add_acts(edit_menu, "filter", "clear_filter", "go_to_port", "palette")
        view_menu = self._add(_("&View"), "refresh", "pause")
        view_menu.addMenu(_("&Interval")).addActions(list(intervals))
        view_menu.addSeparator()
        self._add_acts(view_menu, *(f"scope_{scope}" for scope in Scope))
        self._add_acts(view_menu, "time_wait")
        view_menu.addMenu(saved_views)
        view_menu.addSeparator()
        view_menu.addActions(list(grouping))
        view_menu.addSeparator()
        self._add_acts(view_menu, "details")
        for menu in columns:
            view_menu.addMenu(menu)
        self._add_acts(view_menu, *COLUMN_ACTIONS)
        for menu in looks:
            view_menu.addMenu(menu)
        self._row_actions.fill(self._bar.addMenu(_("&Socket")))
        self._add(
            _("&Tools"),
            "why",
            "watches",
            "alerts",
            "timeline",
            "",
            *ACTION_NAMES,
            "",
            "managed_rules",
            MACHINES_ACTION,
        )
        self._add(_("&Help"), "guide", "cheat_sheet", "whats_new", "about")

    def _draw_shield(self) -> None:
        # As the menu opens: the palette may be another one than at the last time.
        self._acts[RESTART_ACTION].setIcon(icon("shield", self._bar.palette()))

    def _add(self, title: str, *names: str) -> QMenu:
        menu = self._bar.addMenu(title)
        self._add_acts(menu, *names)
        return menu

    def _add_acts(self, menu: QMenu, *names: str) -> None:
        """Add acts by name; an empty name is a separator."""
        for name in names:
            if name:
                menu.addAction(self._acts[name])
            else:
                menu.addSeparator()
