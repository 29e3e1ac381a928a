"""A scan of this machine against its socket table, which is the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.address_matching import bound_device, takes_clients_of
from portview.domain.sockets.socket_row import Protocol, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from portview.domain.sockets.socket_row import SocketRow
    from portview.probes.scan import ScanReport


@dataclass(frozen=True, slots=True)
class TableComparison:
    """Where a scan and the socket table differ.

    ``not_reachable`` are listening rows that cover the scanned address but did not answer there;
    ``unknown`` are open ports that no row explains: somebody else answers for this machine, or
    the server came or went between the two.
    """

    not_reachable: tuple[SocketRow, ...]
    unknown: tuple[int, ...]

    def __bool__(self) -> bool:
        """Return whether there is a difference."""
        return bool(self.not_reachable or self.unknown)


def compare_with_table(
    report: ScanReport, asked: Collection[int], rows: Iterable[SocketRow]
) -> TableComparison:
    """Compare what a scan of this machine found with rows read right after it. Pure."""
    asked_ports = frozenset(asked)
    open_ports = frozenset(one.port for one in report.open)
    not_reachable = []
    explained = set()
    for row in rows:
        if row.protocol is not Protocol.TCP or row.state is not State.LISTEN:
            continue
        if row.local.port not in asked_ports:
            continue
        bound, only = row.local.address, row.is_v6_only
        if row.local.port in open_ports:
            if takes_clients_of(bound, report.address, is_v6_only=only):
                explained.add(row.local.port)
        elif not bound_device(bound) and takes_clients_of(
            # Where the system does not say, a wildcard of the other family is not expected.
            bound,
            report.address,
            is_v6_only=only is not False,
        ):
            not_reachable.append(row)
    return TableComparison(tuple(not_reachable), tuple(sorted(open_ports - explained)))
