"""A scan of this machine against its socket table, which is the truth about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.sockets import Family, Protocol, State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from portview.domain.sockets import SocketRow
    from portview.probes.scan import ScanReport

_WILDCARDS = {Family.IPV4: "0.0.0.0", Family.IPV6: "::"}  # noqa: S104


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
        """Tell whether there is a difference."""
        return bool(self.not_reachable or self.unknown)


def compare_with_table(
    report: ScanReport, asked: Collection[int], rows: Iterable[SocketRow]
) -> TableComparison:
    """Compare what a scan of this machine found with rows read right after it. Pure."""
    family = Family.IPV6 if ":" in report.address else Family.IPV4
    asked_ports = frozenset(asked)
    open_ports = frozenset(one.port for one in report.open)
    not_reachable = []
    explained = set()
    for row in rows:
        if row.protocol is not Protocol.TCP or row.state is not State.LISTEN:
            continue
        if row.local.port not in asked_ports:
            continue
        if row.local.port in open_ports:
            # A row of the other family may be dual-stack; the table does not tell.
            if row.local.address in {report.address, *_WILDCARDS.values()}:
                explained.add(row.local.port)
        elif row.local.address in {report.address, _WILDCARDS[family]}:
            not_reachable.append(row)
    return TableComparison(tuple(not_reachable), tuple(sorted(open_ports - explained)))
