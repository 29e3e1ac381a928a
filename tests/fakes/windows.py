"""Windows as it seldom is: tables, processes, services and statistics of a test's own making."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, ClassVar

from portview.domain.owners.attribution import RunningProcess
from portview.domain.owners.process import ProcessKey
from portview.readers.windows.socket_tables import RowLayout, split_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.owners.service import Service
    from portview.domain.sockets.socket_row import Family

UNIX_EPOCH = 116_444_736_000_000_000


def filetime(unix_ms: int) -> int:
    return UNIX_EPOCH + unix_ms * 10_000


def network_order(port: int) -> int:
    return int.from_bytes(port.to_bytes(2, "big"), "little")


class Tcp4(ctypes.Structure):
    """MIB_TCPROW_OWNER_MODULE, member by member, so that the compiler's rules make the layout."""

    _fields_: ClassVar = [
        ("dwState", ctypes.c_uint32),
        ("dwLocalAddr", ctypes.c_uint8 * 4),
        ("dwLocalPort", ctypes.c_uint32),
        ("dwRemoteAddr", ctypes.c_uint8 * 4),
        ("dwRemotePort", ctypes.c_uint32),
        ("dwOwningPid", ctypes.c_uint32),
        ("liCreateTimestamp", ctypes.c_int64),
        ("OwningModuleInfo", ctypes.c_uint64 * 16),
    ]


class Tcp6(ctypes.Structure):
    """MIB_TCP6ROW_OWNER_MODULE."""

    _fields_: ClassVar = [
        ("ucLocalAddr", ctypes.c_uint8 * 16),
        ("dwLocalScopeId", ctypes.c_uint32),
        ("dwLocalPort", ctypes.c_uint32),
        ("ucRemoteAddr", ctypes.c_uint8 * 16),
        ("dwRemoteScopeId", ctypes.c_uint32),
        ("dwRemotePort", ctypes.c_uint32),
        ("dwState", ctypes.c_uint32),
        ("dwOwningPid", ctypes.c_uint32),
        ("liCreateTimestamp", ctypes.c_int64),
        ("OwningModuleInfo", ctypes.c_uint64 * 16),
    ]


class Udp4(ctypes.Structure):
    """MIB_UDPROW_OWNER_MODULE."""

    _fields_: ClassVar = [
        ("dwLocalAddr", ctypes.c_uint8 * 4),
        ("dwLocalPort", ctypes.c_uint32),
        ("dwOwningPid", ctypes.c_uint32),
        ("liCreateTimestamp", ctypes.c_int64),
        ("dwFlags", ctypes.c_int32),
        ("OwningModuleInfo", ctypes.c_uint64 * 16),
    ]


class Udp6(ctypes.Structure):
    """MIB_UDP6ROW_OWNER_MODULE."""

    _fields_: ClassVar = [
        ("ucLocalAddr", ctypes.c_uint8 * 16),
        ("dwLocalScopeId", ctypes.c_uint32),
        ("dwLocalPort", ctypes.c_uint32),
        ("dwOwningPid", ctypes.c_uint32),
        ("liCreateTimestamp", ctypes.c_int64),
        ("dwFlags", ctypes.c_int32),
        ("OwningModuleInfo", ctypes.c_uint64 * 16),
    ]


class Bound4(ctypes.Structure):
    """MIB_TCPROW2."""

    _fields_: ClassVar = [
        ("dwState", ctypes.c_uint32),
        ("dwLocalAddr", ctypes.c_uint8 * 4),
        ("dwLocalPort", ctypes.c_uint32),
        ("dwRemoteAddr", ctypes.c_uint8 * 4),
        ("dwRemotePort", ctypes.c_uint32),
        ("dwOwningPid", ctypes.c_uint32),
        ("dwOffloadState", ctypes.c_uint32),
    ]


class Bound6(ctypes.Structure):
    """MIB_TCP6ROW2."""

    _fields_: ClassVar = [
        ("LocalAddr", ctypes.c_uint8 * 16),
        ("dwLocalScopeId", ctypes.c_uint32),
        ("dwLocalPort", ctypes.c_uint32),
        ("RemoteAddr", ctypes.c_uint8 * 16),
        ("dwRemoteScopeId", ctypes.c_uint32),
        ("dwRemotePort", ctypes.c_uint32),
        ("State", ctypes.c_uint32),
        ("dwOwningPid", ctypes.c_uint32),
        ("dwOffloadState", ctypes.c_uint32),
    ]


