"""What a cell answers for each of Qt's roles: text, tooltip, colours, words for screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QFont

from portview.domain.plain_text import inert
from portview.domain.table.columns import COLUMNS
from portview.i18n import N_, _
from portview.models.liveness import Mark
from portview.models.tooltips import plain_tooltip

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.table.cells import CellContext
    from portview.models.liveness import Liveness, News

ALIGN_TEXT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
ALIGN_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

MARK_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The ``Mark`` of a row, None for most."""

ENTRY_ROLE = int(Qt.ItemDataRole.UserRole) + 2
"""The ``SocketEntry`` of a row."""

_MARK_WORDS = {Mark.NEW: N_("new"), Mark.CHANGED: N_("changed"), Mark.CLOSED: N_("closed")}
_CHANGED_COLUMNS = {
    "state": "state",
    "services": "service",
    "user": "user",
    "pid": "pid",
    "owner_problem": "process",
}
"""Which column shows a changed field of a row."""

_ALIGNMENTS = [ALIGN_NUMBER if column.is_numeric else ALIGN_TEXT for column in COLUMNS]
_TEXTS = [column.text for column in COLUMNS]
_SHOWN_TEXTS = [column.short_text or column.text for column in COLUMNS]


class RowColours(NamedTuple):
    """Brushes for what is new, changed and closed; None leaves the palette's own."""

    new: QBrush | None = None
    changed: QBrush | None = None
    closed_text: QBrush | None = None


class PlainCell(NamedTuple):
    """All that a cell needs to be drawn, where its font is the view's own; text is inert."""

    text: str
    icon: Any
    background: QBrush | None
    foreground: QBrush | None


class CellRoles:
    """Answers by entry and column number. ``answers`` maps a role to its method."""

    def __init__(self, liveness: Liveness, context: CellContext) -> None:
        self.context = context
        self.colours = RowColours()
        self.icons: dict[int, Callable[[SocketEntry], object]] = {}
        self._liveness = liveness
        self._entry: SocketEntry | None = None
        self._entry_news: News | None = None
        self._bold = QFont()
        self._bold.setBold(True)
        role = Qt.ItemDataRole
        self.answers: dict[int, Callable[[SocketEntry, int], object]] = {
            int(role.DisplayRole): self.text,
            int(role.ToolTipRole): self._tooltip,
            int(role.TextAlignmentRole): lambda _entry, column: _ALIGNMENTS[column],
            int(role.ForegroundRole): self._foreground,
            int(role.BackgroundRole): self._background,
            int(role.FontRole): self._font,
            int(role.DecorationRole): self._decoration,
            int(role.AccessibleTextRole): self._spoken,
            int(role.AccessibleDescriptionRole): self._spoken_mark,
            MARK_ROLE: lambda entry, _column: self._mark(entry),
            ENTRY_ROLE: lambda entry, _column: entry,
        }

    def describe(self, context: CellContext) -> None:
        """Store what cells depend on, and news that may have come or gone. With every tick."""
        self.context = context
        self._entry = None

    def text(self, entry: SocketEntry, column: int) -> str:
        """Return what a cell shows, inert."""
        return inert(_SHOWN_TEXTS[column](entry, self.context))

    def plain(self, entry: SocketEntry, column: int) -> PlainCell | None:
        """Answer in one go what a view asks for by several roles; None for a special font."""
        background = foreground = None
        news = self._news(entry)
        if news is not None:
            if news.mark is Mark.CHANGED and _changed_here(news, column):
                return None
            background = self._background(entry, column)
            foreground = self._foreground(entry, column)
        icon_of = self.icons.get(column)
        icon = icon_of(entry) if icon_of else None
        return PlainCell(self.text(entry, column), icon, background, foreground)

    def _tooltip(self, entry: SocketEntry, column: int) -> str:
        text = _TEXTS[column](entry, self.context)
        more = COLUMNS[column].tooltip(entry, self.context)
        # A cell may be cut: the tooltip holds the whole of it.
        return plain_tooltip("\n".join(dict.fromkeys(part for part in (text, more) if part)))

    def _news(self, entry: SocketEntry) -> News | None:
        # Asked three times for each cell of a row, one row after the other.
        if entry is not self._entry:
            self._entry = entry
            self._entry_news = self._liveness.news_of(entry.row.key)
        return self._entry_news

    def _mark(self, entry: SocketEntry) -> Mark | None:
        news = self._news(entry)
        return news.mark if news else None

    def _foreground(self, entry: SocketEntry, _column: int) -> QBrush | None:
        return self.colours.closed_text if self._mark(entry) is Mark.CLOSED else None

    def _background(self, entry: SocketEntry, column: int) -> QBrush | None:
        news = self._news(entry)
        if news is None:
            return None
        if news.mark is Mark.CHANGED:
            return self.colours.changed if _changed_here(news, column) else None
        return self.colours.new if news.mark is Mark.NEW else None

    def _font(self, entry: SocketEntry, column: int) -> QFont | None:
        news = self._news(entry)
        is_here = news and news.mark is Mark.CHANGED and _changed_here(news, column)
        return self._bold if is_here else None

    def _decoration(self, entry: SocketEntry, column: int) -> object:
        icon_of = self.icons.get(column)
        return icon_of(entry) if icon_of else None

    def _spoken(self, entry: SocketEntry, column: int) -> str:
        return spoken_cell(COLUMNS[column].title, self.text(entry, column))

    def _spoken_mark(self, entry: SocketEntry, _column: int) -> str:
        mark = self._mark(entry)
        return _(_MARK_WORDS[mark]) if mark else ""


def spoken_cell(title: str, text: str) -> str:
    """Return what a screen reader says of a cell; ``title`` is not translated yet."""
    return _("{title} {text}").format(title=_(title), text=text or _("empty"))


def _changed_here(news: News, column: int) -> bool:
    return COLUMNS[column].id in map(_CHANGED_COLUMNS.get, news.changed_fields)
