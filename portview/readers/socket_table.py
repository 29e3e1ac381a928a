"""One look at the socket table with the names of the owners, taken when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from portview.domain.errors import PortViewError
from portview.domain.plain_text import inert
from portview.i18n import _
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow

_LONGEST_NAME = 80


class SocketTable(Protocol):
    """The sockets of one moment, and how their owners are named to people."""

    def rows(self) -> tuple[SocketRow, ...] | None:
        """Return the sockets, None where they could not be read."""
        ...

    def owner_name(self, row: SocketRow) -> str:
        """Return "node (PID 4242)", or what is known instead."""
        ...


class LazySocketTable:
    """Reads the table once, when it is first asked for. One thread at a time."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        """Use a snapshot that was taken already, where there is one."""
        self._snapshot = snapshot
        self._has_failed = False

    def rows(self) -> tuple[SocketRow, ...] | None:
        """Return the sockets, None where they could not be read. Blocks at the first call."""
        if self._snapshot is None and not self._has_failed:
            try:
                reader = open_reader()
                try:
                    self._snapshot = reader.read_settled()
                finally:
                    reader.close()
            except PortViewError:
                self._has_failed = True
        return None if self._snapshot is None else self._snapshot.rows

    def owner_name(self, row: SocketRow) -> str:
        """Return "node (PID 4242)", or what is known instead."""
        owner = row.owner
        info = self._snapshot.processes.get(owner) if self._snapshot and owner else None
        if info is not None and info.name:
            return _("{info_name} (PID {pid})").format(
                info_name=inert(info.name, _LONGEST_NAME), pid=info.pid
            )
        if row.pid:
            return _("PID {pid}").format(pid=row.pid)
        if row.user:
            user = inert(row.user, _LONGEST_NAME)
            return _("a program of the user {user}").format(user=user)
        return _("a socket whose program is not known")
