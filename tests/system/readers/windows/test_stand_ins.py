"""Functions that Wine lacks, played by functions of the test's own, called as Windows would be.

What is shown here is that arguments stand where they should and that memory is given back. That
Windows' own functions are as they are taken to be is not.
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from typing import Any

import pytest

from portview.domain.sockets.socket_row import Family
from portview.readers.windows import advapi32
from portview.readers.windows.advapi32 import ServiceManager
from portview.readers.windows.dll import bind, load_library
from portview.readers.windows.estats import EstatsLibrary
from portview.readers.windows.iphlpapi import BoundEndpoints
from portview.readers.windows.socket_tables import BOUND4, decode_row, split_rows
from tests.fakes.windows import Bound4, network_order, service_table, table_of

pytestmark = pytest.mark.windows_only("calls through Windows' heap and calling convention")

Address = ctypes.c_void_p
Number = wintypes.ULONG
CLOSED = -1


def bound_table(*ports: int) -> bytes:
    quad = ctypes.c_uint8 * 4
    return table_of(
        *(Bound4(1, quad(127, 0, 0, 1), network_order(port), quad(), 0, 77, 0) for port in ports)
    )


def test_a_table_of_bound_endpoints_is_copied_and_given_back() -> None:
    kernel32 = load_library("kernel32.dll")
    heap_arguments = (wintypes.HANDLE, wintypes.DWORD)
    allocate = bind(kernel32, "HeapAlloc", Address, *heap_arguments, ctypes.c_size_t)
    free = bind(kernel32, "HeapFree", wintypes.BOOL, *heap_arguments, Address)
    freed: list[int] = []
    given: list[int] = []
    table = bound_table(7000, 7001)

    @ctypes.CFUNCTYPE(Number, ctypes.POINTER(Address), wintypes.HANDLE, Number)
    def endpoint_table(answer: ctypes._Pointer[Address], heap: int, flags: int) -> int:
        block = allocate(heap, flags, len(table))
        ctypes.memmove(block, table, len(table))
        answer[0] = block
        given.append(block)
        return 0

    def counting_free(heap: int, flags: int, block: ctypes.c_void_p) -> int:
        freed.append(block.value or 0)
        return int(free(heap, flags, block))

    bound = BoundEndpoints(load_library("iphlpapi.dll"))
    bound._functions[BOUND4] = endpoint_table
    bound._heap_free = counting_free
    rows = [decode_row(raw, BOUND4) for raw in split_rows(bound.read(BOUND4), BOUND4)]
    assert [row.local.port for row in rows] == [7000, 7001]
    assert freed == given
    assert len(given) == 1


def test_a_refused_table_of_bound_endpoints_is_empty() -> None:
    bound = BoundEndpoints(load_library("iphlpapi.dll"))
    bound._functions[BOUND4] = ctypes.CFUNCTYPE(Number, Address, wintypes.HANDLE, Number)(
        lambda _answer, _heap, _flags: 5
    )
    assert bound.read(BOUND4) == b""


@pytest.mark.parametrize(
    ("code", "tag_type", "expected"), [(0, 1, "Dnscache"), (0, 2, None), (87, 1, None)]
)
def test_a_tag_becomes_a_name_and_the_name_is_given_back(
    code: int, tag_type: int, expected: str | None
) -> None:
    allocate = bind(
        load_library("kernel32.dll"), "LocalAlloc", Address, wintypes.UINT, ctypes.c_size_t
    )
    manager = ServiceManager()
    free = manager._free
    freed: list[int] = []
    given: list[int] = []
    asked: list[tuple[int, int, int]] = []

    @ctypes.CFUNCTYPE(Number, wintypes.LPCWSTR, ctypes.c_int, Address)
    def name_of_tag(_machine: str | None, level: int, query: int) -> int:
        pid, tag = (Number * 2).from_address(query)
        asked.append((level, pid, tag))
        name = "Dnscache".encode("utf-16-le") + b"\0\0"
        block = allocate(0, len(name))
        ctypes.memmove(block, name, len(name))
        given.append(block)
        Number.from_address(query + 8).value = tag_type
        Address.from_address(query + 16).value = block
        return code

    def counting_free(block: int) -> object:
        freed.append(block)
        return free(block)

    manager._name_of_tag = name_of_tag
    manager._free = counting_free
    assert manager.name_of_tag(4711, 42) == expected
    assert asked == [(1, 4711, 42)]
    assert freed == given


def test_statistics_are_asked_for_and_switched_on_where_windows_looks() -> None:
    library = EstatsLibrary()
    row = bytes(range(20))
    asked: list[tuple[object, ...]] = []

    @ctypes.CFUNCTYPE(
        Number,
        *(Address, ctypes.c_int),
        *(Address, Number, Number) * 3,
    )
    def get(connection: int, kind: int, *blobs: int) -> int:
        rw, rw_version, rw_size, ros, ros_version, ros_size, rod, rod_version, rod_size = blobs
        asked.append((ctypes.string_at(connection, 20), kind))
        asked.append((rw_version, rw_size, ros, ros_version, ros_size, rod_version, rod_size))
        ctypes.c_ubyte.from_address(rw).value = 1
        ctypes.memmove(rod, bytes(range(96)), 96)
        return 0

    @ctypes.CFUNCTYPE(Number, Address, ctypes.c_int, Address, Number, Number, Number)
    def switch(connection: int, kind: int, rw: int, *numbers: int) -> int:
        asked.append((ctypes.string_at(connection, 20), kind))
        asked.append((ctypes.c_ubyte.from_address(rw).value, *numbers))
        return 0

    library._get[Family.IPV4] = get
    library._set[Family.IPV4] = switch
    assert library.read(Family.IPV4, row) == (0, True, bytes(range(96)))
    assert asked == [(row, 1), (0, 1, None, 0, 0, 0, 96)]
    asked.clear()
    assert library.switch(Family.IPV4, row, on=True) == 0
    assert library.switch(Family.IPV4, row, on=False) == 0
    assert asked == [(row, 1), (1, 0, 1, 0), (row, 1), (0, 0, 1, 0)]


def test_a_function_that_is_missing_refuses() -> None:
    library = EstatsLibrary()
    library._get[Family.IPV6] = library._set[Family.IPV6] = None
    assert library.read(Family.IPV6, bytes(52))[0] == 50
    assert library.switch(Family.IPV6, bytes(52), on=True) == 50


def enumerating(
    monkeypatch: pytest.MonkeyPatch, manager: ServiceManager, names: list[str], *, has_end: bool
) -> list[int]:
    """Let a manager tell services two at a time; list where each call began, and each closing."""
    resumed: list[int] = []

    def enumerate_services(*arguments: Any) -> bool:
        buffer, count, resume = arguments[4], arguments[7]._obj, arguments[8]._obj
        start = resume.value
        resumed.append(start)
        part = names[start : start + 2]
        address = ctypes.addressof(buffer)
        table = service_table(address, *((name, f"The {name}", 4, 700) for name in part))
        ctypes.memmove(buffer, table, len(table))
        count.value = len(part)
        is_last = start + 2 >= len(names)
        resume.value = 0 if is_last or not has_end else start + 2
        return is_last

    close = manager._close

    def counting_close(handle: int) -> object:
        resumed.append(CLOSED)
        return close(handle)

    manager._close = counting_close
    manager._enumerate = enumerate_services
    monkeypatch.setattr(advapi32, "last_error", lambda: 234)
    return resumed


def test_a_list_of_services_that_comes_in_parts_is_put_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = ServiceManager()
    names = [f"Service{number}" for number in range(7)]
    resumed = enumerating(monkeypatch, manager, names, has_end=True)
    assert [service.name for service in manager.services()] == names
    assert resumed == [0, 2, 4, 6, CLOSED]


def test_a_list_of_services_that_starts_over_again_and_again_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = ServiceManager()
    resumed = enumerating(monkeypatch, manager, ["A", "B", "C"], has_end=False)
    with pytest.raises(OSError, match="no end"):
        manager.services()
    assert resumed == [0, CLOSED, 0, CLOSED], "once with services per user, once without"
