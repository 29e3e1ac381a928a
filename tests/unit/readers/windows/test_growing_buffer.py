"""Tables that need a larger buffer, again and again."""

from __future__ import annotations

import ctypes

import pytest

from portview.readers.windows.growing_buffer import ERROR_INSUFFICIENT_BUFFER, GrowingTable


class GrowingSystem:
    """A table function whose table has another size at every call."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.offered: list[int] = []

    def fill(self, buffer: ctypes.Array[ctypes.c_char], size: int) -> tuple[int, int]:
        self.offered.append(size)
        needed = self.sizes.pop(0)
        if needed > size:
            return ERROR_INSUFFICIENT_BUFFER, needed
        ctypes.memset(buffer, 0x5A, needed)
        return 0, needed


def test_a_table_that_fits_costs_one_call_and_later_ones_too() -> None:
    system = GrowingSystem([100, 1_000_000, 1_000_000, 900_000])
    table = GrowingTable(system.fill)
    assert bytes(table.read()[:100]) == b"\x5a" * 100
    assert bytes(table.read()[:1_000_000]) == b"\x5a" * 1_000_000
    table.read()
    assert len(system.offered) == 4, "one call, then two to grow, then one again"
    assert system.offered[2] > 1_000_000, "with head room"


def test_a_table_that_grows_while_it_is_read_is_caught_up_with() -> None:
    system = GrowingSystem([200_000, 300_000, 320_000])
    view = GrowingTable(system.fill).read()
    assert len(view) >= 320_000
    assert system.offered == sorted(set(system.offered)), "every offer is larger than the last"


def test_a_table_that_always_grows_ends_with_an_error() -> None:
    system = GrowingSystem([10**5 * 2**step for step in range(100)])
    with pytest.raises(OSError, match="grew faster"):
        GrowingTable(system.fill).read()
    assert len(system.offered) <= 8
    assert max(system.offered) <= 256 * 1024 * 1024


def test_a_system_that_wants_more_but_does_not_say_how_much_is_offered_more() -> None:
    offered: list[int] = []

    def fill(buffer: ctypes.Array[ctypes.c_char], size: int) -> tuple[int, int]:
        del buffer
        offered.append(size)
        return (0 if len(offered) == 4 else ERROR_INSUFFICIENT_BUFFER), 0

    GrowingTable(fill).read()
    assert offered == sorted(set(offered))


def test_any_other_error_is_told_at_once() -> None:
    calls: list[int] = []

    def refuse(buffer: ctypes.Array[ctypes.c_char], size: int) -> tuple[int, int]:
        del buffer
        calls.append(size)
        return 5, 0

    with pytest.raises(OSError, match=r"5|denied"):
        GrowingTable(refuse).read()
    assert len(calls) == 1
