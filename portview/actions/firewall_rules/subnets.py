"""The networks that "the local subnet" means in a rule of this machine's firewall."""

from __future__ import annotations

import sys
from ipaddress import ip_interface

from portview.readers.local_subnets import LocalSubnet, local_subnets, subnets_of


def subnets_of_rules() -> tuple[LocalSubnet, ...]:
    """Return the networks from which clients on other machines come. Blocks; any thread.

    On Linux without bridges of containers: no client on another machine is in those.
    """
    if sys.platform != "linux":
        return local_subnets()
    from portview.firewall.linux.facts import read_machine  # noqa: PLC0415 - Linux only

    return subnets_of(
        ip_interface(address)
        for interface in read_machine().outer()
        for address in interface.addresses
    )
