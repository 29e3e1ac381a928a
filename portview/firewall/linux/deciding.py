"""From a question about one port to the packets it is about, and to the answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallAnswer, FirewallVerdict
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.conversation import Conversations, first_packet_sizes
from portview.firewall.linux.intervals import LAST_PORT, Intervals, common, joined, without
from portview.firewall.linux.machine import LOOPBACK, Interface
from portview.firewall.linux.packet import SYN, Packet
from portview.firewall.linux.packet_traversal import PacketTraversal
from portview.firewall.linux.sentences import answer_of
from portview.firewall.linux.traversal_result import TooManyCasesError, TraversalResult, of_parts
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.firewall import FirewallQuestion, RuleFit
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.ruleset import Rule, Ruleset

Address = IPv4Address | IPv6Address

# Sources that no client on another machine has: this network, loopback, multicast and reserved
# (RFC 6890), and IPv6's unspecified, loopback, mapped (RFC 4291) and multicast addresses.
_NO_CLIENTS_V4 = ((0, 0x00FFFFFF), (0x7F000000, 0x7FFFFFFF), (0xE0000000, 0xFFFFFFFF))
_NO_CLIENTS_V6 = ((0, (1 << 48) - 1), (0xFF << 120, (1 << 128) - 1))
# The ports that systems give to clients; lower ones take a privilege and a reason of their own.
_CLIENT_PORTS = ((1024, LAST_PORT),)
# What operating systems set the ttl to (RFC 1700: 64; Windows 128; network devices 255), and
# how far away clients are at most.
_FIRST_TTLS = (64, 128, 255)
_MOST_HOPS = 40


@dataclass(frozen=True, slots=True)
class _Place:
    """A way in: what may send through which interface to which addresses."""

    interface: str | None
    saddr: Intervals
    daddr: Intervals


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of the packets that a question is about: in all, and of each box of them."""

    outcome: TraversalResult
    packets: tuple[Packet, ...]
    parts: tuple[TraversalResult, ...]
    fits: Mapping[Rule, RuleFit]


def decide(question: FirewallQuestion, ruleset: Ruleset, machine: Machine) -> FirewallAnswer:
    """Return what happens to new packets for a port; never raises."""
    local, remote = _bound(question.local_address), _address(question.remote)
    if obstacle := _obstacle(local, remote, machine):
        return FirewallAnswer(
            FirewallVerdict.BLOCKED,
            obstacle,
            next_step=_("Have the server listen on an address that the client can reach."),
        )
    try:
        followed = follow(question, ruleset, machine)
    except TooManyCasesError:
        return FirewallAnswer(
            FirewallVerdict.UNKNOWN,
            _("The rule set is too complex to evaluate."),
            next_step=_("Ask about the address of one client."),
        )
    if followed is None:
        return FirewallAnswer(
            FirewallVerdict.UNKNOWN, _("This machine has no address that others could reach.")
        )
    return answer_of(followed.outcome, followed.packets, followed.fits, ruleset.order)


def follow(
    question: FirewallQuestion,
    ruleset: Ruleset,
    machine: Machine,
    sources: Mapping[int, Intervals] | None = None,
) -> Followed | None:
    """Return what becomes of the packets; None where there is no way in.

    ``sources`` are clients by IP version, in place of the one that the question names. Raises
    TooManyCasesError.
    """
    local, remote = _bound(question.local_address), _address(question.remote)
    walk, back = PacketTraversal(ruleset, machine), PacketTraversal(ruleset, machine)
    conversations = Conversations(walk, back, machine, "flags" in ruleset.asks)
    packets = _packets(question, local, remote, machine)
    if sources is not None:
        packets = [
            replace(one, saddr=common(one.saddr, sources[one.version]))
            for one in packets
            if common(one.saddr, sources.get(one.version, ()))
        ]
    try:
        parts = [conversations.follow(packet) for packet in packets]
    except RecursionError as error:
        raise TooManyCasesError from error
    if not parts:
        return None
    outcome = of_parts(parts)
    ends = {fate.rule for fate in outcome.fates} | {
        outcome.undecidable and outcome.undecidable.rule
    }
    fits = {**{rule: fit for rule, fit in back.fits.items() if rule in ends}, **walk.fits}
    return Followed(outcome, tuple(packets), tuple(parts), fits)


