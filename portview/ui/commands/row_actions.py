"""Every act on selected rows: in the context menu and the menu bar, with a reason where it can't.

To add one, make a ``RowAction`` and hand it to ``RowActions.add``; it then stands in both menus and
in the cheat sheet, and its availability is asked whenever it is shown or triggered.
"""

from __future__ import annotations

from enum import Enum, IntEnum, auto
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

from portview.domain.plain_text import inert
from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.ui.commands.row_menu import ICONS, OTHERS, ROW_MENU, SEPARATOR, RowMenu
from portview.ui.commands.window_actions import ActionSpec
from portview.ui.style.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenu, QWidget

    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.table.row_selection import RowSelection

_LONGEST_DETAIL = 40


class Section(IntEnum):
    """The sections of the menu, in the order of use."""

    PORT = 1
    OWNER = 2
    OPENING = 3
    FINDING = 4
    COPYING = 5
    PROPERTIES = 6


class Target(Enum):
    """What an action must have before it can be asked for anything."""

    SOCKETS = auto()
    ONE_SOCKET = auto()
    ONE_PROCESS = auto()


def _always(_selection: RowSelection) -> str:
    return ""


class RowAction(NamedTuple):
    """An act on the selected rows.

    ``availability`` returns why it can't work on a selection, for people, or nothing; it is asked
    only of what ``target`` allows: some sockets, one, or any sockets of one known process.
    ``detail`` is machine text shown after the title, such as the port that a filter would ask for.
    ``trigger`` gets the selection. Within a section those of a lower ``rank`` come first.
    """

    name: str
    text: str
    section: Section
    trigger: Callable[[RowSelection], object]
    availability: Callable[[RowSelection], str] = _always
    shortcuts: tuple[str, ...] = ()
    tip: str = ""
    target: Target = Target.SOCKETS
    submenu: str = ""
    detail: Callable[[RowSelection], str] = _always
    rank: int = 50

    def why_not(self, selection: RowSelection) -> str:
        """Return why the action can't work on a selection; empty where it can."""
        if not selection.entries:
            return _("Select a socket first.")
        if self.target is Target.ONE_SOCKET and len(selection.entries) > 1:
            return _("This works on one socket at a time.")
        if self.target is Target.ONE_PROCESS and len(selection.owners) > 1:
            return _("This works on one process at a time.")
        if self.target is Target.ONE_PROCESS and None in selection.owners:
            return _("The process that holds this socket is not known.")
        return self.availability(selection)


