"""The guide, the cheat sheet and what PortView is, as acts of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.i18n import _
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.environment import WindowEnvironment


def add_help_actions(acts: WindowActions, window: QMainWindow, facts: WindowEnvironment) -> None:
    """Add the guide, the keys of the window's menus, the news and what the program is."""

    def show_cheat_sheet() -> None:
        from portview.ui.window.cheat_sheet import CheatSheet, help_sections  # noqa: PLC0415 - when wanted

        CheatSheet(help_sections(window.menuBar()), window).open()

    def show_about() -> None:
        from portview.ui.window.about import AboutDialog  # noqa: PLC0415 - when wanted

        AboutDialog(facts, window).open()

    def show_news() -> None:
        from portview.ui.window.whats_new import WhatsNew  # noqa: PLC0415 - when wanted

        WhatsNew(window).open()

    def show_guide() -> None:
        from portview.ui.window.guide import open_guide  # noqa: PLC0415 - when wanted

        open_guide(window)

    acts.add("guide", ActionSpec(_("&Guide"), ("F1",)), show_guide)
    acts.add("cheat_sheet", ActionSpec(_("&Keys and filters"), ("Shift+F1",)), show_cheat_sheet)
    acts.add("whats_new", ActionSpec(_("What's &new")), show_news)
    acts.add("about", ActionSpec(_("&About PortView")), show_about)
