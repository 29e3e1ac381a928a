"""Traffic of TCP connections as Windows counts it once it is reported to (extended statistics)."""

from __future__ import annotations

import ctypes
import struct
from ctypes import wintypes
from typing import TYPE_CHECKING, Any

from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Family
from portview.domain.sockets.traffic import TrafficCounters
from portview.i18n import N_, _
from portview.readers.elevation import is_elevated
from portview.readers.windows.connection_rows import connection_row
from portview.readers.windows.dll import find, load_library

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from portview.domain.sockets.socket_row import SocketKey

TCP_CONNECTION_ESTATS_DATA = 1
VERSION = 0
ERROR_SUCCESS = 0
ERROR_ACCESS_DENIED = 5
ERROR_NOT_SUPPORTED = 50

_DATA = struct.Struct("<Q8xQ72x")
"""TCP_ESTATS_DATA_ROD_v0 (tcpestats.h), 96 bytes: DataBytesOut at 0, DataBytesIn at 16."""

_NEEDS_ADMIN = N_("Windows counts the bytes of a connection for administrators only.")


class EstatsLibrary:
    """GetPerTcpConnectionEStats, SetPerTcpConnectionEStats and their IPv6 twins (iphlpapi.h)."""

    def __init__(self) -> None:
        """Load the library. Raises OSError where it is not there."""
        library = load_library("iphlpapi.dll")
        self._get = {
            Family.IPV4: _find_get(library, "GetPerTcpConnectionEStats"),
            Family.IPV6: _find_get(library, "GetPerTcp6ConnectionEStats"),
        }
        self._set = {
            Family.IPV4: _find_set(library, "SetPerTcpConnectionEStats"),
            Family.IPV6: _find_set(library, "SetPerTcp6ConnectionEStats"),
        }

    def read(self, family: Family, row: bytes) -> tuple[int, bool, bytes]:
        """Return the error code, whether the connection is counted, and TCP_ESTATS_DATA_ROD_v0."""
        call = self._get[family]
        is_counted, data = ctypes.c_ubyte(), ctypes.create_string_buffer(_DATA.size)
        if call is None:
            return ERROR_NOT_SUPPORTED, False, data.raw
        code = call(
            *(row, TCP_CONNECTION_ESTATS_DATA),
            *(ctypes.byref(is_counted), VERSION, ctypes.sizeof(is_counted)),
            *(None, VERSION, 0),
            *(data, VERSION, _DATA.size),
        )
        return code, bool(is_counted), data.raw

    def switch(self, family: Family, row: bytes, *, on: bool) -> int:
        """Switch counting on or off for a connection, and return the error code."""
        call = self._set[family]
        if call is None:
            return ERROR_NOT_SUPPORTED
        enable = ctypes.c_ubyte(on)
        code: int = call(
            *(row, TCP_CONNECTION_ESTATS_DATA),
            *(ctypes.byref(enable), VERSION, ctypes.sizeof(enable), 0),
        )
        return code


_BLOB = (ctypes.c_void_p, wintypes.ULONG, wintypes.ULONG)


def _find_get(library: ctypes.CDLL, name: str) -> Any | None:
    return find(
        library, name, wintypes.ULONG, ctypes.c_char_p, ctypes.c_int, *_BLOB, *_BLOB, *_BLOB
    )


def _find_set(library: ctypes.CDLL, name: str) -> Any | None:
    return find(
        library, name, wintypes.ULONG, ctypes.c_char_p, ctypes.c_int, *_BLOB, wintypes.ULONG
    )


class EstatsTraffic:
    """Reads what went through connections since they were first asked for.

    Windows counts only connections for which someone switched counting on, and only from then.
    Each connection that is asked for is switched on, and off again when it is not asked for any
    more or at the end, unless somebody else had switched it on. Not verified on Windows so far;
    Wine has the functions for IPv4 and no figures.
    """

    name = "estats"

    def __init__(
        self, library: EstatsLibrary | None = None, *, elevated: bool | None = None
    ) -> None:
        """Load the library. Raises OSError where it is not there."""
        self._library = library or EstatsLibrary()
        self._is_elevated = is_elevated() if elevated is None else elevated
        self._switched_on: set[SocketKey] = set()

    @property
    def unavailable_reason(self) -> str | None:
        """Return that it takes an administrator, where it does."""
        if self._is_elevated:
            return None
        return _("{needs_admin} Start PortView as administrator to see traffic.").format(
            needs_admin=_(_NEEDS_ADMIN)
        )

    def read(self, keys: Collection[SocketKey]) -> Mapping[SocketKey, TrafficCounters]:
        """Return the counters of those connections that can be counted."""
        if not self._is_elevated:
            return {}
        self._switch_off(self._switched_on.difference(keys))
        counters: dict[SocketKey, TrafficCounters] = {}
        for key in keys:
            row = connection_row(key)
            count = None if row is None else self._count(key, row)
            if count is not None:
                counters[key] = count
        return counters

    def close(self) -> None:
        """Switch counting off where this reader switched it on."""
        self._switch_off(set(self._switched_on))

    def _count(self, key: SocketKey, row: bytes) -> TrafficCounters | None:
        code, is_counted, data = self._library.read(key.family, row)
        if code == ERROR_SUCCESS and not is_counted:
            code = self._library.switch(key.family, row, on=True)
            if code == ERROR_SUCCESS:
                self._switched_on.add(key)
        if code == ERROR_ACCESS_DENIED:
            raise PortViewError(
                "traffic_needs_admin",
                _(_NEEDS_ADMIN),
                _("Start PortView as administrator to see traffic."),
                Outcome.NEEDS_ADMIN,
            )
        if code != ERROR_SUCCESS:
            # The connection has gone since it was listed, which is nothing to report.
            self._switched_on.discard(key)
            return None
        sent, received = _DATA.unpack(data)
        return TrafficCounters(received_bytes=received, sent_bytes=sent)

    def _switch_off(self, keys: set[SocketKey]) -> None:
        for key in keys:
            row = connection_row(key)
            if row is not None:
                self._library.switch(key.family, row, on=False)
        self._switched_on -= keys
