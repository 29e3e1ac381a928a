"""Reservations, port proxies and URL reservations as they stand in the registry of Windows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.facts import Absent, Known, known_or
from portview.domain.port_proxy import PortProxyRule, parse_port_proxy
from portview.domain.sockets.port_ranges import PortRange
from portview.domain.sockets.socket_row import Protocol
from portview.readers.windows.reserved_ports import (
    parse_exclusion_name,
    read_persistent_exclusions,
    read_port_proxies,
    read_url_reservations,
    url_port,
)
from portview.readers.windows.wsl_settings import read_wsl_networking_mode

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PORT_PROXY = r"SYSTEM\CurrentControlSet\Services\PortProxy"
_URL_ACL = r"SYSTEM\CurrentControlSet\Services\HTTP\Parameters\UrlAclInfo"
_TCP_EXCLUSIONS = r"SYSTEM\CurrentControlSet\Control\Nsi\{eb004a03-9b1a-11d4-9123-0050047759bc}\29"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1f900100", PortRange(8080, 8080, is_administered=True)),
        ("c3503c00", PortRange(50000, 50059, is_administered=True)),
        ("00500001", PortRange(80, 335, is_administered=True)),
        ("1f900000", None),
        ("00000100", None),
        ("ffff0200", None),
        ("1f9001", None),
        ("zzzz0100", None),
        ("", None),
    ],
)
def test_a_persistent_exclusion_is_read_from_its_name(
    name: str, expected: PortRange | None
) -> None:
    assert parse_exclusion_name(name) == expected


@given(st.integers(1, 65535), st.data())
def test_every_range_that_netsh_can_make_is_read(first: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 65536 - first))
    if count > 0xFFFF:
        return
    name = f"{first:04x}{count & 0xFF:02x}{count >> 8:02x}"
    assert parse_exclusion_name(name) == PortRange(first, first + count - 1, is_administered=True)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("0.0.0.0/8001", "172.27.57.198/8001", ("0.0.0.0", 8001, "172.27.57.198", 8001)),  # noqa: S104
        ("*/19000", "192.168.0.19/19000", ("*", 19000, "192.168.0.19", 19000)),
        ("127.0.0.1/445", "host.example.org./4450", ("127.0.0.1", 445, "host.example.org.", 4450)),
        ("::1/80", "fe80::1/81", ("::1", 80, "fe80::1", 81)),
        ("8001", "172.27.57.198/8001", None),
        ("*/http", "172.27.57.198/80", None),
        ("/80", "/80", None),
        ("*/80", "", None),
    ],
)
def test_a_port_proxy_is_read_from_a_registry_value(
    name: str, value: str, expected: tuple[str, int, str, int] | None
) -> None:
    found = parse_port_proxy("v4tov4", name, value)
    assert found == (None if expected is None else PortProxyRule("v4tov4", *expected))


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://+:5985/wsman/", 5985),
        ("https://*:5986/wsman/", 5986),
        ("http://[::1]:47001/x/", 47001),
        ("HTTP://+:80:127.0.0.1/", 80),
        ("http://+/", None),
        ("", None),
        ("ftp://+:21/", None),
    ],
)
def test_the_port_of_an_address_of_http_sys(url: str, port: int | None) -> None:
    assert url_port(url) == port


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[wsl2]\nnetworkingMode=mirrored\n", Known("mirrored")),
        ("[wsl2]\nNetworkingMode = NAT # usual\n", Known("nat # usual")),
        ("\ufeff[wsl2]\nnetworkingmode=mirrored", Known("mirrored")),
        ("[wsl2]\nmemory=4GB\n", Absent()),
        ("[experimental]\nnetworkingMode=mirrored\n", Absent()),
        ("no section at all", Absent()),
        ("", Absent()),
    ],
)
def test_the_networking_mode_of_wsl(tmp_path: Path, text: str, expected: object) -> None:
    (tmp_path / ".wslconfig").write_text(text, encoding="utf-8")
    assert read_wsl_networking_mode(tmp_path) == expected


def test_no_settings_of_wsl(tmp_path: Path) -> None:
    assert read_wsl_networking_mode(tmp_path) == Absent()


@pytest.fixture
def registry() -> Iterator[None]:
    """Give keys that this Windows does not have, and remove them afterwards."""
    if sys.platform != "win32":
        yield
        return
    made = []
    for path in (_PORT_PROXY + r"\v4tov4\tcp", _URL_ACL, _TCP_EXCLUSIONS):
        try:
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path).Close()
        except FileNotFoundError:
            winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path).Close()
            made.append(path)
        else:
            pytest.skip("this Windows has settings of its own, which no test may change")
    yield
    for path in made:
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, path)


@pytest.mark.windows_only(reason="reads the registry")
def test_what_stands_in_the_registry_is_found(registry: None) -> None:
    def put(path: str, name: str, kind: int, value: object) -> None:
        if sys.platform == "win32":
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_SET_VALUE) as key:
                winreg.SetValueEx(key, name, 0, kind, value)

    if sys.platform == "win32":
        put(_PORT_PROXY + r"\v4tov4\tcp", "*/8080", winreg.REG_SZ, "172.28.1.2/80")
        put(_URL_ACL, "http://+:5985/wsman/", winreg.REG_BINARY, b"\x01\x00")
        put(_TCP_EXCLUSIONS, "1f900100", winreg.REG_BINARY, bytes.fromhex("1200ffff"))
    assert read_port_proxies() == Known((PortProxyRule("v4tov4", "*", 8080, "172.28.1.2", 80),))
    assert known_or(read_url_reservations(5985), ()) == (("http://+:5985/wsman/", ""),)
    assert read_url_reservations(80) == Absent()
    found = read_persistent_exclusions(Protocol.TCP)
    assert found == Known((PortRange(8080, 8080, is_administered=True),))
    assert read_persistent_exclusions(Protocol.UDP) == Absent()