class RowActions(QObject):
    """Makes the acts on rows and keeps them honest.

    In an open menu what can't work is disabled and its tooltip says why. While no menu is open
    all are enabled, so that a shortcut that can't work is answered with ``refused`` and not with
    silence.
    """

    refused = Signal(str)
    menu_opened = Signal()
    menu_closed = Signal()

    def __init__(
        self,
        acts: WindowActions,
        selection: Callable[[], RowSelection],
        views: Sequence[QWidget],
    ) -> None:
        """Store the window's actions, what is selected, and the views in which shortcuts work."""
        super().__init__(acts)
        self._acts = acts
        self._selection = selection
        self._views = tuple(views)
        self._made: list[tuple[RowAction, QAction]] = []
        self._by_name: dict[str, RowAction] = {}
        self._submenus: list[tuple[QMenu, str]] = []

    def add(self, row_action: RowAction) -> QAction:
        """Make the action of an act on rows."""
        spec = ActionSpec(row_action.text, row_action.shortcuts, row_action.tip)
        action = self._acts.add(
            row_action.name, spec, lambda: self._trigger(row_action), within=self._views
        )
        self._made.append((row_action, action))
        self._by_name[row_action.name] = row_action
        return action

    def has(self, name: str) -> bool:
        """Return whether there is an act of this name."""
        return name in self._by_name

    def why_not(self, name: str) -> str:
        """Return why an act can't work on the present selection; empty where it can."""
        return self._by_name[name].why_not(self._selection())

    def tip(self, name: str) -> str:
        """Return what an act does, with its keys."""
        row_action = self._by_name[name]
        keys = f"({row_action.shortcuts[0]})" if row_action.shortcuts else ""
        return " ".join(filter(None, (row_action.tip, keys)))

    def trigger(self, name: str) -> None:
        """Do an act on the present selection, or say why it can't work."""
        self._trigger(self._by_name[name])

    def fill(self, menu: QMenu, *sections: Section) -> None:
        """Put the actions of some sections into a menu, or all of them, with submenus."""
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self._on_menu_opening)
        menu.aboutToHide.connect(self._on_menu_closing)
        if sections:
            self._fill_by_section(menu, sections)
            return
        rest = dict(self._actions_by_name())
        self._fill_with(menu, ROW_MENU, rest)
        if rest:
            self._fill_with(self._submenu(menu, RowMenu(OTHERS, "", ())), tuple(rest), rest)

    def _actions_by_name(self) -> list[tuple[str, QAction]]:
        return [(row_action.name, action) for row_action, action in self._made]

    def _fill_with(
        self, menu: QMenu, entries: tuple[str | RowMenu, ...], rest: dict[str, QAction]
    ) -> None:
        """Add what is there of the entries, and take it out of the rest."""
        for entry in entries:
            if isinstance(entry, RowMenu):
                self._fill_with(self._submenu(menu, entry), entry.entries, rest)
            elif entry == SEPARATOR:
                menu.addSeparator()
            elif entry in rest:
                menu.addAction(rest.pop(entry))

    def _submenu(self, menu: QMenu, entry: RowMenu) -> QMenu:
        submenu = menu.addMenu(_(entry.title))
        submenu.setToolTipsVisible(True)
        if entry.icon:
            self._submenus.append((submenu, entry.icon))
        return submenu

    def _fill_by_section(self, menu: QMenu, sections: Sequence[Section]) -> None:
        submenus: dict[str, QMenu] = {}
        before: Section | None = None
        for row_action, action in sorted(
            self._made, key=lambda made: (made[0].section, made[0].rank)
        ):
            if row_action.section not in sections:
                continue
            if before not in {None, row_action.section}:
                menu.addSeparator()
            before = row_action.section
            target = menu
            if row_action.submenu:
                target = submenus.get(row_action.submenu) or menu.addMenu(row_action.submenu)
                target.setToolTipsVisible(True)
                submenus[row_action.submenu] = target
            target.addAction(action)

    def _draw_icons(self) -> None:
        # As the menu opens: the palette may be another one than at the last time.
        palette = QApplication.palette()
        for row_action, action in self._made:
            name = ICONS.get(row_action.name)
            if name is not None:
                action.setIcon(icon(name, palette))
        for submenu, name in self._submenus:
            submenu.setIcon(icon(name, palette))

    def refresh(self) -> None:
        """Enable what works on the present selection, and say of the rest why it does not."""
        selection = self._selection()
        for row_action, action in self._made:
            reason = row_action.why_not(selection)
            detail = "" if reason else row_action.detail(selection)
            action.setText(f"{row_action.text}{_shown_detail(detail)}")
            action.setEnabled(not reason)
            # What an entry does is in the status bar: a tooltip would lie over its neighbours.
            action.setToolTip(plain_tooltip(reason) if reason else "")
            action.setStatusTip(reason or row_action.tip)

    def _on_menu_opening(self) -> None:
        self.menu_opened.emit()
        self._draw_icons()
        self.refresh()

    def _on_menu_closing(self) -> None:
        for row_action, action in self._made:
            action.setText(row_action.text)
            action.setEnabled(True)
        self.menu_closed.emit()

    def _trigger(self, row_action: RowAction) -> None:
        selection = self._selection()
        reason = row_action.why_not(selection)
        if reason:
            self.refused.emit(reason)
        else:
            row_action.trigger(selection)


def _shown_detail(detail: str) -> str:
    """Return machine text as part of a menu's title, in which & would underline a letter."""
    return f": {inert(detail, _LONGEST_DETAIL).replace('&', '&&')}" if detail else ""
