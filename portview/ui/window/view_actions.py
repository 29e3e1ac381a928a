"""What the table shows beyond its rows: columns, grouping, TIME_WAIT, and saved views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.i18n import _
from portview.ui.commands.column_actions import add_column_actions
from portview.ui.commands.group_actions import GroupActions
from portview.ui.commands.window_actions import ActionSpec
from portview.ui.search.saved_views import SavedViews

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from portview.domain.table.saved_view import SavedView
    from portview.models.socket_table_model import SocketTableModel
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.table.socket_views import SocketViews


class ViewActions:
    """The actions on the view; what they choose is remembered. UI thread only."""

    def __init__(
        self,
        acts: WindowActions,
        views: SocketViews,
        model: SocketTableModel,
        settings: Settings,
        *,
        current: Callable[[], SavedView],
        parent: QWidget,
    ) -> None:
        """Store ``current`` for what is shown now, which can be saved as a view."""
        self._model = model
        self._settings = settings
        add_column_actions(acts, views)
        self.time_wait = acts.add(
            "time_wait",
            ActionSpec(
                _("Connections with TIME_&WAIT"),
                (),
                _("Show connections that are closed already and wait for late packets"),
                is_checkable=True,
            ),
            model.set_shows_time_wait,
        )
        self.grouping = GroupActions(acts, views)
        named = (
            acts.add(
                "save_view",
                ActionSpec(_("&Save this view as…"), ("Ctrl+Shift+S",)),
                lambda: self.saved_views.save_current(),  # noqa: PLW0108 - it is made later
            ),
            acts.add(
                "edit_views",
                ActionSpec(_("&Rename or delete views…")),
                lambda: self.saved_views.edit(),  # noqa: PLW0108 - likewise
            ),
        )
        self.saved_views = SavedViews(settings, current, named, parent)

    def restore(self) -> None:
        """Show what was remembered."""
        self.grouping.restore(self._settings)
        shows = self._settings.preferences.time_wait
        self._model.set_shows_time_wait(shows)
        self.time_wait.setChecked(shows)

    def remember(self) -> None:
        """Keep what is shown in the settings."""
        self._settings.update(time_wait=self.time_wait.isChecked())
        self.grouping.remember(self._settings)
