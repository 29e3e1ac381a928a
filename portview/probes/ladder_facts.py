"""What the steps of a ladder found, for the sentence at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Endpoint, endpoint_text
from portview.domain.verdicts import Verdict
from portview.i18n import N_, _, join_list, join_sentences
from portview.readers.own_networks import NetworkKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from portview.domain.destination import Destination
    from portview.probes.local_listener import ListenerTrouble
    from portview.readers.own_networks import OwnNetwork


@dataclass(frozen=True, slots=True)
class InnerAddress:
    """An address at a network that does not lead outside, and how it answered."""

    address: str
    verdict: Verdict
    network: OwnNetwork


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where a NAT rule sends all clients from other machines that call these addresses.

    ``called`` are addresses of this machine, ``verdict`` is how the destinations answer from here.
    """

    called: tuple[str, ...]
    destinations: tuple[Destination, ...]
    verdict: Verdict


class FirewallCheckVerdict(StrEnum):
    """What the firewall says about connections from other machines."""

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    PARTLY = "partly"
    UNKNOWN = "unknown"


class Reach(StrEnum):
    """From where a port can be reached."""

    NOTHING_LISTENS = "nothing_listens"
    THIS_MACHINE_ONLY = "this_machine_only"
    BLOCKED = "blocked"
    HANGS = "hangs"
    HANGS_UP = "hangs_up"
    SUSPENDED = "suspended"
    REACHABLE = "reachable"
    SOME = "some"
    UNCERTAIN = "uncertain"
    INNER_NETWORK = "inner_network_only"


@dataclass(frozen=True, slots=True)
class LadderFacts:
    """What the steps of a ladder found.

    ``listening`` and ``bound`` are local addresses of the socket table, in LISTEN and in BOUND.
    ``loopback`` and ``own`` pair the addresses that were tried with what they answered; ``own``
    has those at networks that lead outside, ``outside_of`` their interfaces, ``inner`` those at
    other networks. ``firewall_detail`` is the firewall's reason in words, ``trouble`` why all
    listeners answer nobody. ``redirection`` reports of addresses whose clients a NAT rule sends
    elsewhere, which are then not in ``own``; ``nat_note`` is a sentence where it does so with some,
    or where that is not known.
    """

    port: int
    listening: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()
    loopback: tuple[tuple[str, Verdict], ...] = ()
    own: tuple[tuple[str, Verdict], ...] = ()
    firewall: FirewallCheckVerdict = FirewallCheckVerdict.UNKNOWN
    firewall_detail: str = ""
    trouble: ListenerTrouble | None = None
    inner: tuple[InnerAddress, ...] = ()
    redirection: Redirection | None = None
    nat_note: str = ""
    outside_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LadderSentence:
    """From where it can be reached, one sentence about it, and what to change; empty if nothing."""

    reach: Reach
    sentence: str
    advice: str = ""


def inner_clients(network: OwnNetwork) -> str:
    """Return who is at a network: "containers of this machine (docker0)"."""
    text = {
        NetworkKind.CONTAINERS: _("containers of this machine ({interface})"),
        NetworkKind.VIRTUAL_MACHINES: _("virtual machines of this machine ({interface})"),
        NetworkKind.VPN: _("clients in the VPN or tunnel ({interface})"),
        NetworkKind.NETWORK: _("clients in the network of {interface}"),
    }[network.kind]
    return text.format(interface=network.interface)


def open_inside(inner: Iterable[InnerAddress], port: int) -> str:
    """Return who can connect at which address of the inner networks, "" where nobody can."""
    parts: dict[OwnNetwork, list[str]] = {}
    for one in inner:
        if one.verdict is Verdict.OPEN:
            place = endpoint_text(Endpoint(one.address, port))
            parts.setdefault(one.network, []).append(place)
    return join_sentences(
        *(
            _(_CAN_CONNECT[network.kind]).format(
                interface=network.interface, places=join_list(places)
            )
            for network, places in parts.items()
        )
    )


_CAN_CONNECT = {
    NetworkKind.CONTAINERS: N_("Containers of this machine ({interface}) can connect to {places}."),
    NetworkKind.VIRTUAL_MACHINES: N_(
        "Virtual machines of this machine ({interface}) can connect to {places}."
    ),
    NetworkKind.VPN: N_("Clients in the VPN or tunnel ({interface}) can connect to {places}."),
    NetworkKind.NETWORK: N_("Clients in the network of {interface} can connect to {places}."),
}
