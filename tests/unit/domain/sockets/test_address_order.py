"""Addresses sort by number, whatever text stands for one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.sockets.socket_row import address_sort_key

BYTES = st.integers(0, 255).map(str)
PARTS = BYTES | st.integers(0, 400).map(str) | st.text("0123456789+_- \u0661x", max_size=4)


@given(st.ip_addresses() | st.ip_addresses(network=IPv4Network("127.0.0.0/8")))
def test_an_address_sorts_by_its_number(address: IPv4Address | IPv6Address) -> None:
    assert address_sort_key(str(address)) == (address.version, int(address), "")


@given(st.lists(BYTES, min_size=4, max_size=4) | st.lists(PARTS, max_size=6))
def test_only_an_address_counts_as_one(parts: list[str]) -> None:
    text = ".".join(parts)
    try:
        wanted = (4, int(IPv4Address(text)), "")
    except ValueError:
        wanted = (9, 0, text)
    assert address_sort_key(text) == wanted


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("fe80::1%eth0", (6, (0xFE80 << 112) + 1, "eth0")),
        ("10.0.0.1%x", (4, 0x0A000001, "x")),
        ("", (9, 0, "")),
        ("*", (9, 0, "*")),
    ],
)
def test_zones_and_what_is_no_address(address: str, key: tuple[int, int, str]) -> None:
    assert address_sort_key(address) == key
