"""The command palette: every action, port and process by its name, and what an error means."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QBrush, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLineEdit,
    QMenu,
    QMenuBar,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from portview.domain.owners.identity import what_of
from portview.domain.owners.owners import describe_owner
from portview.domain.pasted_error import parse_pasted_error
from portview.domain.plain_text import inert
from portview.domain.sockets.scope import Scope, scope_of
from portview.i18n import _
from portview.models.tooltips import plain_tooltip
from portview.override import override
from portview.ui.style.theme import muted_text
from portview.ui.style.tokens import CARD_WIDTH, SPACE_M, SPACE_S
from portview.ui.widgets.plain_title import plain_title

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QAction

    from portview.domain.sockets.entry import SocketEntry

_MOST_SHOWN = 12
_LONGEST_NAME = 60
_HEIGHT = 380
_MAX_PORT = 65535
_MOVES = frozenset({Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown})


class Command(NamedTuple):
    """Something that can be chosen: what it is called, its keys or kind, and what it does."""

    title: str
    detail: str
    run: Callable[[], object]


class PaletteSteps(NamedTuple):
    """What the palette does beside the actions of the menus."""

    show_port: Callable[[str], object]
    filter_by: Callable[[str], object]
    explain: Callable[[str], object]


def menu_commands(actions: Sequence[QAction], path: str = "") -> Iterator[Command]:
    """Yield the actions of menus with their way through the menus; each only once."""
    seen: set[QAction] = set()
    for command, action in _walk(actions, path):
        if action not in seen and action.text():
            seen.add(action)
            yield command


def _walk(actions: Sequence[QAction], path: str) -> Iterator[tuple[Command, QAction]]:
    for action in actions:
        title = plain_title(action.text())
        menu = action.menu()
        if isinstance(menu, QMenu):
            yield from _walk(menu.actions(), f"{path}{title} \u203a " if title else path)
        elif title:
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            yield Command(f"{path}{title}", keys, action.trigger), action


def port_commands(
    entries: Collection[SocketEntry], words: Sequence[str], steps: PaletteSteps
) -> Iterator[Command]:
    """Yield the ports and processes that have all of these words."""
    seen: set[object] = set()
    processes: dict[int, Command] = {}
    for entry in entries:
        row = entry.row
        if scope_of(row) is Scope.CONNECTIONS:
            continue
        process = inert(describe_owner(row, entry.info), _LONGEST_NAME)
        what = what_of(row, entry.info)
        place = f"{row.protocol.upper()} {row.local.port}"
        title = " \u00b7 ".join(filter(None, (place, what, process)))
        pid = "" if row.pid is None else _("PID {pid}").format(pid=row.pid)
        if (place, row.pid) in seen or not _has(f"{title} {pid}", words):
            continue
        seen.add((place, row.pid))
        asked = f"{row.protocol} {row.local.port}"
        yield Command(title, pid, partial(steps.show_port, asked))
        if row.pid is not None and row.pid not in processes:
            processes[row.pid] = Command(
                _("All sockets of {process}").format(process=process),
                pid,
                partial(steps.filter_by, f"pid:{row.pid}"),
            )
    yield from processes.values()


def _has(text: str, words: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


def found(
    text: str,
    commands: Sequence[Command],
    entries: Collection[SocketEntry],
    steps: PaletteSteps,
) -> list[Command]:
    """Return what fits a text, the likeliest first, at most a dozen."""
    words = text.casefold().split()
    if not words:
        return list(commands[:_MOST_SHOWN])
    hits: list[Command] = []
    if text.strip().isdecimal() and 0 < int(text) <= _MAX_PORT:
        number = text.strip()
        title = _("Port {port}: who has it").format(port=number)
        hits.append(Command(title, "Ctrl+L", lambda: steps.show_port(number)))
    elif (pasted := parse_pasted_error(text)).error or pasted.port:
        hits.append(Command(_("Explain this message"), "", lambda: steps.explain(text)))
        if pasted.port is not None:
            port = str(pasted.port)
            title = _("Port {port}: who has it").format(port=port)
            hits.append(Command(title, "", lambda: steps.show_port(port)))
    fitting = [command for command in commands if _has(command.title, words)]
    # What begins with the first word is meant more often than what merely holds it.
    fitting.sort(key=lambda command: not _begins(command.title, words[0]))
    hits += fitting[: _MOST_SHOWN // 2]
    hits += list(port_commands(entries, words, steps))
    hits += fitting[_MOST_SHOWN // 2 :]
    return hits[:_MOST_SHOWN]


def _begins(title: str, word: str) -> bool:
    return title.rpartition("\u203a ")[2].casefold().startswith(word)


class CommandPalette(QDialog):
    """A box to type into with what fits below it; Enter does the chosen one, Esc closes."""

    def __init__(
        self,
        menu_bar: QMenuBar,
        entries: Callable[[], Collection[SocketEntry]],
        steps: PaletteSteps,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Commands"))
        self._commands = list(menu_commands(menu_bar.actions()))
        self._entries = entries
        self._steps = steps
        self._shown: list[Command] = []
        self.field = QLineEdit()
        self.field.setPlaceholderText(_("A command, a port, a PID, a program, or an error message"))
        self.field.setAccessibleName(_("Command"))
        self.field.textChanged.connect(self._refresh)
        self.field.installEventFilter(self)
        self.list = QTreeWidget()
        self.list.setAccessibleName(_("What fits"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformRowHeights(True)
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(2)
        header = self.list.header()
        header.hide()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.itemClicked.connect(self._on_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        width = min(CARD_WIDTH, parent.width() - 2 * SPACE_M)
        self.resize(width, min(_HEIGHT, parent.height() - 2 * SPACE_M))
        self._refresh()

    @property
    def titles(self) -> list[str]:
        """Return what is offered now, from the top."""
        return [command.title for command in self._shown]

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in _MOVES:
                self.list.keyPressEvent(event)
                return True
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._on_chosen()
                return True
        return super().eventFilter(watched, event)

    @Slot()
    def _refresh(self) -> None:
        self._shown = found(self.field.text(), self._commands, self._entries(), self._steps)
        self.list.clear()
        faint = QBrush(muted_text(self.palette()))
        for command in self._shown:
            item = QTreeWidgetItem(self.list, [command.title, command.detail])
            item.setToolTip(0, plain_tooltip(command.title))
            item.setForeground(1, faint)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setSizeHint(0, QSize(0, self.fontMetrics().height() + SPACE_S))
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)
        chosen = self.titles[0] if self._shown else _("Nothing fits")
        self.field.setAccessibleDescription(chosen)

    @Slot()
    def _on_chosen(self) -> None:
        current = self.list.currentItem()
        number = self.list.indexOfTopLevelItem(current) if current is not None else -1
        if not 0 <= number < len(self._shown):
            return
        run = self._shown[number].run
        # Closed first: what is chosen may open a window of its own, or want the focus.
        self.accept()
        run()
