"""The question "which sockets are there?", which every socket reader answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.snapshot import SnapshotDelta
    from portview.domain.sockets.socket_row import SocketRow


@dataclass(frozen=True, slots=True)
class SocketListing:
    """The rows of one reading, each key once, and plain sentences on what could not be read.

    A reader that keeps track says more, which saves going through all rows: ``owners`` are the
    processes of all rows, and ``step`` leads from the rows of the reading before to these.
    ``pending`` is how many sockets wait for the next readings to have their owner found.
    """

    rows: tuple[SocketRow, ...]
    notes: tuple[str, ...] = ()
    owners: frozenset[ProcessKey] | None = None
    step: SnapshotDelta | None = None
    pending: int = 0


class SocketReader(Protocol):
    """A way of listing sockets.

    It belongs to one thread at a time and may keep state between readings: a row that did not
    change is handed out as the same object again.
    """

    @property
    def name(self) -> str:
        """Return the name by which people choose this reader."""
        ...

    def read(self) -> SocketListing:
        """List all sockets. Raises PortViewError where nothing at all could be read."""
        ...

    def close(self) -> None:
        """Let go of what the reader holds open. Reading after this is an error."""
        ...
