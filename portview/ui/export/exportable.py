"""What there is to export at one moment. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.models.liveness import Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.table.cells import CellContext
    from portview.domain.table.columns import Column
    from portview.models.socket_table_model import SocketTableModel


class Exportable(NamedTuple):
    """What there is to export at one moment: entries shown in their order, and all there are."""

    shown: Sequence[SocketEntry]
    everything: Sequence[SocketEntry]
    shown_columns: Sequence[Column]
    snapshot: Snapshot
    context: CellContext


def open_sockets(model: SocketTableModel, entries: Iterable[SocketEntry]) -> list[SocketEntry]:
    """Leave out what lingers as closed: a file has no way to fade."""
    return [entry for entry in entries if model.mark_of(entry.row.key) is not Mark.CLOSED]
