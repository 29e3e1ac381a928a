"""What "Test connection" tests for a row of the table, and how. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from portview.actions.firewall_word import row_to_ask_about
from portview.domain.sockets import Protocol, State, endpoint_text
from portview.domain.targets import Target
from portview.probes.bind_places import ANY_IPV4, ANY_IPV6
from portview.probes.ladder import climb
from portview.probes.ladder_sentence import Reach
from portview.probes.tcp import probe_tcp
from portview.probes.udp import probe_udp
from portview.ui.probing.sheet import Sheet, SheetRow
from portview.ui.probing.sheets import STEP_COLUMNS, sheet_of, step_row
from portview.ui.probing.tone import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from portview.domain.cancellation import CancelToken
    from portview.domain.entry import Entry
    from portview.domain.processes import ProcessInfo
    from portview.domain.sockets import SocketRow
    from portview.probes.ladder import FirewallAnswer

    AskFirewall = Callable[[SocketRow, ProcessInfo | None, CancelToken], FirewallAnswer]

_LOOPBACK_FOR = {ANY_IPV4: "127.0.0.1", ANY_IPV6: "::1"}
_REACH_WORDS = {
    Reach.NOTHING_LISTENS: ("Nothing listens", Tone.BAD),
    Reach.THIS_MACHINE_ONLY: ("This machine only", Tone.NOTE),
    Reach.BLOCKED: ("Blocked", Tone.BAD),
    Reach.HANGS: ("Hangs", Tone.BAD),
    Reach.REACHABLE: ("Reachable", Tone.GOOD),
    Reach.SOME: ("Reachable for some", Tone.NOTE),
    Reach.UNCERTAIN: ("Not certain", Tone.NOTE),
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

    ``rows`` are the other sockets, which tell whether a connection came in or went out.
    """
    port = row.local.port
    if row.protocol is Protocol.UDP:
        return _udp_plan(row)
    if row.remote is None or row.state in {State.LISTEN, State.BOUND}:
        return _ladder_plan(port, "Asked from this machine, from the inside out.")
    remote = endpoint_text(row.remote)
    listens_here = any(
        one.protocol is Protocol.TCP and one.state is State.LISTEN and one.local.port == port
        for one in rows
    )
    if listens_here:
        return _ladder_plan(
            port, f"This connection from {remote} came in to port {port}, so that port is tested."
        )
    return ConnectionPlan(
        Way.CONNECT,
        Target(row.remote.address, row.remote.port),
        f"TCP {remote}",
        f"This connection goes out to {remote}: tested is whether a new one would get through.",
    )


def _ladder_plan(port: int, explanation: str) -> ConnectionPlan:
    return ConnectionPlan(Way.LADDER, Target("localhost", port), f"TCP port {port}", explanation)


def _udp_plan(row: SocketRow) -> ConnectionPlan:
    aim = row.remote or row.local
    address = _LOOPBACK_FOR.get(aim.address, aim.address)
    asked = endpoint_text(aim._replace(address=address))
    return ConnectionPlan(
        Way.ASK_UDP,
        Target(address, aim.port),
        f"UDP {asked}",
        f"UDP has no connections: {asked} is asked what its usual service would answer. "
        "Silence proves nothing.",
    )


def run_test(
    plan: ConnectionPlan,
    rows: Sequence[SocketRow],
    ask: Callable[[int, CancelToken], FirewallAnswer] | None,
    cancel: CancelToken,
    tell: Callable[[SheetRow], None],
) -> Sheet:
    """Run a plan; ``tell`` gets each line as it comes. Any thread. Raises Cancelled."""
    if plan.way is Way.LADDER:
        report = climb(
            plan.target.port,
            rows,
            firewall=ask,
            cancel=cancel,
            on_step=lambda step: tell(step_row(step)),
        )
        word, tone = _REACH_WORDS[report.conclusion.reach]
        lines = tuple(map(step_row, report.steps))
        end = report.conclusion
        return Sheet(tone, word, end.sentence, end.advice, STEP_COLUMNS, lines)
    probe = probe_udp if plan.way is Way.ASK_UDP else probe_tcp
    sheet = sheet_of(probe(plan.target, cancel=cancel))
    lines = tuple(
        SheetRow((row.cells[0], row.cells[1], row.cells[3], row.cells[-1]), row.tone)
        for row in sheet.rows
    )
    for line in lines:
        tell(line)
    return replace(sheet, columns=STEP_COLUMNS, rows=lines)


def firewall_question(
    plan: ConnectionPlan, rows: Sequence[SocketRow], ask: AskFirewall | None, chosen: Entry
) -> Callable[[int, CancelToken], FirewallAnswer] | None:
    """Return what asks the firewall for the ladder; None where no other machine can come."""
    row = row_to_ask_about(plan.target.port, rows, chosen.row.key)
    if ask is None or row is None:
        return None
    return lambda _port, cancel: ask(row, chosen.info, cancel)
