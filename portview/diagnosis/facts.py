"""Everything that is known when a diagnosis is made: one snapshot, each part with its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from portview.domain.address_matching import is_in_the_way
from portview.domain.facts import Fact, Known, Unreadable, known_or
from portview.domain.sockets.socket_row import Family, Protocol, State
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from portview.domain.destination import Destination
    from portview.domain.firewall import FirewallAnswer
    from portview.domain.owners.http_sys import HttpPortUse
    from portview.domain.owners.process import Execution, ProcessInfo, ProcessKey
    from portview.domain.pasted_error import PastedError
    from portview.domain.port_proxy import PortProxyRule
    from portview.domain.sockets.port_ranges import PortRange, PortRanges
    from portview.domain.sockets.socket_row import OwnerProblem
    from portview.probes.server_bind import ServerBind
    from portview.probes.server_reply import ServerReply
    from portview.readers.interfaces import InterfaceAddress
    from portview.readers.linux.other_namespaces import ForeignListener
    from portview.readers.linux.port_sockets import Opener
    from portview.readers.linux.socket_options import SocketOptions

T = TypeVar("T")

_NOT_READ = Unreadable(N_("it was not read"))
_ADDRESS_LOOPBACK_IPV4 = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A fact with where it comes from and when it was read (Unix ms), 0 for not at all.

    ``took_ms`` is how long the reading took.
    """

    fact: Fact[T] = _NOT_READ
    source: str = ""
    read_at_ms: int = 0
    took_ms: float = 0.0

    @property
    def value(self) -> T | None:
        """Return the value, None where it is absent or unreadable. For showing, and for "if known".

        Whoever decides on absence has to look at ``fact``.
        """
        return self.fact.value if isinstance(self.fact, Known) else None

    @property
    def problem(self) -> Unreadable | None:
        """Return why it could not be read, None where it could."""
        return self.fact if isinstance(self.fact, Unreadable) else None


@dataclass(frozen=True, slots=True)
class DiagnosisQuestion:
    """What is asked: a port, at one address or as a usual server would take it (None)."""

    port: int
    protocol: Protocol = Protocol.TCP
    address: str | None = None
    error: PastedError | None = None

    @property
    def name(self) -> str:
        """Return "TCP port 8080"."""
        return _("{protocol} port {port}").format(
            protocol=self.protocol.value.upper(), port=self.port
        )


