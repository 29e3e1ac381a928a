"""How long a watch is silenced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu

from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

_HOUR_MS = 3_600_000


def silence_menu(on_chosen: Callable[[int], object], parent: QWidget) -> QMenu:
    """Return a menu that calls back with milliseconds, 0 for the end of a silence."""
    menu = QMenu(parent)
    for text, hours in ((_("For 1 &hour"), 1), (_("For &8 hours"), 8), (_("For 1 &week"), 168)):
        menu.addAction(text).triggered.connect(
            lambda _checked=False, hours=hours: on_chosen(hours * _HOUR_MS)
        )
    menu.addSeparator()
    menu.addAction(_("&End the silence")).triggered.connect(lambda _checked=False: on_chosen(0))
    return menu
