"""What the window can look up beyond a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.firewall import FirewallStatus
    from portview.domain.owners.http_sys import HttpPortUse
    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.process_details import OwnerDetails, OwnerQuestion
    from portview.domain.sockets.socket_row import Protocol
    from portview.domain.table.cells import CellContext
    from portview.engine.execution_feed import ExecutionFeed
    from portview.engine.firewall_feed import FirewallFeed
    from portview.engine.traffic_feed import TrafficFeed
    from portview.firewall.drop_log.packet import DroppedPacket
    from portview.firewall.interface import Firewall, FirewallReader
    from portview.readers.host_names import HostNames
    from portview.readers.recognition.background import ProgramIdentities


def _read_http_use(port: int) -> HttpPortUse:
    # Loaded when it is first asked for: few machines ever need it.
    from portview.readers.windows.http_sys import read_http_port_use  # noqa: PLC0415

    return read_http_port_use(port)


def _read_origin(key: ProcessKey) -> str:
    # Loaded when a person first looks at a process.
    from portview.actions.inspection.origin import origin_of_key  # noqa: PLC0415

    return origin_of_key(key)


class FirewallSources(NamedTuple):
    """The firewall that is read for many (``shared``), and what opens one for a change.

    ``read_drops`` returns what was dropped for a port lately; it blocks and raises PortViewError.
    """

    feed: FirewallFeed
    shared: FirewallReader
    opener: Callable[[], Firewall]
    read_drops: Callable[[FirewallStatus, int, Protocol], tuple[DroppedPacket, ...]]


class DataSources(NamedTuple):
    """``describe`` gives what cells depend on beyond their rows, as of now.

    ``read_owner`` is called on the reading pool; ``read_http_use`` (what http.sys serves at a port)
    and ``read_origin`` (why a process runs, in one line) on that for probes; everything else is
    used on the UI thread.
    """

    describe: Callable[[], CellContext]
    traffic: TrafficFeed
    executions: ExecutionFeed
    firewall: FirewallSources
    hosts: HostNames
    identities: ProgramIdentities
    read_owner: Callable[[OwnerQuestion], OwnerDetails]
    read_http_use: Callable[[int], HttpPortUse] = _read_http_use
    read_origin: Callable[[ProcessKey], str] = _read_origin
