"""What is looked up for the rows in sight alone, because it costs too much to know of all."""

from __future__ import annotations

from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from portview.domain.sockets.connections import connections_by_server, is_server
from portview.domain.table.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey
    from portview.models.socket_table_model import SocketTableModel
    from portview.ui.table.data_sources import DataSources
    from portview.ui.table.socket_views import SocketViews

MOST_MEASURED = 5000
"""Rows that are asked about while the table is sorted by what they answer."""

_TRAFFIC = frozenset({"down", "up"})
_SUMMED = "traffic"
_FIREWALL = frozenset({"firewall"})
_IDENTITY = frozenset({"what", "project", "container"})
_HOST = "remote_host"
_PROCESS = "process"


class VisibleRows:
    """Asks about what a person sees, where the columns for the answers are shown."""

    def __init__(
        self,
        views: SocketViews,
        model: SocketTableModel,
        data_sources: DataSources,
    ) -> None:
        self._views = views
        self._model = model
        self._data_sources = data_sources
        self._has_sparklines = False

    def look(
        self,
        chosen: Collection[SocketKey] = (),
        groups: Mapping[SocketKey, Collection[SocketKey]] = MappingProxyType({}),
    ) -> None:
        """Ask once, also for the traffic of ``chosen`` sockets. To be called with every tick.

        ``groups`` are the connections of servers, whose traffic is summed up.
        """
        shown = {column.id for column in self._views.shown_columns.shown()}
        wanted: dict[SocketKey, None] = dict.fromkeys(chosen)
        if shown & _TRAFFIC:
            wanted.update((entry.row.key, None) for entry in self._to_ask_about(_TRAFFIC))
        if _SUMMED in shown:
            self._draw_sparklines()
            entries = list(self._to_ask_about(frozenset({_SUMMED})))
            wanted.update((entry.row.key, None) for entry in entries)
            servers = [entry.row for entry in entries if is_server(entry.row)]
            rows = (entry.row for entry in self._model.all_entries())
            groups = {**(connections_by_server(servers, rows) if servers else {}), **groups}
        self._data_sources.traffic.look_at(wanted, groups)
        self._data_sources.firewall.feed.look_at(
            self._to_ask_about(_FIREWALL) if shown & _FIREWALL else ()
        )
        self._data_sources.executions.look_at(
            self._views.view.visible_owners() if _PROCESS in shown else ()
        )
        self._want_identities(shown)
        if _HOST in shown:
            entries = self._views.view.visible_entries()
            self._data_sources.hosts.want(
                entry.row.key.remote.address for entry in entries if entry.row.key.remote
            )

    def _draw_sparklines(self) -> None:
        """Have the column drawn with its past, when it is first shown."""
        if not self._has_sparklines:
            self._has_sparklines = True
            traffic = self._data_sources.traffic
            self._views.table.show_sparklines(traffic.history.of, traffic.now_s)

    def _want_identities(self, shown: set[str]) -> None:
        """Have programs recognised: those in sight, or all where filter, order or tree need it."""
        entries: Iterable[SocketEntry] = ()
        is_sorted_by = COLUMNS[self._views.sorting()[0]].id in _IDENTITY
        # A tree stands by what each process comes from.
        if self._model.is_filtered or is_sorted_by or self._views.is_grouped:
            entries = chain(self._views.view.visible_entries(), self._model.all_entries())
        elif shown & _IDENTITY:
            entries = self._views.view.visible_entries()
        infos = {entry.info.key: entry.info for entry in entries if entry.info is not None}
        self._data_sources.identities.want(infos.values())

    def _to_ask_about(self, columns: frozenset[str]) -> Iterable[SocketEntry]:
        # A table that is sorted by traffic has to know it of rows that are out of sight as well.
        if COLUMNS[self._views.sorting()[0]].id in columns:
            return self._model.shown_entries[:MOST_MEASURED]
        return self._views.view.visible_entries()
