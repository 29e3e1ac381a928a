"""The columns of the table, as typed and frozen specifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.domain.table import cells, tooltips
from portview.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.table.cells import CellContext

UNKNOWN = (1,)
"""The sort key where nothing is known."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``id`` is stable: settings and saved views keep it. ``description`` explains the header.
    ``text`` returns machine text unchanged (``plain_text.inert`` makes it showable), ``short_text``
    what a cell shows of it where that is less. ``value`` is what the column sorts by (None where
    nothing is known), ``tooltip`` says more than the cell has room for, or nothing.
    ``width_chars`` is a first width in average characters, ``least_chars`` what still reads well
    where room is short (0: the first width). ``is_volatile`` says that the values can change while
    the row stays the same.
    """

    id: str
    title: str
    description: str
    width_chars: int
    text: Callable[[SocketEntry, CellContext], str]
    value: Callable[[SocketEntry, CellContext], Any]
    tooltip: Callable[[SocketEntry, CellContext], str]
    is_numeric: bool = False
    is_shown: bool = True
    is_volatile: bool = False
    least_chars: int = 0
    short_text: Callable[[SocketEntry, CellContext], str] | None = None

    def sort_key(self, entry: SocketEntry, context: CellContext) -> tuple[Any, ...]:
        """Return what compares with the other rows' keys; UNKNOWN goes last."""
        value = self.value(entry, context)
        return UNKNOWN if value is None else (0, value)


COLUMNS = (
    Column(
        "process",
        N_("Process"),
        N_("The program that owns the socket."),
        22,
        cells.process_text,
        cells.process_key,
        tooltips.process,
        least_chars=12,
        short_text=cells.process_shown_text,
    ),
    Column(
        "pid",
        N_("PID"),
        N_("The process ID. The system reuses it after the process has exited."),
        7,
        cells.pid_text,
        cells.pid_key,
        tooltips.process,
        is_numeric=True,
        least_chars=6,
    ),
    Column(
        "protocol",
        N_("Protocol"),
        N_("TCP or UDP; 6 means IPv6."),
        8,
        cells.protocol_text,
        cells.protocol_text,
        tooltips.none,
        least_chars=5,
    ),
    Column(
        "local_address",
        N_("Local address"),
        N_("The local address that the socket is bound to."),
        15,
        cells.local_address_text,
        cells.local_address_key,
        tooltips.local_address,
        least_chars=13,
    ),
    Column(
        "port",
        N_("Port"),
        N_("The local port."),
        6,
        cells.port_text,
        cells.port_key,
        tooltips.name,
        is_numeric=True,
    ),
    Column(
        "name",
        N_("Name"),
        N_("The service usually found on this port. Another program may be using it."),
        13,
        cells.name_text,
        cells.name_key,
        tooltips.name,
        is_shown=False,
        least_chars=9,
    ),
    Column(
        "remote_address",
        N_("Remote address"),
        N_("The remote end of the connection, with its port."),
        19,
        cells.remote_address_text,
        cells.remote_address_key,
        tooltips.remote_address,
        least_chars=17,
    ),
    Column(
        "remote_host",
        N_("Remote host"),
        N_("The host name of the remote address, from a reverse DNS lookup."),
        26,
        cells.remote_host_text,
        cells.remote_host_key,
        tooltips.none,
        is_shown=False,
        is_volatile=True,
    ),
    Column(
        "state",
        N_("State"),
        N_("The state of a TCP socket. UDP has none."),
        11,
        cells.state_text,
        cells.state_key,
        tooltips.state,
    ),
    Column(
        "firewall",
        N_("Firewall"),
        N_("Whether the firewall of this machine lets in clients on other machines."),
        10,
        cells.firewall_text,
        cells.firewall_key,
        tooltips.firewall,
        is_volatile=True,
    ),
    Column(
        "service",
        N_("Service"),
        N_("The Windows services or systemd units behind the socket."),
        10,
        cells.service_text,
        cells.service_key,
        tooltips.none,
        is_shown=False,
        least_chars=6,
    ),
    Column(
        "user",
        N_("User"),
        N_("The user the process runs as."),
        9,
        cells.user_text,
        cells.user_key,
        tooltips.user,
        least_chars=6,
        short_text=cells.user_name_text,
    ),
    Column(
        "age",
        N_("Since"),
        N_("When the socket was opened; where the system doesn't say, when its process started."),
        10,
        cells.since_text,
        cells.since_key,
        tooltips.since,
        least_chars=8,
    ),
    Column(
        "down",
        N_("Down"),
        N_("What the socket receives, per second."),
        8,
        cells.down_text,
        cells.down_key,
        tooltips.rate,
        is_numeric=True,
        is_volatile=True,
        least_chars=7,
    ),
    Column(
        "up",
        N_("Up"),
        N_("What the socket sends, per second."),
        8,
        cells.up_text,
        cells.up_key,
        tooltips.rate,
        is_numeric=True,
        is_volatile=True,
        least_chars=7,
    ),
    Column(
        "traffic",
        N_("Traffic"),
        N_(
            "What goes through the socket in both directions, with its last minutes; for a server "
            "the sum of its connections."
        ),
        20,
        cells.traffic_text,
        cells.traffic_key,
        tooltips.traffic,
        is_numeric=True,
        is_shown=False,
        is_volatile=True,
        least_chars=14,
    ),
    Column(
        "executable",
        N_("Executable"),
        N_("The program's executable file."),
        36,
        cells.executable_text,
        cells.executable_key,
        tooltips.executable,
        is_shown=False,
    ),
    Column(
        "command_line",
        N_("Command line"),
        N_("How the program was started."),
        40,
        cells.command_line_text,
        cells.command_line_key,
        tooltips.command_line,
        is_shown=False,
    ),
    Column(
        "what",
        N_("What"),
        N_("What the program is, recognized by its command line, its folder and the files there."),
        34,
        cells.what_text,
        cells.what_key,
        tooltips.what,
        least_chars=14,
    ),
    Column(
        "project",
        N_("Project"),
        N_("The project whose folder the program works in, or its container's Compose project."),
        16,
        cells.project_text,
        cells.project_key,
        tooltips.what,
        is_shown=False,
    ),
    Column(
        "container",
        N_("Container"),
        N_("The container that serves the socket."),
        16,
        cells.container_text,
        cells.container_key,
        tooltips.what,
        is_shown=False,
    ),
)

FIRST_ORDER = ("what", *(column.id for column in COLUMNS if column.id != "what"))
"""The ids in the order in which a table shows the columns at first."""

COLUMN_BY_ID = {column.id: column for column in COLUMNS}
"""The columns by their ids."""
