"""What is behind an interface, from trees and tables as Linux has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.readers.own_networks import (
    NetworkKind,
    default_interfaces,
    kind_by_name,
    kind_on_linux,
    networks_of,
    read_own_networks,
)

if TYPE_CHECKING:
    from pathlib import Path

ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0
eth1\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
dead0\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0
rubbish
"""
ZERO = "0" * 32
IPV6_ROUTE = f"""\
{ZERO} 00 {ZERO} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 wlan0
{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200 lo
fd000000000000000000000000000000 40 {ZERO} 00 {ZERO} 00000100 00000001 00000000 00000001 eth1
"""


def interface(folder: Path, name: str, *parts: str, kind: int = 1) -> None:
    for part in parts:
        (folder / name / part).mkdir(parents=True)
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "type").write_text(f"{kind}\n")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    interface(tmp_path, "eth0", "device")
    interface(tmp_path, "veth1")
    interface(tmp_path, "docker0", "bridge", "brif/veth1")
    interface(tmp_path, "br0", "bridge", "brif/veth1", "brif/eth0")
    interface(tmp_path, "eth0.7", "lower_eth0")
    interface(tmp_path, "br7", "bridge", "brif/eth0.7")
    interface(tmp_path, "virbr0", "bridge")
    interface(tmp_path, "tun0", kind=65534)
    interface(tmp_path, "tap5", "tun_flags")
    interface(tmp_path, "loop0", "lower_loop0")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("eth0", NetworkKind.NETWORK),
        ("eth0.7", NetworkKind.NETWORK),
        ("br0", NetworkKind.NETWORK),
        ("br7", NetworkKind.NETWORK),
        ("docker0", NetworkKind.CONTAINERS),
        ("virbr0", NetworkKind.VIRTUAL_MACHINES),
        ("tun0", NetworkKind.VPN),
        ("tap5", NetworkKind.VPN),
        ("veth1", NetworkKind.NETWORK),
        ("loop0", NetworkKind.NETWORK),
        ("not_there", NetworkKind.NETWORK),
    ],
)
def test_what_is_behind_an_interface_of_linux(tree: Path, name: str, kind: NetworkKind) -> None:
    assert kind_on_linux(name, tree) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Ethernet", NetworkKind.NETWORK),
        ("Wi-Fi", NetworkKind.NETWORK),
        ("vEthernet (WSL)", NetworkKind.VIRTUAL_MACHINES),
        ("VMware Network Adapter VMnet8", NetworkKind.VIRTUAL_MACHINES),
        ("VirtualBox Host-Only Network", NetworkKind.VIRTUAL_MACHINES),
        ("OpenVPN TAP-Windows6", NetworkKind.VPN),
        ("Tailscale", NetworkKind.VPN),
        ("br-0123456789ab", NetworkKind.CONTAINERS),
    ],
)
def test_what_the_names_of_interfaces_say(name: str, kind: NetworkKind) -> None:
    assert kind_by_name(name) is kind


def test_the_interfaces_with_a_default_route(tmp_path: Path) -> None:
    (tmp_path / "route").write_text(ROUTE)
    (tmp_path / "ipv6_route").write_text(IPV6_ROUTE)
    assert default_interfaces(tmp_path) == {"eth0", "wlan0"}
    assert default_interfaces(tmp_path / "nowhere") == set()


def test_without_a_default_route_every_real_network_leads_outside(tree: Path) -> None:
    addresses = {"10.0.0.1": "eth0", "172.17.0.1": "docker0", "10.8.0.1": "tun0"}

    def kind_of(name: str) -> NetworkKind:
        return kind_on_linux(name, tree)

    alone = networks_of(addresses, kind_of, ())
    assert [one.leads_outside for one in alone.values()] == [True, False, False]
    routed = networks_of(addresses, kind_of, {"tun0"})
    assert [one.leads_outside for one in routed.values()] == [False, False, True]


def test_this_machine_is_read_without_an_error() -> None:
    found = read_own_networks({"127.0.0.1": "lo"})
    assert found["127.0.0.1"].interface == "lo"
