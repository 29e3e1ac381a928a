"""What is new, changed or closed, and for how long that stays marked. No Qt."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.sockets.snapshot import Change, Diff
from portview.domain.sockets.socket_row import OwnerProblem, SocketKey, SocketRow

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_HIGHLIGHT_MS = 3000
"""How long a closed row stays, faded, and how long news stay marked."""


class Mark(Enum):
    """What happened to a row a moment ago."""

    NEW = "new"
    CHANGED = "changed"
    CLOSED = "closed"


class News(NamedTuple):
    """A mark, the row's fields that changed, and until when it is shown (milliseconds)."""

    mark: Mark
    until_ms: int
    changed_fields: frozenset[str] = frozenset()


class Liveness:
    """Turns what changed on the machine into what the table has to do.

    Closed rows linger for a moment: they are named as changed, and as removed when ``expire`` says.
    Times are milliseconds of any clock that only goes forward. The first snapshot marks nothing:
    a window that opens is not news.
    """

    def __init__(self, highlight_ms: int = DEFAULT_HIGHLIGHT_MS) -> None:
        self.highlight_ms = highlight_ms
        self._has_started = False
        self._news: dict[SocketKey, News] = {}
        self._closed: dict[SocketKey, SocketRow] = {}

    def news_of(self, key: SocketKey) -> News | None:
        """Return what happened to a row a moment ago."""
        return self._news.get(key)

    @property
    def has_news(self) -> bool:
        """Return whether anything is marked, so that someone has to look again later."""
        return bool(self._news)

    @property
    def closed_count(self) -> int:
        """Return how many rows linger that are closed already."""
        return len(self._closed)

    def advance(self, difference: Diff, now_ms: int) -> Diff:
        """Take what changed on the machine and return what the table has to do."""
        if not self._has_started:
            self._has_started = True
            return difference
        until_ms = now_ms + self.highlight_ms
        added, changed = [], list(difference.changed)
        identified = _identified(difference)
        for row in difference.added:
            highlighted = self._closed.pop(row.key, None)
            if highlighted is None:
                added.append(row)
            else:
                changed.append(Change(highlighted, row))
            if row.key in identified:
                # No news of the machine: PortView has found out whose socket it is.
                self._hand_on(identified[row.key].key, row.key)
            else:
                self._note(row.key, News(Mark.NEW, until_ms))
        for change in difference.changed:
            if fields_changed := _differing(change.old, change.new):
                self._note(change.new.key, News(Mark.CHANGED, until_ms, fields_changed))
        if self.highlight_ms <= 0:
            return Diff(difference.removed, tuple(added), tuple(changed))
        replaced = {row.key for row in identified.values()}
        for row in difference.removed:
            if row.key in replaced:
                continue
            self._closed[row.key] = row
            self._note(row.key, News(Mark.CLOSED, until_ms))
            changed.append(Change(row, row))
        return Diff(tuple(identified.values()), tuple(added), tuple(changed))

    def expire(self, now_ms: int) -> tuple[Diff, frozenset[SocketKey]]:
        """Return which rows leave now and which ones lose their mark."""
        over = [key for key, news in self._news.items() if news.until_ms <= now_ms]
        for key in over:
            del self._news[key]
        leaving = self.forget_closed(over)
        gone = {row.key for row in leaving.removed}
        return leaving, frozenset(key for key in over if key not in gone)

    def forget_closed(self, keys: Iterable[SocketKey]) -> Diff:
        """Let closed rows leave at once."""
        return Diff(
            removed=tuple(self._closed.pop(key) for key in list(keys) if key in self._closed)
        )

    def _hand_on(self, old: SocketKey, new: SocketKey) -> None:
        news = self._news.pop(old, None)
        if news is not None:
            self._note(new, news)

    def _note(self, key: SocketKey, news: News) -> None:
        if self.highlight_ms > 0:
            self._news[key] = news


_OF_THE_SOCKET = frozenset({"state", "remote"})
"""Fields that report something else than whose socket it is."""

_OF_THE_PROCESS = frozenset({OwnerProblem.PROCESS_GONE, OwnerProblem.PID_REUSED})
"""What happened to the owner, and not to the search for it."""


def _identified(difference: Diff) -> dict[SocketKey, SocketRow]:
    """Return by the keys of added rows those that they replace because their owner was found."""
    looking = {
        row.key._replace(owner=None): row
        for row in difference.removed
        if row.owner_problem is OwnerProblem.LOOKING
    }
    if not looking:
        return {}
    return {
        row.key: looking[key]
        for row in difference.added
        if (key := row.key._replace(owner=None)) in looking
    }


def _differing(old: SocketRow, new: SocketRow) -> frozenset[str]:
    """Return what differs on the machine.

    That an owner was found, or another reason why it can't be named, is no change of it.
    """
    differing = frozenset(
        field
        for field, before, after in zip(SocketRow._fields, old, new, strict=True)
        if before != after
    )
    is_found_out = old.owner_problem is OwnerProblem.LOOKING or (
        old.owner_problem is not None
        and new.owner_problem is not None
        and new.owner_problem not in _OF_THE_PROCESS
    )
    return differing & _OF_THE_SOCKET if is_found_out else differing
