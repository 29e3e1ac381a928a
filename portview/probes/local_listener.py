"""What this machine knows of the program that listens where a probe knocks at its own door."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from portview.domain.address_matching import is_wildcard, takes_clients_of
from portview.domain.errors import PortViewError
from portview.domain.facts import known_or
from portview.domain.owners.owners import describe_owner
from portview.domain.owners.process import Execution
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _, labelled
from portview.readers.accept_queue import AcceptQueue, read_accept_queues
from portview.readers.choose import open_reader
from portview.readers.execution import read_execution

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow
    from portview.probes.scan import ScanReport
    from portview.probes.scan_comparison import TableComparison

_LONGEST_NAME = 60
_MOST_PORTS = 200


@dataclass(frozen=True, slots=True)
class ListenerTrouble:
    """Why clients of a listener get no answer, in a sentence, and what to do about it."""

    sentence: str
    advice: str
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class LocalListener:
    """A TCP listener of this machine: where, whose, whether it runs, and who waits at it.

    ``name`` is made inert; ``queue`` is None where the system does not say.
    """

    address: str
    name: str
    pid: int | None
    execution: Execution = Execution.UNKNOWN
    queue: AcceptQueue | None = None
    is_v6_only: bool | None = None

    @property
    def label(self) -> str:
        """Return the program as sentences name it."""
        return (
            self.name
            if self.pid is None
            else _("{name} (PID {pid})").format(name=self.name, pid=self.pid)
        )

    @property
    def trouble(self) -> ListenerTrouble | None:
        """Return why clients of this listener get no answer; None where nothing is known."""
        if self.execution.is_suspended:
            sentence = (
                _("{program} is held by a debugger: clients connect, and get no answer.")
                if self.execution is Execution.TRACED
                else _("{program} is suspended: clients connect, and get no answer.")
            ).format(program=self.label)
            return ListenerTrouble(sentence, _("Resume the program, or end it."), is_suspended=True)
        if self.queue is not None and self.queue.is_full:
            sentence = _(
                "{program} does not accept connections: its queue of new ones is full "
                "({waiting} wait, {limit} may)."
            ).format(program=self.label, waiting=self.queue.waiting, limit=self.queue.limit)
            advice = _("Check the server: it hangs or is overloaded. No firewall causes this.")
            return ListenerTrouble(sentence, advice, is_suspended=False)
        return None


def read_local_listeners(port: int) -> tuple[LocalListener, ...]:
    """Return who listens on a TCP port of this machine; none where it can't be read.

    Reads the socket table, so that it is asked for rarely. Any thread.
    """
    return read_listeners_of((port,)).get(port, ())


def read_listeners_of(ports: Collection[int]) -> dict[int, tuple[LocalListener, ...]]:
    """Return who listens on TCP ports of this machine, by port; reads the table once."""
    try:
        reader = open_reader()
        try:
            snapshot = reader.read_settled()
        finally:
            reader.close()
    except PortViewError:
        return {}
    found: dict[int, tuple[LocalListener, ...]] = {}
    queues = {port: known_or(read_accept_queues(port), {}) for port in ports}
    for row in snapshot.rows:
        port = row.local.port
        if port in queues and row.protocol is Protocol.TCP and row.state is State.LISTEN:
            info = snapshot.processes.get(row.owner) if row.owner else None
            found[port] = (*found.get(port, ()), _listener(row, info, queues[port]))
    return found


def remarks_on_scan(report: ScanReport, comparison: TableComparison) -> tuple[str, ...]:
    """Return what is worth knowing of the listeners that a scan of this machine met or missed."""
    silent = [row.local.port for row in comparison.not_reachable]
    return remarks_on_ports(report.host, (*silent, *(one.port for one in report.open)))


def remarks_on_ports(host: str, ports: Iterable[int]) -> tuple[str, ...]:
    """Return what is worth knowing of the first listeners among ports of this machine.

    Which answer nobody and why, and which are two servers where the host is localhost.
    """
    remarks = []
    for port, listeners in sorted(read_listeners_of(tuple(islice(ports, _MOST_PORTS))).items()):
        troubles = dict.fromkeys(one.trouble.sentence for one in listeners if one.trouble)
        remarks += [labelled(str(port), sentence) for sentence in troubles]
        if is_localhost(host) and (two := describe_localhost(port, listeners)):
            remarks.append(two)
    return tuple(remarks)


def _listener(
    row: SocketRow, info: ProcessInfo | None, queues: dict[str, AcceptQueue]
) -> LocalListener:
    owner = row.owner
    return LocalListener(
        row.local.address,
        inert(describe_owner(row, info), _LONGEST_NAME),
        row.pid,
        read_execution(owner.pid) if owner else Execution.UNKNOWN,
        queues.get(row.local.address),
        row.is_v6_only,
    )


def listener_at(listeners: Iterable[LocalListener], address: str) -> LocalListener | None:
    """Return who takes the clients of an address; one bound to it goes before one bound to all."""
    taking = [
        one
        for one in listeners
        if takes_clients_of(one.address, address, is_v6_only=one.is_v6_only)
    ]
    # A socket for IPv4 goes before one on "::" that takes IPv4 as well.
    taking.sort(
        key=lambda one: (is_wildcard(one.address), (":" in one.address) != (":" in address))
    )
    return taking[0] if taking else None


def different_servers(listeners: Iterable[LocalListener]) -> dict[str, LocalListener] | None:
    """Return the servers at 127.0.0.1 and ::1 where these are not the same one, else None."""
    all_of_them = tuple(listeners)
    found = {
        address: one
        for address in ("127.0.0.1", "::1")
        if (one := listener_at(all_of_them, address)) is not None
    }
    owners = {(one.pid, one.name) for one in found.values()}
    return found if len(owners) > 1 else None


def describe_localhost(port: int, listeners: Iterable[LocalListener]) -> str:
    """Return a sentence on the two servers that "localhost" means, empty where it is one."""
    found = different_servers(listeners)
    if found is None:
        return ""
    return _(
        "localhost is two servers here: {first} at 127.0.0.1:{port} and {second} at [::1]:{port}."
    ).format(first=found["127.0.0.1"].label, second=found["::1"].label, port=port)


def note_on_localhost(host: str, port: int) -> str:
    """Return ``describe_localhost`` for a host that is localhost, empty for any other."""
    return describe_localhost(port, read_local_listeners(port)) if is_localhost(host) else ""


def is_localhost(host: str) -> bool:
    """Return whether a host is the name that stands for both loopback addresses."""
    return host.lower().rstrip(".") == "localhost"
