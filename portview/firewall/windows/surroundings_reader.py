"""Read what of this machine decides about rules, besides the rules."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

import psutil

from portview.firewall.windows.active_profile import active_profiles
from portview.firewall.windows.addresses import plain_address
from portview.firewall.windows.long_paths import long_path
from portview.firewall.windows.other_products import products_in_charge
from portview.firewall.windows.service_state import is_service_running
from portview.firewall.windows.surroundings import Surroundings
from portview.readers.windows.indirect_text import indirect_text
from portview.readers.windows.ipv6_networks import LocalIPv6, local_ipv6
from portview.readers.windows.system_programs import windows_folder

if TYPE_CHECKING:
    from portview.firewall.windows.addresses import Address

logger = logging.getLogger(__name__)


def read_surroundings() -> Surroundings:
    """Read the surroundings of the rules; what can't be read is left out. Any thread.

    Some milliseconds, because networks come and go without a word in the registry.
    """
    addresses, networks = _own_addresses()
    ipv6 = _local_ipv6()
    return Surroundings(
        active_profiles(),
        _variables(),
        addresses,
        networks | ipv6.networks,
        not ipv6.is_whole,
        _version(),
        indirect_text,
        long_path,
        products_in_charge(),
        is_service_running(),
    )


def _variables() -> dict[str, str]:
    """Return what rules may name as %variable%. The firewall is a service: it has the system's."""
    variables = {name.lower(): value for name, value in os.environ.items()}
    if sys.platform == "win32":
        windows = windows_folder()
        variables |= {
            "systemroot": str(windows),
            "windir": str(windows),
            "systemdrive": windows.drive,
        }
    return variables


def _own_addresses() -> tuple[frozenset[Address], frozenset[IPv4Network]]:
    addresses: set[Address] = set()
    networks: set[IPv4Network] = set()
    for interface in psutil.net_if_addrs().values():
        for entry in interface:
            if entry.family not in {socket.AF_INET, socket.AF_INET6}:
                continue
            with suppress(ValueError):
                address = plain_address(entry.address)
                addresses.add(address)
                if isinstance(address, IPv4Address) and entry.netmask and not address.is_loopback:
                    networks.add(IPv4Network(f"{address}/{entry.netmask}", strict=False))
    return frozenset(addresses), frozenset(networks)


def _local_ipv6() -> LocalIPv6:
    try:
        return local_ipv6()
    except OSError as error:
        logger.info("the IPv6 networks of this machine can't be read: %s", error)
        return LocalIPv6()


def _version() -> tuple[int, int] | None:
    if sys.platform != "win32":
        return None
    # The other numbers are what Windows reports programs that don't declare to know it.
    major, minor, _ = sys.getwindowsversion().platform_version
    return major, minor