class ProcessInformation(ctypes.Structure):
    """SYSTEM_PROCESS_INFORMATION of 64-bit Windows, as far as its parent's PID."""

    _fields_: ClassVar = [
        ("NextEntryOffset", ctypes.c_uint32),
        ("NumberOfThreads", ctypes.c_uint32),
        ("Reserved", ctypes.c_uint64 * 3),
        ("CreateTime", ctypes.c_int64),
        ("UserTime", ctypes.c_int64),
        ("KernelTime", ctypes.c_int64),
        ("NameLength", ctypes.c_uint16),
        ("NameMaximumLength", ctypes.c_uint16),
        ("NameBuffer", ctypes.c_uint64),
        ("BasePriority", ctypes.c_int32),
        ("UniqueProcessId", ctypes.c_uint64),
        ("InheritedFromUniqueProcessId", ctypes.c_uint64),
    ]


class ServiceStatus(ctypes.Structure):
    """ENUM_SERVICE_STATUS_PROCESSW of 64-bit Windows."""

    _fields_: ClassVar = [
        ("lpServiceName", ctypes.c_uint64),
        ("lpDisplayName", ctypes.c_uint64),
        ("dwServiceType", ctypes.c_uint32),
        ("dwCurrentState", ctypes.c_uint32),
        ("dwControlsAccepted", ctypes.c_uint32),
        ("dwWin32ExitCode", ctypes.c_uint32),
        ("dwServiceSpecificExitCode", ctypes.c_uint32),
        ("dwCheckPoint", ctypes.c_uint32),
        ("dwWaitHint", ctypes.c_uint32),
        ("dwProcessId", ctypes.c_uint32),
        ("dwServiceFlags", ctypes.c_uint32),
    ]


def table_of(*rows: ctypes.Structure, promised: int | None = None) -> bytes:
    """Lay rows out behind their number, aligned as C would align them."""
    start = max([4, *(ctypes.alignment(row) for row in rows)])
    count = len(rows) if promised is None else promised
    return count.to_bytes(4, "little").ljust(start, b"\0") + b"".join(map(bytes, rows))


def service_table(address: int, *entries: tuple[str, str, int, int]) -> bytes:
    """Lay out services (name, display name, state, PID) for an address, their names behind them."""
    size = ctypes.sizeof(ServiceStatus) * len(entries)
    rows, texts = b"", b""
    for name, display_name, state, pid in entries:
        row = ServiceStatus(dwCurrentState=state, dwProcessId=pid, dwServiceFlags=0xFFFFFFFF)
        row.lpServiceName = address + size + len(texts)
        texts += name.encode("utf-16-le") + b"\0\0"
        row.lpDisplayName = address + size + len(texts)
        texts += display_name.encode("utf-16-le") + b"\0\0"
        rows += bytes(row)
    return rows + texts


class FakeTables:
    """Socket tables that hold what a test puts in; an OSError in place of rows is raised."""

    def __init__(self) -> None:
        self.rows: dict[RowLayout, list[ctypes.Structure] | OSError] = {}

    def read(self, layout: RowLayout) -> list[bytes]:
        rows = self.rows.get(layout, [])
        if isinstance(rows, OSError):
            raise rows
        return split_rows(table_of(*rows), layout)


class FakeProcesses:
    """A list of processes, as PID -> (start in Unix ms, parent's PID)."""

    def __init__(self, processes: Mapping[int, tuple[int, int]]) -> None:
        self.processes = dict(processes)
        self.error: OSError | None = None

    def read(self) -> dict[int, RunningProcess]:
        if self.error:
            raise self.error
        return {
            pid: RunningProcess(ProcessKey(pid, started_ms), parent)
            for pid, (started_ms, parent) in self.processes.items()
        }


class FakeServiceManager:
    """A service control manager that also knows tags, which Wine's does not."""

    def __init__(
        self, *services: Service, tags: Mapping[tuple[int, int], str] | None = None
    ) -> None:
        self.listed = list(services)
        self.tags = dict(tags or {})
        self.error: OSError | None = None
        self.readings = 0

    def services(self) -> list[Service]:
        self.readings += 1
        if self.error:
            raise self.error
        return self.listed

    def name_of_tag(self, pid: int, tag: int) -> str | None:
        return self.tags.get((pid, tag))


class FakeEstatsLibrary:
    """Extended statistics of connections, by their row; what is not in ``sent`` has gone."""

    def __init__(self) -> None:
        self.sent: dict[bytes, tuple[int, int]] = {}
        self.counted: set[bytes] = set()
        self.refusal = 0

    def read(self, family: Family, row: bytes) -> tuple[int, bool, bytes]:
        del family
        if row not in self.sent:
            return 1168, False, bytes(96)
        out, received = self.sent[row] if row in self.counted else (0, 0)
        data = out.to_bytes(8, "little") + bytes(8) + received.to_bytes(8, "little")
        return 0, row in self.counted, data.ljust(96, b"\0")

    def switch(self, family: Family, row: bytes, *, on: bool) -> int:
        del family
        if self.refusal:
            return self.refusal
        (self.counted.add if on else self.counted.discard)(row)
        return 0
