"""The acts on columns that need no mouse: places, widths, and back to what they were at first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from portview.i18n import _
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.table.socket_views import SocketViews

COLUMN_ACTIONS = ("column_left", "column_right", "fit_columns", "reset_columns")
"""Their names, in the order of a menu."""


def add_column_actions(acts: WindowActions, views: SocketViews) -> None:
    """Add the acts, each on the columns of the view that is shown then."""
    acts.add(
        "column_left",
        ActionSpec(_("Move column le&ft"), ("Ctrl+Alt+Left",), _("Of the current cell")),
        partial(views.move_column, -1),
    )
    acts.add(
        "column_right",
        ActionSpec(_("Move column rig&ht"), ("Ctrl+Alt+Right",), _("Of the current cell")),
        partial(views.move_column, 1),
    )
    acts.add(
        "reset_columns",
        ActionSpec(_("Reset col&umns")),
        lambda: views.shown_columns.reset(),  # noqa: PLW0108 - of the view shown then
    )
    acts.add(
        "fit_columns",
        ActionSpec(_("Resi&ze columns to content")),
        lambda: views.shown_columns.fit_to_content(),  # noqa: PLW0108 - likewise
    )
