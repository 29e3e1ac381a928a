"""Port ranges as netsh prints them, whatever language the system speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Protocol
from portview.readers.port_ranges import (
    parse_dynamic_range,
    parse_excluded_ranges,
    read_port_ranges,
)

EXCLUDED = """
{title}

{start}    {end}
----------    --------
      {first}        {last}
     50000       50059     *

* - {footer}
"""

TITLES = [
    (
        "Protocol tcp Port Exclusion Ranges",
        "Start Port",
        "End Port",
        "Administered port exclusions.",
    ),
    ("Protokoll TCP: gesperrte Ports", "Startport", "Endport", "Von 1 Verwalter gesperrt"),
    ("プロトコル tcp の範囲", "開始", "終了", "管理"),
    ("Диапазоны протокола tcp", "Начало", "Конец", "управляемые"),
]


@pytest.mark.parametrize("words", TITLES)
@given(st.integers(1, 65535), st.integers(0, 200))
def test_excluded_ranges_in_any_language(
    words: tuple[str, str, str, str], first: int, width: int
) -> None:
    last = min(65535, first + width)
    title, start, end, footer = words
    text = EXCLUDED.format(title=title, start=start, end=end, footer=footer, first=first, last=last)
    expected = (PortRange(first, last), PortRange(50000, 50059, is_administered=True))
    assert parse_excluded_ranges(text) == expected
    assert parse_excluded_ranges(text.replace("\n", "\r\n")) == expected
    # A console code page that we don't know loses all letters, but no digit.
    assert parse_excluded_ranges(text.encode().decode("ascii", "replace")) == expected


def test_no_exclusions() -> None:
    assert parse_excluded_ranges("") == ()
    assert parse_excluded_ranges("Title\n\nStart  End\n-----  ---\n\n* - footer\n") == ()
    assert parse_excluded_ranges("  0  80\n  90  80\n  1  99999\n") == ()


@pytest.mark.parametrize(
    ("start", "count"),
    [
        ("Start Port      ", "Number of Ports "),
        ("Port de départ  ", "Nombre de ports "),
        ("開始ポート      ", "ポート数        "),
    ],
)
@pytest.mark.parametrize("colon", [": ", "\uff1a", " : "])
def test_the_dynamic_range_in_any_language(start: str, count: str, colon: str) -> None:
    text = f"\nTitle of tcp\n---------\n{start}{colon}49152\n{count}{colon}16384\n\n"
    assert parse_dynamic_range(text) == PortRange(49152, 65535)
    assert parse_dynamic_range(text.encode().decode("ascii", "replace")) == PortRange(49152, 65535)


@pytest.mark.parametrize(
    "text", ["", "nothing here", "A : 1\n", "A : 0\nB : 5\n", "A : 65000\nB : 1000\n", "A:1\nB:0\n"]
)
def test_what_is_no_dynamic_range(text: str) -> None:
    assert parse_dynamic_range(text) is None


def test_an_exclusion_that_refuses_everyone_goes_first() -> None:
    soft, hard = PortRange(1, 100, is_administered=True), PortRange(50, 60)
    ranges = PortRanges(None, (soft, hard))
    assert ranges.exclusion_of(55) is hard
    assert ranges.exclusion_of(5) is soft
    assert ranges.exclusion_of(500) is None
    assert not ranges.is_dynamic(55)
    assert PortRanges(hard).is_dynamic(50)


@pytest.mark.linux_only(reason="reads the kernel's settings")
def test_the_ranges_of_this_kernel() -> None:
    ranges = read_port_ranges(Protocol.TCP)
    assert ranges.dynamic
    assert 0 < ranges.dynamic.first < ranges.dynamic.last < 65536
    assert ranges.notes == ()


@pytest.mark.windows_only(reason="asks netsh")
def test_the_ranges_of_this_windows() -> None:
    ranges = read_port_ranges(Protocol.TCP)
    assert ranges.dynamic or ranges.notes