def _bound(text: str | None) -> Address | None:
    """Return the one address that a server is bound to, None for all of both versions."""
    local = _address(text)
    # "::" takes IPv4 as well, unless a server wants otherwise.
    return None if local == IPv6Address(0) else local


def _address(text: str | None) -> Address | None:
    if not text:
        return None
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_managed(address: Address, machine: Machine) -> bool:
    return address.is_loopback or int(address) in machine.own_addresses(address.version)


def _obstacle(local: Address | None, remote: Address | None, machine: Machine) -> str:
    """Return why no rule matters, or an empty text."""
    is_here = remote is not None and _is_managed(remote, machine)
    if local is not None and local.is_loopback and not is_here:
        return _("The server listens on loopback only; no other machine can reach it.")
    if local is not None and remote is not None and local.version != remote.version:
        return _(
            "The server listens on {local}, an IPv{version} address, which a "
            "client with IPv{version_2} can't reach."
        ).format(local=local, version=local.version, version_2=remote.version)
    return ""


def packets_from_others(question: FirewallQuestion, machine: Machine) -> list[Packet]:
    """Return the packets of the clients on other machines, or of the one that is asked for."""
    return _packets(question, _bound(question.local_address), _address(question.remote), machine)


def packets_from_here(question: FirewallQuestion, machine: Machine) -> list[Packet]:
    """Return the packets that a program on this machine sends to one of its addresses.

    Without an address they go to loopback and to each address that the machine has.
    """
    called = _bound(question.local_address)
    if called is not None and called.is_unspecified:
        versions, called = [called.version], None
    else:
        versions = [4, 6] if called is None else [called.version]
    found = []
    for version in versions:
        own = machine.own_addresses(version)
        targets = [int(called)] if called else sorted(own)
        for number in targets:
            single = ((number, number),)
            place = _Place(LOOPBACK, single, single)
            found.append(_packet(question, version, place, ((machine.surroundings.ttl,) * 2,)))
    return found


def _packets(
    question: FirewallQuestion, local: Address | None, remote: Address | None, machine: Machine
) -> list[Packet]:
    versions = {4, 6}
    for known in (local, remote):
        if known is not None:
            versions &= {known.version}
    bound = None if local is None or local.is_unspecified else local
    ttl = _hops(remote, machine)
    return [
        _packet(question, version, place, ttl)
        for version in sorted(versions)
        for place in _places(version, bound, remote, machine)
    ]


def _packet(question: FirewallQuestion, version: int, place: _Place, ttl: Intervals) -> Packet:
    """Return the first packet of an ordinary client. One from here goes out to loopback first."""
    is_inside = place.interface == LOOPBACK
    protocol = question.protocol.value
    return Packet(
        version,
        protocol,
        "" if is_inside else place.interface,
        place.saddr,
        place.daddr,
        _CLIENT_PORTS,
        ((question.port, question.port),),
        outward=LOOPBACK if is_inside else "",
        flags=SYN if question.protocol is Protocol.TCP else 0,
        is_local_source=is_inside,
        ttl=ttl,
        length=first_packet_sizes(protocol, version),
    )


def _hops(remote: Address | None, machine: Machine) -> Intervals:
    """Return the ttl of packets when they arrive: what systems start with, less the hops."""
    if remote is not None and _is_managed(remote, machine):
        return ((machine.surroundings.ttl,) * 2,)
    hops = 0 if remote is not None and machine.is_neighbour(str(remote)) else _MOST_HOPS
    return joined((start - hops, start) for start in _FIRST_TTLS)


def _places(
    version: int, local: Address | None, remote: Address | None, machine: Machine
) -> list[_Place]:
    if remote is not None and _is_managed(remote, machine):
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
