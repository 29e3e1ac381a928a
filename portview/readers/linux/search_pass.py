"""A search for socket inodes that goes through all processes, as far as each update allows."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from portview.readers.linux.process_descriptors import abandon, advance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from portview.readers.linux.process_descriptors import Walk


class SearchPass:
    """Looks for inodes with walks over all processes.

    What comes while a pass is under way waits for the next one, so that each inode is looked for
    in every process exactly once. Whoever finds an inode calls ``discard``.
    """

    def __init__(self, walks: Callable[[], Iterable[Walk]]) -> None:
        """Start with nothing sought; ``walks`` returns those of a whole pass."""
        self._make_walks = walks
        self._walks: deque[Walk] = deque()
        self._sought: set[int] = set()
        self._sought_next: set[int] = set()

    @property
    def pending(self) -> set[int]:
        """Return the inodes that are still being looked for."""
        return self._sought | self._sought_next

    def add(self, inodes: Iterable[int]) -> None:
        """Look for these as well, from the next pass on."""
        self._sought_next.update(inodes)

    def take_waiting(self) -> set[int]:
        """Return what waits for the next pass, and look for it no longer."""
        waiting, self._sought_next = self._sought_next, set()
        return waiting

    def discard(self, inode: int) -> None:
        """Look for this one no longer: it was found."""
        self._sought.discard(inode)
        self._sought_next.discard(inode)

    def keep(self, alive: set[int]) -> None:
        """Look for those only that still exist."""
        self._sought &= alive
        self._sought_next &= alive

    def spend(self, left: float) -> tuple[float, set[int]]:
        """Read until ``left`` links were read; return the rest, and what whole passes missed."""
        missed: set[int] = set()
        while True:
            if not (self._walks and self._sought):
                abandon(self._walks)
                missed |= self._sought
                self._sought = set()
                if left <= 0 or not self._sought_next:
                    return left, missed
                self._sought = self.take_waiting()
                self._walks.extend(self._make_walks())
            elif left <= 0:
                return left, missed
            else:
                left = advance(self._walks, left)

    def close(self) -> None:
        """Close what unfinished walks hold open."""
        abandon(self._walks)
