"""iphlpapi.dll: the tables of sockets."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Family, Protocol
from portview.readers.windows.dll import bind, find, load_library
from portview.readers.windows.growing_buffer import GrowingTable
from portview.readers.windows.socket_tables import (
    BOUND4,
    BOUND6,
    TCP4,
    TCP6,
    UDP4,
    UDP6,
    RowLayout,
    split_rows,
)

if TYPE_CHECKING:
    from portview.readers.windows.growing_buffer import Fill

TCP_TABLE_OWNER_MODULE_ALL = 8
UDP_TABLE_OWNER_MODULE = 2
UNSORTED = 0
AF_INET = 2
AF_INET6 = 23

_FAMILY_NUMBERS = {Family.IPV4: AF_INET, Family.IPV6: AF_INET6}
_TABLE_CLASSES = {
    Protocol.TCP: TCP_TABLE_OWNER_MODULE_ALL,
    Protocol.UDP: UDP_TABLE_OWNER_MODULE,
}


class SocketTables:
    """Windows' four tables of sockets, and that of bound endpoints where there is one.

    GetExtendedTcpTable and GetExtendedUdpTable (iphlpapi.h). Belongs to one thread at a time.
    """

    def __init__(self) -> None:
        """Load the library. Raises OSError on other systems."""
        library = load_library("iphlpapi.dll")
        self._tables = {
            layout: GrowingTable(_fill(library, layout)) for layout in (TCP4, TCP6, UDP4, UDP6)
        }
        self._bound = BoundEndpoints(library)

    def read(self, layout: RowLayout) -> list[bytes]:
        """Return the used part of each row. Raises OSError if this table can't be read."""
        if layout in self._tables:
            return split_rows(self._tables[layout].read(), layout)
        return split_rows(self._bound.read(layout), layout)


def _fill(library: ctypes.CDLL, layout: RowLayout) -> Fill:
    name = "GetExtendedTcpTable" if layout.protocol is Protocol.TCP else "GetExtendedUdpTable"
    call = bind(
        library,
        name,
        wintypes.DWORD,
        ctypes.c_void_p,
        ctypes.POINTER(wintypes.DWORD),
        wintypes.BOOL,
        wintypes.ULONG,
        ctypes.c_int,
        wintypes.ULONG,
    )
    family = _FAMILY_NUMBERS[layout.family]
    table_class = _TABLE_CLASSES[layout.protocol]

    def fill(buffer: ctypes.Array[ctypes.c_char], size: int) -> tuple[int, int]:
        needed = wintypes.DWORD(size)
        code = call(buffer, ctypes.byref(needed), UNSORTED, family, table_class, 0)
        return code, needed.value

    return fill


class BoundEndpoints:
    """TCP ports that are bound but neither listened on nor connected.

    InternalGetBoundTcpEndpointTable and its IPv6 twin are exported by Windows 10 and later but
    not documented: they allocate a MIB_TCPTABLE2 (MIB_TCP6TABLE2) from the heap they are given, as
    System Informer and netstat -q use them. Where they are missing there simply are no such rows.
    Not verified on Windows so far; Wine has none.
    """

    def __init__(self, iphlpapi: ctypes.CDLL) -> None:
        """Look the functions up in the library."""
        arguments = (ctypes.POINTER(ctypes.c_void_p), wintypes.HANDLE, wintypes.DWORD)
        self._functions = {
            layout: find(iphlpapi, name, wintypes.ULONG, *arguments)
            for layout, name in (
                (BOUND4, "InternalGetBoundTcpEndpointTable"),
                (BOUND6, "InternalGetBoundTcp6EndpointTable"),
            )
        }
        kernel32 = load_library("kernel32.dll")
        heap = (wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p)
        self._heap = bind(kernel32, "GetProcessHeap", wintypes.HANDLE)()
        self._heap_size = bind(kernel32, "HeapSize", ctypes.c_size_t, *heap)
        self._heap_free = bind(kernel32, "HeapFree", wintypes.BOOL, *heap)

    def read(self, layout: RowLayout) -> bytes:
        """Return a copy of the table; empty where the system can't determine."""
        function = self._functions[layout]
        table = ctypes.c_void_p()
        if function is None or function(ctypes.byref(table), self._heap, 0) or not table:
            return b""
        try:
            # The heap knows the size of the block, which bounds whatever the table claims.
            size = self._heap_size(self._heap, 0, table)
            return b"" if size == ctypes.c_size_t(-1).value else ctypes.string_at(table, size)
        finally:
            self._heap_free(self._heap, 0, table)
