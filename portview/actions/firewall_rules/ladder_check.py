"""The firewall's word for the ladder of reachability."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallQuestion
from portview.domain.sockets.socket_row import Protocol, State, is_loopback
from portview.firewall.row_question import question_of_row
from portview.probes.ladder import FirewallCheck
from portview.probes.ladder_sentence import FirewallCheckVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketKey, SocketRow
    from portview.firewall.interface import FirewallReader


def check_firewall(
    firewall: FirewallReader, row: SocketRow, info: ProcessInfo | None, cancel: CancelToken
) -> FirewallCheck:
    """Return what the firewall does to the clients of a listening row. Blocks; any thread."""
    rules = firewall.read()
    cancel.raise_if_cancelled()
    answer = rules.decide(question_of_row(row, info, sys.platform))
    return FirewallCheck(FirewallCheckVerdict(answer.verdict.value), answer.reason)


def check_firewall_for_port(
    firewall: FirewallReader, port: int, cancel: CancelToken
) -> FirewallCheck:
    """Return what the firewall does to the clients of a port at which nothing listens itself.

    A NAT rule may send them on. Blocks; any thread.
    """
    rules = firewall.read()
    cancel.raise_if_cancelled()
    answer = rules.decide(FirewallQuestion(Protocol.TCP, port))
    return FirewallCheck(FirewallCheckVerdict(answer.verdict.value), answer.reason)


def row_for_firewall_check(
    port: int, rows: Iterable[SocketRow], chosen: SocketKey | None = None
) -> SocketRow | None:
    """Return the row that other machines reach a TCP port by, the chosen one where it is one.

    None where none listens or this machine alone can come.
    """
    found = [
        row
        for row in rows
        if row.protocol is Protocol.TCP
        and row.state is State.LISTEN
        and row.local.port == port
        and not is_loopback(row.local.address)
    ]
    return next((row for row in found if row.key == chosen), found[0] if found else None)
