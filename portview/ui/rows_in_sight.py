"""What is looked up for the rows in sight alone, because it costs too much to know of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.entry import Entry
    from portview.domain.sockets import SocketKey
    from portview.engine.traffic_feed import TrafficFeed
    from portview.models.socket_table_model import SocketTableModel
    from portview.readers.host_names import HostNames
    from portview.ui.socket_table import SocketTable

MOST_MEASURED = 5000
"""Rows whose traffic is read while the table is sorted by it."""

_NUMBERS = {column.id: number for number, column in enumerate(COLUMNS)}
_TRAFFIC = (_NUMBERS["down"], _NUMBERS["up"])
_HOST = _NUMBERS["remote_host"]


class RowsInSight:
    """Asks for traffic and host names of what a person sees, where the columns are shown."""

    def __init__(
        self,
        table: SocketTable,
        model: SocketTableModel,
        traffic: TrafficFeed,
        hosts: HostNames,
    ) -> None:
        self._table = table
        self._model = model
        self._traffic = traffic
        self._hosts = hosts

    def look(self, chosen: SocketKey | None = None) -> None:
        """Ask once, also for the ``chosen`` row's traffic. To be called with every tick."""
        header = self._table.horizontalHeader()
        wanted: dict[SocketKey, None] = {}
        if chosen is not None:
            wanted[chosen] = None
        if not all(header.isSectionHidden(number) for number in _TRAFFIC):
            wanted.update((entry.row.key, None) for entry in self._to_measure())
        self._traffic.look_at(wanted)
        if not header.isSectionHidden(_HOST):
            entries = self._table.entries_in_sight()
            self._hosts.want(
                entry.row.key.remote.address for entry in entries if entry.row.key.remote
            )

    def _to_measure(self) -> Iterable[Entry]:
        # A table that is sorted by traffic has to know it of rows that are out of sight as well.
        if self._table.horizontalHeader().sortIndicatorSection() in _TRAFFIC:
            return self._model.shown_entries[:MOST_MEASURED]
        return self._table.entries_in_sight()
