"""The byte layout of Windows' socket tables (tcpmib.h, udpmib.h). Pure: no call is made here.

A table is a DWORD with the number of rows, padding, and the rows. Numbers are little-endian; ports
stand in network byte order in the low half of a DWORD.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from portview.domain.sockets.socket_row import Endpoint, Family, Protocol, State, canonical_address
from portview.readers.windows.filetime import unix_ms

_COUNT = struct.Struct("<I")

STATES = {
    1: State.CLOSED,
    2: State.LISTEN,
    3: State.SYN_SENT,
    4: State.SYN_RECEIVED,
    5: State.ESTABLISHED,
    6: State.FIN_WAIT_1,
    7: State.FIN_WAIT_2,
    8: State.CLOSE_WAIT,
    9: State.CLOSING,
    10: State.LAST_ACK,
    11: State.TIME_WAIT,
    12: State.CLOSED,  # DELETE_TCB: the connection's control block is being taken down
}
"""MIB_TCP_STATE. What a later Windows may add is shown without a state."""


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where the rows of one kind of table begin, how long they are and how much of each counts.

    ``used`` bytes of a row distinguish two sockets and hold all that is decoded; the rest is the
    opaque part of OwningModuleInfo.
    """

    protocol: Protocol
    family: Family
    first_row: int
    row_size: int
    used: int


TCP4 = RowLayout(Protocol.TCP, Family.IPV4, first_row=8, row_size=160, used=40)
TCP6 = RowLayout(Protocol.TCP, Family.IPV6, first_row=8, row_size=192, used=72)
UDP4 = RowLayout(Protocol.UDP, Family.IPV4, first_row=8, row_size=160, used=40)
UDP6 = RowLayout(Protocol.UDP, Family.IPV6, first_row=8, row_size=176, used=56)
BOUND4 = RowLayout(Protocol.TCP, Family.IPV4, first_row=4, row_size=28, used=24)
BOUND6 = RowLayout(Protocol.TCP, Family.IPV6, first_row=4, row_size=60, used=56)
LAYOUTS = {
    "tcp4": TCP4,
    "tcp6": TCP6,
    "udp4": UDP4,
    "udp6": UDP6,
    "bound4": BOUND4,
    "bound6": BOUND6,
}
"""All tables by the names that records of them have."""


class TableRow(NamedTuple):
    """What one row says, before anything is asked about its owner.

    ``created`` is the FILETIME of the bind, 0 if not named; ``service_tag`` is 0 if the socket was
    not opened by a service's thread.
    """

    protocol: Protocol
    family: Family
    local: Endpoint
    remote: Endpoint | None
    state: State | None
    pid: int
    created: int
    service_tag: int

    @property
    def opened_at_ms(self) -> int | None:
        """Return when the socket was bound, as Unix time in milliseconds."""
        return unix_ms(self.created) or None


