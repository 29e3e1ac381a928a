"""What is known of the descriptors of one process, and walks over them in small steps."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections import deque

    from portview.domain.owners.process import ProcessKey

Walk: TypeAlias = Generator[int, None, None]
"""Takes one bit of the way at each step and yields what that cost, in links."""


class ProcessDescriptors:
    """What is known of one process's descriptors.

    A negative descriptor stands for a place outside of the main thread's table, which ``places``
    names (``unlisted_sockets``). ``rings`` are descriptors of io_uring instances.
    """

    __slots__ = (
        "_last_number",
        "_numbers",
        "descriptors",
        "freed",
        "is_denied",
        "key",
        "pid",
        "places",
        "proc_inode",
        "rings",
        "top",
    )

    def __init__(self, pid: int, proc_inode: int) -> None:
        """Start with nothing known; ``proc_inode`` is that of the folder in /proc."""
        self.pid = pid
        self.proc_inode = proc_inode
        self.key: ProcessKey | None = None
        self.descriptors: dict[int, int] = {}
        self.freed: set[int] = set()
        self.places: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._last_number = 0
        self.rings: set[int] = set()
        self.top = 2
        self.is_denied = False

    def number_of_place(self, place: str) -> int:
        """Return the negative descriptor that stands for a place, a new one if need be."""
        number = self._numbers.get(place)
        if number is None:
            self._last_number -= 1
            number = self._numbers[place] = self._last_number
            self.places[number] = place
        return number

    def forget_place(self, number: int) -> None:
        """Forget a place that no longer holds a socket."""
        place = self.places.pop(number, None)
        if place is not None:
            del self._numbers[place]

    def forget_places(self) -> None:
        """Forget every place and ring: they were another process's."""
        self.places.clear()
        self._numbers.clear()
        self.rings.clear()


Holder: TypeAlias = tuple[ProcessDescriptors, int]


def advance(walks: deque[Walk], left: float) -> float:
    """Advance the first pass until it ends or costs more than is left; return the rest."""
    for cost in walks[0]:
        left -= cost
        if left <= 0:
            return left
    walks.popleft()
    return left


def abandon(walks: deque[Walk]) -> None:
    """Close walks that are not needed any more, and what they hold open."""
    while walks:
        walks.pop().close()
