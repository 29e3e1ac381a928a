"""What "Test connection" tests for a row of the table, and how. No Qt."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from portview.actions.firewall_rules.ladder_check import row_for_firewall_check
from portview.actions.port_destinations import PortDestinations
from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import Protocol, State, endpoint_text
from portview.domain.user_input.targets import Target
from portview.i18n import N_, _
from portview.probes.bind_places import ANY_IPV4, ANY_IPV6
from portview.probes.ladder import climb
from portview.probes.ladder_sentence import Reach
from portview.probes.tcp import probe_tcp
from portview.probes.udp import probe_udp
from portview.ui.probing.probe_results import STEP_COLUMNS, result_of, step_row
from portview.ui.widgets.result import DisplayedResult, ResultRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketRow
    from portview.probes.ladder import FirewallCheck

    AskFirewall = Callable[[SocketRow, ProcessInfo | None, CancelToken], FirewallCheck]

_LOOPBACK_FOR = {ANY_IPV4: "127.0.0.1", ANY_IPV6: "::1"}
_REACH_LABELS = {
    Reach.NOTHING_LISTENS: (N_("Nothing listens"), Severity.BAD),
    Reach.THIS_MACHINE_ONLY: (N_("This machine only"), Severity.NOTE),
    Reach.BLOCKED: (N_("Blocked"), Severity.BAD),
    Reach.HANGS: (N_("Hangs"), Severity.BAD),
    Reach.HANGS_UP: (N_("Closes the connection"), Severity.BAD),
    Reach.SUSPENDED: (N_("Suspended"), Severity.BAD),
    Reach.REACHABLE: (N_("Reachable"), Severity.GOOD),
    Reach.SOME: (N_("Reachable for some"), Severity.NOTE),
    Reach.UNCERTAIN: (N_("Not certain"), Severity.NOTE),
    Reach.INNER_NETWORK: (N_("Inner network only"), Severity.NOTE),
}


class Way(Enum):
    """How a row is tested."""

    LADDER = auto()
    ASK_UDP = auto()
    CONNECT = auto()


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """What is tested, with a title and a sentence that says so to people."""

    way: Way
    target: Target
    title: str
    explanation: str


def plan_test(row: SocketRow, rows: Iterable[SocketRow]) -> ConnectionPlan:
    """Decide what to test: a server's port here, or for a client the server that it talks to.

    ``rows`` are the other sockets, which say whether a connection came in or went out.
    """
    port = row.local.port
    if row.protocol is Protocol.UDP:
        return _udp_plan(row)
    if row.remote is None or row.state in {State.LISTEN, State.BOUND}:
        return _ladder_plan(port, _("Asked from this machine, from the inside out."))
    remote = endpoint_text(row.remote)
    listens_here = any(
        one.protocol is Protocol.TCP and one.state is State.LISTEN and one.local.port == port
        for one in rows
    )
    if listens_here:
        return _ladder_plan(
            port,
            _(
                "This connection from {remote} came in to port {port}, so that port is tested."
            ).format(remote=remote, port=port),
        )
    return ConnectionPlan(
        Way.CONNECT,
        Target(row.remote.address, row.remote.port),
        _("TCP {remote}").format(remote=remote),
        _(
            "This connection goes out to {remote}: tested is whether a new one would get through."
        ).format(remote=remote),
    )


def _ladder_plan(port: int, explanation: str) -> ConnectionPlan:
    return ConnectionPlan(
        Way.LADDER, Target("localhost", port), _("TCP port {port}").format(port=port), explanation
    )


def _udp_plan(row: SocketRow) -> ConnectionPlan:
    aim = row.remote or row.local
    address = _LOOPBACK_FOR.get(aim.address, aim.address)
    asked = endpoint_text(aim._replace(address=address))
    return ConnectionPlan(
        Way.ASK_UDP,
        Target(address, aim.port),
        _("UDP {asked}").format(asked=asked),
        _(
            "UDP has no connections: {asked} is asked what its usual service "
            "would answer. Silence proves nothing."
        ).format(asked=asked),
    )


def run_test(
    plan: ConnectionPlan,
    rows: Sequence[SocketRow],
    ask: Callable[[int, CancelToken], FirewallCheck] | None,
    cancel: CancelToken,
    notify: Callable[[ResultRow], None],
) -> DisplayedResult:
    """Run a plan; ``show_message`` gets each line as it comes. Any thread. Raises Cancelled."""
    if plan.way is Way.LADDER:
        with closing(PortDestinations()) as destinations:
            report = climb(
                plan.target.port,
                rows,
                firewall=ask,
                destinations=destinations,
                cancel=cancel,
                on_step=lambda step: notify(step_row(step)),
            )
        word, severity = _REACH_LABELS[report.conclusion.reach]
        word = _(word)
        lines = tuple(map(step_row, report.steps))
        end = report.conclusion
        return DisplayedResult(
            severity, word, end.sentence, end.advice, tuple(map(_, STEP_COLUMNS)), lines
        )
    probe = probe_udp if plan.way is Way.ASK_UDP else probe_tcp
    result = result_of(probe(plan.target, cancel=cancel))
    lines = tuple(
        ResultRow((row.cells[0], row.cells[1], row.cells[3], row.cells[-1]), row.severity)
        for row in result.rows
    )
    for line in lines:
        notify(line)
    return replace(result, columns=tuple(map(_, STEP_COLUMNS)), rows=lines)


def firewall_question(
    plan: ConnectionPlan, rows: Sequence[SocketRow], ask: AskFirewall | None, chosen: SocketEntry
) -> Callable[[int, CancelToken], FirewallCheck] | None:
    """Return what asks the firewall for the ladder; None where no other machine can come."""
    row = row_for_firewall_check(plan.target.port, rows, chosen.row.key)
    if ask is None or row is None:
        return None
    return lambda _port, cancel: ask(row, chosen.info, cancel)