@dataclass(frozen=True, slots=True)
class PortSocket:
    """One socket at the port that is asked about, with everybody who holds it.

    ``owners`` is empty where nobody is known to; ``problem`` may say why. ``user`` is the account
    of the socket, ``is_mine`` says whether that is the account of this person. Queues are as the
    kernel counts them: connections for a listener.
    """

    family: Family
    state: State | None
    address: str
    remote: str | None = None
    remote_port: int = 0
    token: int = 0
    owners: tuple[ProcessInfo, ...] = ()
    pid: int | None = None
    problem: OwnerProblem | None = None
    user: str | None = None
    is_mine: bool | None = None
    services: tuple[str, ...] = ()
    heirs: tuple[ProcessInfo, ...] = ()
    is_v6_only: bool | None = None
    receive_queue: int | None = None
    send_queue: int | None = None
    opened_by: Opener | None = None
    kernel_user: str = ""
    """Which part of the kernel certainly has it, "" for none or unknown."""
    options: Fact[SocketOptions] = _NOT_READ

    @property
    def listens(self) -> bool:
        """Return whether clients may come: a TCP listener, or an unconnected UDP socket."""
        return self.state is State.LISTEN or (self.state is None and self.remote is None)

    @property
    def is_bound_only(self) -> bool:
        """Return whether it holds the port and neither listens nor is connected."""
        return self.state is State.BOUND

    @property
    def is_connection(self) -> bool:
        """Return whether it has, or had, another end."""
        return not self.listens and not self.is_bound_only

    @property
    def is_dual(self) -> bool:
        """Return whether it certainly takes IPv4 although its address is "::"."""
        return self.address == "::" and self.is_v6_only is False

    def is_in_the_way_of(self, address: str) -> bool:
        """Return whether it and a server at an address can't both be, options aside."""
        return is_in_the_way(self.address, address, is_v6_only=self.is_v6_only)


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """What was read of one process that holds the port."""

    execution: Execution | None = None
    is_frozen: bool = False
    thaw: str = ""
    """The command that releases it from a frozen control group, "" for unknown."""
    descriptors: Fact[tuple[int, int]] = _NOT_READ
    socket_unit: str | None = None
    container: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How many ports of the dynamic range are in use, and by whom most.

    ``by_process`` pairs a process's words with its count, the greatest first.
    """

    dynamic: PortRange
    used: int
    time_wait: int = 0
    by_process: tuple[tuple[str, int], ...] = ()

    @property
    def size(self) -> int:
        """Return how many ports there are in the range."""
        return self.dynamic.last - self.dynamic.first + 1

    @property
    def share(self) -> float:
        """Return the used part, from 0 to 1."""
        return self.used / self.size if self.size else 0.0


@dataclass(frozen=True, slots=True)
class Self:
    """Who asks: the account and its rights."""

    user: str = ""
    is_elevated: bool = False
    own_command: tuple[str, ...] = ("portview",)


@dataclass(frozen=True, slots=True)
class Facts:
    """One snapshot. Causes read it and nothing else."""

    question: DiagnosisQuestion
    platform: str
    me: Self = field(default_factory=Self)
    sockets: Reading[tuple[PortSocket, ...]] = Reading()
    lists_bound: Reading[bool] = Reading()
    binds: Reading[tuple[ServerBind, ...]] = Reading()
    any_port_code: Reading[int] = Reading()
    """The error of asking for any port; Absent where the system gave one."""
    specific_code: Reading[int] = Reading()
    """The error of a plain bind at a loopback address (Windows); Absent where it worked."""
    control_code: Reading[int] = Reading()
    """The error of ports that have nothing to do with the question; Absent where one worked."""
    ranges: Reading[PortRanges] = Reading()
    ranges_ipv6: Reading[PortRanges] = Reading()
    persistent_exclusions: Reading[tuple[PortRange, ...]] = Reading()
    privileged_floor: Reading[int] = Reading()
    may_bind_privileged: Reading[bool] = Reading()
    selinux_enforcing: Reading[bool] = Reading()
    addresses: Reading[tuple[InterfaceAddress, ...]] = Reading()
    ipv6_off: Reading[bool] = Reading()
    owners: Reading[Mapping[ProcessKey, OwnerFacts]] = Reading()
    foreign: Reading[tuple[ForeignListener, ...]] = Reading()
    usage: Reading[Usage] = Reading()
    firewall: Reading[Mapping[str, FirewallAnswer]] = Reading()
    """What the firewall does to new clients of other machines, by the own address they call."""
    destinations: Reading[Mapping[str, tuple[Destination, ...]]] = Reading()
    """Where clients arrive, by the address that they call; "" for any of this machine's."""
    shadowed_address: Reading[str] = Reading()
    """An own address at which a server of our own was not reached by ourselves."""
    replies: Reading[tuple[ServerReply, ...]] = Reading()
    proxies: Reading[Mapping[str, str]] = Reading()
    port_proxies: Reading[tuple[PortProxyRule, ...]] = Reading()
    http_sys: Reading[HttpPortUse] = Reading()
    url_reservations: Reading[tuple[tuple[str, str], ...]] = Reading()
    wsl_mode: Reading[str] = Reading()
    free_port: Reading[int] = Reading()
    pending: tuple[str, ...] = ()

    @property
    def port(self) -> int:
        """Return the port that is asked about."""
        return self.question.port

    @property
    def protocol(self) -> Protocol:
        """Return the protocol that is asked about."""
        return self.question.protocol

    @property
    def listeners(self) -> tuple[PortSocket, ...]:
        """Return the sockets that clients may come to."""
        return tuple(one for one in self.known_sockets if one.listens)

    @property
    def known_sockets(self) -> tuple[PortSocket, ...]:
        """Return the sockets at the port, none where they could not be read."""
        return known_or(self.sockets.fact, ())

    @property
    def refused(self) -> tuple[ServerBind, ...]:
        """Return the places where a usual server would not start."""
        return tuple(
            one
            for one in known_or(self.binds.fact, ())
            if one.code is not None and not one.is_family_missing
        )

    @property
    def plainly_refused(self) -> tuple[ServerBind, ...]:
        """Return the places where a program that sets no option would not start."""
        return tuple(
            one
            for one in known_or(self.binds.fact, ())
            if one.plain_code is not None and not one.is_family_missing
        )

    @property
    def redirections(self) -> tuple[Destination, ...]:
        """Return the NAT rules' doing at the port, at the address asked about or at any."""
        known = known_or(self.destinations.fact, {})
        return tuple(one for one in known.get("", ()) if one.is_changed)

    def wanted_addresses(self) -> tuple[str, ...]:
        """Return the addresses that the question is about."""
        if self.question.address is not None:
            return (self.question.address,)
        return ("0.0.0.0", "::")  # noqa: S104 - what is asked about

    def in_the_way(self) -> tuple[PortSocket, ...]:
        """Return the sockets that overlap with a place where a usual server would not start."""
        return tuple(
            one
            for one in self.known_sockets
            if any(one.is_in_the_way_of(place.address) for place in self.refused)
        )

    def owner_facts(self, socket: PortSocket) -> tuple[OwnerFacts, ...]:
        """Return what was read of a socket's owners."""
        known = known_or(self.owners.fact, {})
        return tuple(known[one.key] for one in socket.owners if one.key in known)
