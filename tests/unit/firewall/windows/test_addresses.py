from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.firewall.windows.addresses import AddressSet, address_set, plain_address
from portview.firewall.windows.ports import port_set
from portview.firewall.windows.programs import base_name, is_open, normal_path

VARIABLES = {"systemroot": r"C:\Windows", "odd": "%systemroot%"}

v4 = st.ip_addresses(v=4)
v6 = st.ip_addresses(v=6)
few = st.integers(0, 40).map(lambda number: IPv4Address("10.0.0.0") + number)


@st.composite
def texts(draw: st.DrawFn) -> tuple[int, str]:
    """Return addresses as a rule writes them, near each other so that they meet."""
    kind = draw(st.sampled_from(["one", "range", "prefix", "mask", "word", "v6"]))
    first, second = sorted([draw(few), draw(few)])
    match kind:
        case "one":
            return 4, str(first)
        case "range":
            return 4, f"{first}-{second}"
        case "prefix":
            return 4, str(ip_network(f"{first}/{draw(st.integers(26, 32))}", strict=False))
        case "mask":
            return 4, f"{first}/255.255.255.{draw(st.sampled_from([0, 128, 240, 252]))}"
        case "v6":
            return 6, draw(st.sampled_from(["::1", "fe80::/10", "fd00::1-fd00::9", "::/0"]))
    return draw(st.sampled_from([(4, "LocalSubnet"), (6, "LocalSubnet"), (4, "nonsense")]))


sets = st.lists(texts(), max_size=4).map(lambda some: address_set(tuple(some)))


@given(sets, sets, few)
def test_what_covers_a_set_contains_what_is_in_it(
    larger: AddressSet, smaller: AddressSet, address: IPv4Address
) -> None:
    joined = larger.joined(smaller)
    assert joined.covers(larger)
    assert joined.covers(smaller)
    assert joined.contains(address) == (larger.contains(address) or smaller.contains(address))
    if larger.covers(smaller) and smaller.contains(address):
        assert larger.contains(address)


@given(sets)
def test_spans_are_sorted_apart_and_told_as_they_are_read(some: AddressSet) -> None:
    for before, after in zip(some.spans, some.spans[1:], strict=False):
        assert before.family < after.family or before.last + 1 < after.first
    again = address_set(tuple((span.family, span.text) for span in some.spans))
    assert again.spans == some.spans


@given(v4 | v6)
def test_a_single_address_is_read_as_it_is(address: IPv4Address | IPv6Address) -> None:
    some = address_set(((address.version, str(address)),))
    assert some.contains(address)
    assert not some.covers_all([address.version])
    assert some.families == {address.version}


def test_neighbours_are_one_span() -> None:
    halves = address_set(((4, "0.0.0.0-127.255.255.255"), (4, "128.0.0.0/1")))
    assert len(halves.spans) == 1
    assert halves.covers_all([4])
    assert not halves.covers_all([4, 6])


@pytest.mark.parametrize("text", ["", "10.0.0", "10.0.0.9-10.0.0.1", "fe80::1", "10.0.0.1/40"])
def test_what_is_no_address_is_kept_as_a_word(text: str) -> None:
    assert address_set(((4, text),)).keywords_of(4) == {text}


def test_an_ipv4_address_in_ipv6_clothes_is_one() -> None:
    assert plain_address("::ffff:10.0.0.1") == ip_address("10.0.0.1")
    assert plain_address("fe80::1%eth0") == ip_address("fe80::1")


@given(st.lists(st.sampled_from(["80", "80-90", "0-65535", "RPC", "9-1", "70000", "", "1,2-3"])))
def test_ports_are_sure_or_in_doubt(names: list[str]) -> None:
    ports = port_set(tuple(names))
    for port in (1, 3, 80, 85, 8080):
        spelled = {"80": [80], "80-90": range(80, 91), "0-65535": range(65536), "1,2-3": [1, 2, 3]}
        assert ports.contains(port) == any(port in spelled.get(name, []) for name in names)
    assert ports.has_all == ("0-65535" in names)
    assert ("RPC" in names) == ("RPC" in ports.doubtful_keywords(8080))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (r"%SystemRoot%\System32\A.exe", r"c:\windows\system32\a.exe"),
        (r"C:\\Windows\\System32\\a.exe", r"c:\windows\system32\a.exe"),
        (r"\\?\C:\Windows\a.exe", r"c:\windows\a.exe"),
        (r"\\?\UNC\server\share\a.exe", r"\\server\share\a.exe"),
        (r"\\server\share\\a.exe", r"\\server\share\a.exe"),
        (r'"C:/Windows/a.exe" ', r"c:\windows\a.exe"),
        ("SYSTEM", "system"),
        ("", ""),
    ],
)
def test_paths_are_brought_to_one_form(text: str, normal: str) -> None:
    assert normal_path(text, VARIABLES) == normal


def test_variables_that_nobody_knows_stay() -> None:
    path = normal_path(r"%Nowhere%\100%\a.exe", VARIABLES)
    assert is_open(path)
    assert base_name(path) == "a.exe"
    assert not is_open(normal_path(r"%SystemRoot%\100%\a.exe", VARIABLES))


@given(st.text(st.sampled_from('\\/%aA:."? ') | st.characters(), max_size=20))
def test_a_path_in_its_form_stays_in_it(text: str) -> None:
    once = normal_path(text, {})
    assert normal_path(once, {}) == once or once != once.strip().strip('"')
