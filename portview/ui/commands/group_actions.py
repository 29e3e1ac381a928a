"""Grouping by process: the switch, the order of the processes, and opening all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.i18n import _
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.table.socket_views import SocketViews


class GroupActions:
    """The acts on the tree of processes; all but the switch need the tree to be shown."""

    def __init__(self, acts: WindowActions, views: SocketViews) -> None:
        self._views = views
        tip = _("Show each process with its sockets below it")
        self.group = acts.add(
            "group",
            ActionSpec(_("&Group by process"), ("Ctrl+G",), tip, is_checkable=True),
            self._on_toggled,
        )
        tip = _("Show the processes with the most sockets first")
        self.by_count = acts.add(
            "by_count",
            ActionSpec(_("Processes by &number of sockets"), (), tip, is_checkable=True),
            views.set_by_count,
        )
        tip = _("Combine all processes of a project in one line")
        self.by_project = acts.add(
            "by_project",
            ActionSpec(_("Processes by pro&ject"), (), tip, is_checkable=True),
            views.set_by_project,
        )
        expand = ActionSpec(_("&Expand all processes"), ("Ctrl+Shift+G",))
        collapse = ActionSpec(_("Co&llapse all processes"))
        self._of_tree = [
            self.by_count,
            self.by_project,
            acts.add("expand_all", expand, self._on_expand),
            acts.add("collapse_all", collapse, self._on_collapse),
        ]
        self._on_toggled(is_grouped=False)

    def all(self) -> list[QAction]:
        """Return the actions in the order of a menu."""
        return [self.group, *self._of_tree]

    def restore(self, settings: Settings) -> None:
        """Group as it was remembered."""
        self.by_count.setChecked(settings.preferences.by_count)
        self.by_project.setChecked(settings.preferences.by_project)
        self.group.setChecked(settings.preferences.grouped)

    def remember(self, settings: Settings) -> None:
        """Keep the grouping in the settings."""
        settings.update(
            by_count=self.by_count.isChecked(),
            by_project=self.by_project.isChecked(),
            grouped=self.group.isChecked(),
        )

    def _on_toggled(self, is_grouped: bool) -> None:  # noqa: FBT001 - a Qt signal's form
        self._views.set_grouped(is_grouped)
        for action in self._of_tree:
            action.setEnabled(is_grouped)

    def _on_expand(self) -> None:
        self._views.tree.expandAll()

    def _on_collapse(self) -> None:
        self._views.tree.collapseAll()
