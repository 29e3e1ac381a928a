"""Sockets of Windows, with the time of their bind, their service and an owner that is checked."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Protocol

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.readers.listing import SocketListing
from portview.readers.services import WindowsServices
from portview.readers.windows.iphlpapi import SocketTables
from portview.readers.windows.owned_rows import OwnedRows, Reading
from portview.readers.windows.processes import ProcessTable
from portview.readers.windows.socket_tables import BOUND4, BOUND6, TCP4, TCP6, UDP4, UDP6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from portview.domain.owners.attribution import RunningProcess
    from portview.domain.sockets.socket_row import SocketRow
    from portview.readers.windows.socket_tables import RowLayout

logger = logging.getLogger(__name__)

# untranslated: names of tables, as the documentation has them
_TABLES = {
    TCP4: "TCP over IPv4",
    TCP6: "TCP over IPv6",
    UDP4: "UDP over IPv4",
    UDP6: "UDP over IPv6",
}
_BOUND_TABLES = (BOUND4, BOUND6)


class Tables(Protocol):
    """What the reader needs of ``SocketTables``."""

    def read(self, layout: RowLayout) -> list[bytes]:
        """Return the used part of each row. Raises OSError."""
        ...


class ProcessSource(Protocol):
    """What the reader needs of ``ProcessTable``."""

    def read(self) -> Mapping[int, RunningProcess]:
        """Return every running process by its PID. Raises OSError."""
        ...


class IphlpapiSocketReader:
    """Lists sockets with GetExtendedTcpTable and GetExtendedUdpTable.

    A row whose bytes did not change and whose owner is still the same process is handed out as the
    same object. The list of processes is read after the sockets in every reading: that is what
    reports an owner that ended and a PID that was given to another process.
    """

    name = "iphlpapi"

    def __init__(
        self,
        tables: Tables | None = None,
        processes: ProcessSource | None = None,
        services: WindowsServices | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Load the libraries. Raises PortViewError on other systems."""
        self._clock = clock
        try:
            self._tables = tables or SocketTables()
            self._process_source = processes or ProcessTable()
            services = services or WindowsServices()
        except OSError as error:
            raise _unreadable(_("socket tables"), error) from error
        self._rows = {layout: OwnedRows(layout, services) for layout in (*_TABLES, *_BOUND_TABLES)}
        self._processes: Mapping[int, RunningProcess] = {}

    def read(self) -> SocketListing:
        """List all sockets. Raises PortViewError where no table could be read."""
        listed_at_ms = self._clock() // 1_000_000
        tables, notes = self._read_tables()
        try:
            processes = self._process_source.read()
        except OSError as error:
            raise _unreadable(_("list of processes"), error) from error
        reading = Reading(self._processes, processes, listed_at_ms)
        self._processes = processes
        rows: list[SocketRow] = []
        for layout in _TABLES:
            rows += self._rows[layout].update(tables.get(layout, []), reading)
        bound: list[SocketRow] = []
        for layout in _BOUND_TABLES:
            bound += self._rows[layout].update(tables[layout], reading)
        return SocketListing((*rows, *_merely_bound(bound, rows)), notes)

    def close(self) -> None:
        """Hold nothing open: nothing to do."""

    def _read_tables(self) -> tuple[dict[RowLayout, list[bytes]], tuple[str, ...]]:
        tables: dict[RowLayout, list[bytes]] = {}
        notes: list[str] = []
        for layout, title in _TABLES.items():
            try:
                tables[layout] = self._tables.read(layout)
            except OSError as error:
                logger.warning("could not read the table of %s: %s", title, error)
                notes.append(
                    _("Sockets of {title} are missing: Windows refused their table.").format(
                        title=title
                    )
                )
                reason = error
        if not tables:
            raise _unreadable(_("socket tables"), reason) from reason
        for layout in _BOUND_TABLES:
            tables[layout] = self._tables.read(layout)
        return tables, tuple(notes)


def _merely_bound(bound: list[SocketRow], rows: Iterable[SocketRow]) -> list[SocketRow]:
    # The table of bound endpoints also has the local ends of connections and listeners, under
    # the address that was bound, which need not be the one in the other table.
    if not bound:
        return bound
    in_use = {(row.pid, row.key.local.port) for row in rows if row.state is not None}
    return [row for row in bound if (row.pid, row.key.local.port) not in in_use]


def _unreadable(what: str, error: OSError) -> PortViewError:
    return PortViewError(
        "sockets_unreadable",
        _("The system's {what} could not be read: {error}.").format(what=what, error=error),
        _("PortView tries again at the next refresh."),
        Outcome.FAILED,
    )
