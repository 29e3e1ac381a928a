"""The cheat sheet: every shortcut and the filter language, read from what the window has now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFont, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from portview.domain.query.terms import KEY_HELP
from portview.i18n import N_, _
from portview.ui.widgets.plain_title import plain_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenuBar, QWidget


class HelpLine(NamedTuple):
    """What to press or type, and what it does."""

    keys: str
    about: str


class HelpSection(NamedTuple):
    """Some lines under a title."""

    title: str
    lines: tuple[HelpLine, ...]


WIDGET_KEYS = (
    HelpSection(
        N_("In the table"),
        (
            HelpLine("0 \u2026 9", N_("Ask who has a port")),
            HelpLine(
                N_("Enter"), N_("The first action of the details; opens them where they are closed")
            ),
            HelpLine(N_("Space"), N_("Pause and resume")),
            HelpLine(N_("Shift+F10, Menu key"), N_("What can be done with the selected sockets")),
            HelpLine(N_("Ctrl+A"), N_("Select all")),
            HelpLine(
                N_("Right, Left, *"), N_("Open and close a process in the tree, open all below it")
            ),
        ),
    ),
    HelpSection(
        N_("In the filter"),
        (
            HelpLine(N_("Down, Ctrl+Space"), N_("List what can be typed")),
            HelpLine(N_("Esc"), N_("Clear the filter")),
        ),
    ),
    HelpSection(
        N_("In the port box"),
        (
            HelpLine(
                N_("Enter"), N_("The first step of the card: free the port, copy it, or ask why")
            ),
            HelpLine(
                N_("Ctrl+K, Ctrl+T, Ctrl+Y, Ctrl+B"), N_("Free, test, why, open in the browser")
            ),
            HelpLine(
                N_("Ctrl+Enter"), N_("Show who holds the port in the table; again for the next one")
            ),
            HelpLine(N_("Down"), N_("To the other steps")),
            HelpLine(N_("Esc"), N_("Leave the box, back to the sockets")),
            HelpLine("8080   127.0.0.1:8080   udp 53", N_("What you can filter by")),
        ),
    ),
)
"""Keys that belong to widgets and not to actions."""

_SYNTAX = (
    HelpLine("node 8080", N_("Both words, anywhere")),
    HelpLine("node OR deno", N_("Any of them")),  # untranslated: queries
    HelpLine("-proc:svchost", N_("All but these; ! and NOT do the same")),
    HelpLine("(a OR b) port:80", N_("Parentheses group")),  # untranslated: a query
    HelpLine('"two words"', N_("Quotes keep spaces")),  # untranslated: a query
)


def help_sections(menu_bar: QMenuBar) -> list[HelpSection]:
    """Return all there is to press and to type: a section for each menu, then the rest.

    An action that stands in several menus is reported in the first one.
    """
    sections: list[HelpSection] = []
    reported: set[QAction] = set()
    for top in menu_bar.actions():
        lines = tuple(
            HelpLine(_keys(action), _title(action, path))
            for path, action in _walk([top])
            if not action.shortcut().isEmpty() and action not in reported
        )
        reported.update(action for _unused, action in _walk([top]))
        if lines:
            sections.append(HelpSection(plain_title(top.text()), lines))
    keys = tuple(
        HelpLine(f"{key}:{help_.example.split(',')[0].split(' ')[0]}", _sentence(help_))
        for key, help_ in KEY_HELP.items()
    )
    syntax = tuple(HelpLine(typed, _(about)) for typed, about in _SYNTAX)
    return [
        *sections,
        *(_translated(section) for section in WIDGET_KEYS),
        HelpSection(_("The filter language"), (*syntax, *keys)),
    ]


def _translated(section: HelpSection) -> HelpSection:
    lines = tuple(HelpLine(_(line.keys), _(line.about)) for line in section.lines)
    return HelpSection(_(section.title), lines)


def _sentence(help_: tuple[str, str]) -> str:
    about = _(help_[0])
    return _("{about}: {example}").format(about=about[:1].upper() + about[1:], example=_(help_[1]))


def _walk(
    actions: Sequence[QAction], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], QAction]]:
    for action in actions:
        menu = action.menu()
        if isinstance(menu, QMenu):
            yield from _walk(menu.actions(), (*path, plain_title(action.text())))
        elif not action.isSeparator():
            yield path, action


def _title(action: QAction, path: tuple[str, ...]) -> str:
    # The menu itself is the section.
    return " \u203a ".join((*path[1:], plain_title(action.text())))


def _keys(action: QAction) -> str:
    form = QKeySequence.SequenceFormat.NativeText
    return ", ".join(keys.toString(form) for keys in action.shortcuts())


class CheatSheet(QDialog):
    """Lists the sections; typing narrows them, Esc closes."""

    def __init__(self, sections: Iterable[HelpSection], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Keys and filters"))
        self.resize(640, 560)
        self.search = QLineEdit()
        self.search.setPlaceholderText(_("Search"))
        self.search.setAccessibleName(_("Search the cheat sheet"))
        self.search.setClearButtonEnabled(True)
        self.list = QTreeWidget()
        self.list.setAccessibleName(_("Keys and filters"))
        self.list.setHeaderHidden(True)
        self.list.setColumnCount(2)
        self.list.setIndentation(12)
        self.list.setUniformRowHeights(True)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self._tops: list[QTreeWidgetItem] = []
        self._items: dict[str, list[tuple[QTreeWidgetItem, HelpLine]]] = {}
        self._fill(sections)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for item in (self.search, self.list, buttons):
            layout.addWidget(item)
        self.search.textChanged.connect(self._on_search)
        self.search.setFocus()

    def _fill(self, sections: Iterable[HelpSection]) -> None:
        bold = QFont(self.list.font())
        bold.setWeight(QFont.Weight.DemiBold)
        for section in sections:
            top = QTreeWidgetItem(self.list, [section.title])
            self._tops.append(top)
            top.setFont(0, bold)
            top.setFirstColumnSpanned(True)
            for line in section.lines:
                item = QTreeWidgetItem(top, [line.keys, line.about])
                self._items.setdefault(section.title, []).append((item, line))
            top.setExpanded(True)

    @Slot(str)
    def _on_search(self, text: str) -> None:
        word = text.casefold().strip()
        for top in self._tops:
            is_whole = word in top.text(0).casefold()
            shown = 0
            for item, line in self._items[top.text(0)]:
                fits = is_whole or any(word in text.casefold() for text in line)
                item.setHidden(not fits)
                shown += fits
            top.setHidden(not shown)
