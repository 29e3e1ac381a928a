"""The last day of a watch as a strip: well, firing, or not looked at. Pure, no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.formatting import format_duration
from portview.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STRIP_MS = 86_400_000


class WatchStrip(NamedTuple):
    """Times between two moments. What is in none of them was well."""

    from_ms: int
    to_ms: int
    firing: tuple[tuple[int, int], ...] = ()
    unknown: tuple[tuple[int, int], ...] = ()

    def well(self) -> list[tuple[int, int]]:
        """Return the times in which it did not fire and somebody looked."""
        found = []
        at_ms = self.from_ms
        for begin, end in sorted((*self.firing, *self.unknown, (self.to_ms, self.to_ms))):
            if begin > at_ms:
                found.append((at_ms, begin))
            at_ms = max(at_ms, end)
        return found

    def words(self) -> str:
        """Return the same in words."""
        if not self.firing:
            if self.unknown == ((self.from_ms, self.to_ms),):
                return _("not checked")
            return _("no alert")
        count = len(self.firing)
        length = format_duration(sum(end - start for start, end in self.firing))
        return ngettext("{count} alert, {length}", "{count} alerts, {length}", count).format(
            count=count, length=length
        )


def watch_strip(
    incidents: Iterable[tuple[int, int | None]], looks: Sequence[tuple[int, int]], now_ms: int
) -> WatchStrip:
    """Return the last day of a watch from its incidents and the times in which somebody looked."""
    from_ms = now_ms - STRIP_MS
    firing = _cut(
        ((begin, now_ms if end is None else end) for begin, end in incidents), from_ms, now_ms
    )
    unknown = []
    at_ms = from_ms
    for begin, end in sorted(looks):
        if begin > at_ms:
            unknown.append((at_ms, begin))
        at_ms = max(at_ms, end)
    if now_ms - at_ms > _FRESH_MS:
        unknown.append((at_ms, now_ms))
    return WatchStrip(from_ms, now_ms, firing, _cut(unknown, from_ms, now_ms))


_FRESH_MS = 15_000
"""A look that is so young says that somebody looks still."""


def _cut(times: Iterable[tuple[int, int]], from_ms: int, to_ms: int) -> tuple[tuple[int, int], ...]:
    cut = ((max(begin, from_ms), min(end, to_ms)) for begin, end in times)
    return tuple(sorted((begin, end) for begin, end in cut if begin < end))
