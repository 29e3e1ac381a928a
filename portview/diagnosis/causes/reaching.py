"""Which addresses of this machine other machines can call, and which listeners they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.address_matching import is_wildcard, takes_clients_of
from portview.domain.facts import Known, known_or
from portview.domain.sockets.socket_row import Family, is_loopback

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts, PortSocket
    from portview.readers.interfaces import InterfaceAddress


def outside_addresses(facts: Facts) -> tuple[InterfaceAddress, ...]:
    """Return the addresses that clients on other machines use.

    Bridges of containers and virtual machines are none, and link-local addresses only where there
    is nothing else.
    """
    usable = [
        one
        for one in known_or(facts.addresses.fact, ())
        if not one.is_loopback and one.is_up and not one.is_tentative and not one.is_internal
    ]
    wide = [one for one in usable if not one.is_link_local]
    return tuple(wide or usable)


def served(facts: Facts, address: str) -> bool:
    """Return whether a listener takes clients that call an address."""
    return any(
        takes_clients_of(one.address, address, is_v6_only=one.is_v6_only) for one in facts.listeners
    )


def outside_listeners(facts: Facts) -> tuple[PortSocket, ...]:
    """Return the listeners that are not on a loopback address."""
    return tuple(one for one in facts.listeners if not is_loopback(one.address))


def unserved_families(facts: Facts) -> tuple[Family, ...]:
    """Return the families in which this machine can be called, but no listener takes clients."""
    found = []
    for family in Family:
        mine = [one.address for one in outside_addresses(facts) if one.family is family]
        if mine and not any(served(facts, one) for one in mine):
            found.append(family)
    return tuple(found)


def interface_of(facts: Facts, address: str) -> InterfaceAddress | None:
    """Return the entry of an own address, None for a wildcard or an address that is not here."""
    if is_wildcard(address) or not isinstance(facts.addresses.fact, Known):
        return None
    bare = address.partition("%")[0]
    return next(
        (one for one in facts.addresses.fact.value if one.address.partition("%")[0] == bare), None
    )
