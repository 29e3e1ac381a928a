"""From a question about one port to the packets it is about, and to the answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallAnswer, FirewallVerdict
from portview.firewall.linux.intervals import LAST_PORT, Intervals, joined, without
from portview.firewall.linux.machine import LOOPBACK, Interface
from portview.firewall.linux.outcome import TooManyCasesError, of_parts
from portview.firewall.linux.packet import Packet
from portview.firewall.linux.sentences import answer_of
from portview.firewall.linux.walk import Walk

if TYPE_CHECKING:
    from portview.domain.firewall import FirewallQuestion
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.ruleset import Ruleset

Address = IPv4Address | IPv6Address

# Sources that no client on another machine has: this network, loopback, multicast and reserved
# (RFC 6890), and IPv6's unspecified, loopback, mapped (RFC 4291) and multicast addresses.
_NO_CLIENTS_V4 = ((0, 0x00FFFFFF), (0x7F000000, 0x7FFFFFFF), (0xE0000000, 0xFFFFFFFF))
_NO_CLIENTS_V6 = ((0, (1 << 48) - 1), (0xFF << 120, (1 << 128) - 1))
# The ports that systems give to clients; lower ones take a privilege and a reason of their own.
_CLIENT_PORTS = ((1024, LAST_PORT),)


@dataclass(frozen=True, slots=True)
class _Place:
    """A way in: what may send through which interface to which addresses."""

    interface: str | None
    saddr: Intervals
    daddr: Intervals


def decide(question: FirewallQuestion, ruleset: Ruleset, machine: Machine) -> FirewallAnswer:
    """Return what happens to new packets for a port; never raises."""
    local, remote = _address(question.local_address), _address(question.remote)
    if local is not None and local.is_unspecified:
        # "::" takes IPv4 as well, unless a server wants otherwise.
        local = None if local.version == 6 else local  # noqa: PLR2004 - IP version
    if obstacle := _obstacle(local, remote, machine):
        return FirewallAnswer(FirewallVerdict.BLOCKED, obstacle)
    walk = Walk(ruleset, machine)
    packets = _packets(question, local, remote, machine)
    try:
        parts = [walk.arrive(packet) for packet in packets]
        outcome = of_parts(parts) if parts else None
    except (TooManyCasesError, RecursionError):
        return FirewallAnswer(
            FirewallVerdict.UNKNOWN,
            "The rules tell more cases apart than PortView follows.",
            next_step="Ask about the address of one client.",
        )
    if outcome is None:
        return FirewallAnswer(
            FirewallVerdict.UNKNOWN, "This machine has no address that others could reach."
        )
    return answer_of(outcome, packets, walk.fits, ruleset.order)


def _address(text: str | None) -> Address | None:
    if not text:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_own(address: Address, machine: Machine) -> bool:
    return address.is_loopback or int(address) in machine.own_addresses(address.version)


def _obstacle(local: Address | None, remote: Address | None, machine: Machine) -> str:
    """Return why no rule matters, or an empty text."""
    is_here = remote is not None and _is_own(remote, machine)
    if local is not None and local.is_loopback and not is_here:
        return "The server listens on loopback only; no other machine can reach it."
    if local is not None and remote is not None and local.version != remote.version:
        return (
            f"The server listens on {local}, an IPv{local.version} address, which a client with "
            f"IPv{remote.version} can't reach."
        )
    return ""


def _packets(
    question: FirewallQuestion, local: Address | None, remote: Address | None, machine: Machine
) -> list[Packet]:
    versions = {4, 6}
    for known in (local, remote):
        if known is not None:
            versions &= {known.version}
    packets: list[Packet] = []
    for version in sorted(versions):
        bound = None if local is None or local.is_unspecified else local
        for place in _places(version, bound, remote, machine):
            is_inside = place.interface == LOOPBACK
            packets.append(
                Packet(
                    version,
                    question.protocol.value,
                    place.interface,
                    place.saddr,
                    place.daddr,
                    _CLIENT_PORTS,
                    ((question.port, question.port),),
                    is_local_source=is_inside,
                )
            )
    return packets


def _places(
    version: int, local: Address | None, remote: Address | None, machine: Machine
) -> list[_Place]:
    if remote is not None and _is_own(remote, machine):
        own = _single(remote)
        return [_Place(LOOPBACK, own, _single(local) if local else own)]
    sources = _single(remote) if remote else _clients(version, machine)
    outer = machine.outer()
    chosen = [one for one in outer if one.own(version)]
    if remote is not None and (way := machine.way_to(str(remote))):
        chosen = [one for one in machine.interfaces if one.name == way]
    elif local is not None and (holder := machine.holder_of(str(local))):
        chosen = [one for one in machine.interfaces if one.name == holder]
    elif local is not None and not chosen:
        chosen = list(outer) or [Interface("")]
    found = []
    for interface in chosen:
        numbers = [int(local)] if local else interface.own(version)
        if numbers:
            daddr = joined((number, number) for number in numbers)
            found.append(_Place(interface.name or None, sources, daddr))
    return found


def _single(address: Address) -> Intervals:
    return ((int(address), int(address)),)


def _clients(version: int, machine: Machine) -> Intervals:
    """Return the addresses that clients on other machines can have."""
    nobody = _NO_CLIENTS_V4 if version == 4 else _NO_CLIENTS_V6  # noqa: PLR2004 - IP version
    everything = ((0, (1 << (32 if version == 4 else 128)) - 1),)  # noqa: PLR2004 - IP version
    own = joined((number, number) for number in machine.own_addresses(version))
    return without(without(everything, joined(nobody)), own)
