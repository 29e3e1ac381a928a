"""The columns of the table, as typed and frozen specifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.domain import cells, tooltips

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.cells import CellContext
    from portview.domain.entry import Entry

    SortKey = Callable[[Entry, CellContext], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    ``id`` is stable: settings and saved views keep it. ``description`` explains the header.
    ``text`` returns machine text unchanged (``plain_text.inert`` makes it showable), ``sort_key``
    a tuple that compares with the other rows' (UNKNOWN goes last), ``tooltip`` more than the
    cell has room for, or nothing. ``width_chars`` is a first width in average characters.
    ``is_volatile`` says that the keys can change while the row stays the same.
    """

    id: str
    title: str
    description: str
    width_chars: int
    text: Callable[[Entry, CellContext], str]
    sort_key: SortKey
    tooltip: Callable[[Entry, CellContext], str]
    is_numeric: bool = False
    is_shown: bool = True
    is_volatile: bool = False


def _none_last(key: Callable[[Entry, CellContext], Any]) -> SortKey:
    def sort_key(entry: Entry, context: CellContext) -> tuple[Any, ...]:
        value = key(entry, context)
        return UNKNOWN if value is None else (0, value)

    return sort_key


UNKNOWN = (1,)
"""The sort key where nothing is known."""

COLUMNS = (
    Column(
        "process",
        "Process",
        "The program that holds the socket.",
        20,
        cells.process_text,
        _none_last(cells.process_key),
        tooltips.process,
    ),
    Column(
        "pid",
        "PID",
        "The number of the process. It is used again after the process has ended.",
        7,
        cells.pid_text,
        _none_last(cells.pid_key),
        tooltips.process,
        is_numeric=True,
    ),
    Column(
        "protocol",
        "Protocol",
        "TCP or UDP; the 6 stands for IPv6.",
        8,
        cells.protocol_text,
        _none_last(cells.protocol_text),
        tooltips.none,
    ),
    Column(
        "local_address",
        "Local address",
        "The address of this machine that the socket is bound to.",
        17,
        cells.local_address_text,
        _none_last(cells.local_address_key),
        tooltips.local_address,
    ),
    Column(
        "port",
        "Port",
        "The local port.",
        6,
        cells.port_text,
        _none_last(cells.port_key),
        tooltips.name,
        is_numeric=True,
    ),
    Column(
        "name",
        "Name",
        "What usually lives on the local port. It may be something else that does now.",
        14,
        cells.name_text,
        _none_last(cells.name_key),
        tooltips.name,
    ),
    Column(
        "remote_address",
        "Remote address",
        "The other end of the connection, with its port.",
        22,
        cells.remote_address_text,
        _none_last(cells.remote_address_key),
        tooltips.remote_address,
    ),
    Column(
        "remote_host",
        "Remote host",
        "The name of the remote address, as the name server tells it when asked.",
        26,
        cells.remote_host_text,
        _none_last(cells.remote_host_key),
        tooltips.none,
        is_shown=False,
        is_volatile=True,
    ),
    Column(
        "state",
        "State",
        "The state of a TCP socket. UDP has none.",
        13,
        cells.state_text,
        _none_last(cells.state_key),
        tooltips.state,
    ),
    Column(
        "service",
        "Service",
        "The Windows services or systemd units behind the socket.",
        16,
        cells.service_text,
        _none_last(cells.service_key),
        tooltips.none,
    ),
    Column(
        "user",
        "User",
        "The user whom the process runs as.",
        16,
        cells.user_text,
        _none_last(cells.user_key),
        tooltips.user,
    ),
    Column(
        "age",
        "Age",
        "How long the socket exists; with ≥, how long PortView has seen it at least.",
        10,
        cells.age_text,
        _none_last(cells.age_key),
        tooltips.age,
        is_numeric=True,
    ),
    Column(
        "down",
        "Down",
        "What the socket receives, per second.",
        9,
        cells.down_text,
        _none_last(cells.down_key),
        tooltips.rate,
        is_numeric=True,
        is_volatile=True,
    ),
    Column(
        "up",
        "Up",
        "What the socket sends, per second.",
        9,
        cells.up_text,
        _none_last(cells.up_key),
        tooltips.rate,
        is_numeric=True,
        is_volatile=True,
    ),
    Column(
        "executable",
        "Executable",
        "The file of the program.",
        36,
        cells.executable_text,
        _none_last(cells.executable_key),
        tooltips.executable,
        is_shown=False,
    ),
    Column(
        "command_line",
        "Command line",
        "How the program was started.",
        40,
        cells.command_line_text,
        _none_last(cells.command_line_key),
        tooltips.command_line,
        is_shown=False,
    ),
)

COLUMN_BY_ID = {column.id: column for column in COLUMNS}
"""The columns by their ids."""