def split_rows(table: memoryview | bytes, layout: RowLayout) -> list[bytes]:
    """Cut a table into the parts of its rows that count.

    A count that promises more rows than the table can hold is not believed; a row that is cut off
    is left out.
    """
    if len(table) < layout.first_row:
        return []
    promised = _COUNT.unpack_from(table)[0]
    count = min(promised, (len(table) - layout.first_row) // layout.row_size)
    size, used, first = layout.row_size, layout.used, layout.first_row
    # One copy of the whole, because slicing bytes is cheaper than slicing a memoryview.
    data = bytes(table[: first + count * size])
    return [data[start : start + used] for start in range(first, first + count * size, size)]


def decode_row(raw: bytes, layout: RowLayout) -> TableRow:
    """Read one row that ``split_rows`` cut out."""
    return _DECODERS[layout](raw)


_TCP4 = struct.Struct("<I4sI4sIIQI")
_TCP6 = struct.Struct("<16sII16sIIIIQI")
_UDP4 = struct.Struct("<4sII4xQ8xI")
_UDP6 = struct.Struct("<16sIII4xQ8xI")
_BOUND4 = struct.Struct("<I4sI4sII")
_BOUND6 = struct.Struct("<16sII16sIIII")


def _tcp4(raw: bytes) -> TableRow:
    state, local, local_port, remote, remote_port, pid, created, tag = _TCP4.unpack_from(raw)
    known, peer = _state_and_peer(state, _endpoint4(remote, remote_port))
    here = _endpoint4(local, local_port)
    return TableRow(Protocol.TCP, Family.IPV4, here, peer, known, pid, created, tag)


def _tcp6(raw: bytes) -> TableRow:
    (local, zone, local_port, remote, remote_zone, remote_port, state, pid, created, tag) = (
        _TCP6.unpack_from(raw)
    )
    known, peer = _state_and_peer(state, _endpoint6(remote, remote_zone, remote_port))
    here = _endpoint6(local, zone, local_port)
    return TableRow(Protocol.TCP, Family.IPV6, here, peer, known, pid, created, tag)


def _udp4(raw: bytes) -> TableRow:
    local, port, pid, created, tag = _UDP4.unpack_from(raw)
    here = _endpoint4(local, port)
    return TableRow(Protocol.UDP, Family.IPV4, here, None, None, pid, created, tag)


def _udp6(raw: bytes) -> TableRow:
    local, zone, port, pid, created, tag = _UDP6.unpack_from(raw)
    here = _endpoint6(local, zone, port)
    return TableRow(Protocol.UDP, Family.IPV6, here, None, None, pid, created, tag)


def _bound4(raw: bytes) -> TableRow:
    _state, local, port, _remote, _remote_port, pid = _BOUND4.unpack_from(raw)
    here = _endpoint4(local, port)
    return TableRow(Protocol.TCP, Family.IPV4, here, None, State.BOUND, pid, 0, 0)


def _bound6(raw: bytes) -> TableRow:
    local, zone, port, _remote, _remote_zone, _remote_port, _state, pid = _BOUND6.unpack_from(raw)
    here = _endpoint6(local, zone, port)
    return TableRow(Protocol.TCP, Family.IPV6, here, None, State.BOUND, pid, 0, 0)


_DECODERS = {
    TCP4: _tcp4,
    TCP6: _tcp6,
    UDP4: _udp4,
    UDP6: _udp6,
    BOUND4: _bound4,
    BOUND6: _bound6,
}


def _state_and_peer(number: int, remote: Endpoint) -> tuple[State | None, Endpoint | None]:
    state = STATES.get(number)
    if state is State.LISTEN:
        # The remote fields of a listener hold no meaning (MIB_TCPROW_OWNER_MODULE).
        return state, None
    if remote.port:
        return state, remote
    # Closed, and yet there is no other end that it was closed to: it was bound and no more. Wine
    # lists such sockets here, having no table of bound endpoints.
    return (State.BOUND if state is State.CLOSED else state), None


def _endpoint4(address: bytes, port: int) -> Endpoint:
    return Endpoint(".".join(map(str, address)), _port(port))


def _endpoint6(address: bytes, zone: int, port: int) -> Endpoint:
    # The zone is the interface's index in the machine's own byte order, whatever the page says.
    # Wine reports one for ::1 as well, where it means nothing (RFC 4007).
    text = _address6(address)
    return Endpoint(f"{text}%{zone}" if zone and _has_zone(address) else text, _port(port))


def _has_zone(address: bytes) -> bool:
    return address[0] == 0xFE and address[1] >= 0x80  # noqa: PLR2004  fe80::/10 and fec0::/10


def _port(field: int) -> int:
    return (field & 0xFF) << 8 | field >> 8 & 0xFF


@lru_cache(maxsize=4096)
def _address6(address: bytes) -> str:
    # Not inet_ntop: Windows' own writes some addresses in other forms than the canonical one.
    return canonical_address(address)
