"""Sockets as the kernel lists them: endpoints, states and the row that joins them to an owner."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.address_matching import is_this_machine_only

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessKey

_IPV4_BYTES = 4


class Protocol(StrEnum):
    """Transport protocol of a socket."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and keys are hashed all the time

    TCP = "tcp"
    UDP = "udp"


class Family(StrEnum):
    """Address family of a socket."""

    __hash__ = str.__hash__  # as for Protocol

    IPV4 = "ipv4"
    IPV6 = "ipv6"


class State(StrEnum):
    """TCP state, by the names of RFC 9293 with underscores; BOUND is bound but not listening.

    UDP sockets have no state.
    """

    LISTEN = "LISTEN"
    BOUND = "BOUND"
    SYN_SENT = "SYN_SENT"
    SYN_RECEIVED = "SYN_RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN_WAIT_1"
    FIN_WAIT_2 = "FIN_WAIT_2"
    CLOSE_WAIT = "CLOSE_WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST_ACK"
    TIME_WAIT = "TIME_WAIT"
    CLOSED = "CLOSED"


class OwnerProblem(StrEnum):
    """Why the owner of a socket is not named.

    ACCESS_DENIED: administrators may see it. MISSING_CAPABILITY: PortView runs as root, without a
    capability that the row's ``owner_detail`` names. PROTECTED: not even an administrator may look
    into some process. LOOKING: the search is not over. OUT_OF_FILES: PortView itself may not open
    more files, and could not search. NOT_FOUND: every process that runs here
    was searched.
    """

    ACCESS_DENIED = "access_denied"
    PROCESS_GONE = "process_gone"
    PID_REUSED = "pid_reused"
    OTHER_NAMESPACE = "other_namespace"
    MISSING_CAPABILITY = "missing_capability"
    PROTECTED = "protected"
    LOOKING = "looking"
    OUT_OF_FILES = "out_of_files"
    NOT_FOUND = "not_found"


class Endpoint(NamedTuple):
    """One end of a socket.

    ``address`` is in canonical text form ("127.0.0.1", "::1", "fe80::1%3" with a zone); a socket
    that is bound to a network device has it as zone ("0.0.0.0%eth0"). ``port`` is 0 to 65535.
    """

    address: str
    port: int


class SocketKey(NamedTuple):
    """What makes a socket row the same row from one snapshot to the next.

    Its state is no part of it: a state change is a change of the row. ``token`` is the inode
    (Linux) or the creation time (Windows) where the system reports one, else 0. Two processes that
    hold one socket are two rows, which ``owner`` keeps apart.
    """

    protocol: Protocol
    family: Family
    local: Endpoint
    remote: Endpoint | None
    owner: ProcessKey | None
    token: int = 0


class SocketRow(NamedTuple):
    """One socket and who holds it, at the time of a snapshot.

    ``pid`` is what the system names as owner, even where ``owner_problem`` says that this process
    can't be taken for it; ``key.owner`` is set only where the owner is certain. ``user`` is known
    for some sockets whose process is not. ``opened_at_ms`` is Unix time, UTC. ``likely_holders``
    are children of an owner that ended, which may have inherited the socket: a guess with a
    reason, never an owner. ``is_v6_only`` is the IPV6_V6ONLY of an IPv6 socket that waits for
    clients, None where the system does not say. ``owner_detail`` belongs to ``owner_problem`` (a
    capability, PIDs). ``kernel_use`` names what of the kernel the socket certainly belongs to
    ("VXLAN interface vxlan0"); machine text. A tuple, because a first reading makes tens of
    thousands, and a frozen dataclass takes four times as long to make and to compare.
    """

    key: SocketKey
    state: State | None = None
    pid: int | None = None
    owner_problem: OwnerProblem | None = None
    user: str | None = None
    services: tuple[str, ...] = ()
    opened_at_ms: int | None = None
    likely_holders: tuple[ProcessKey, ...] = ()
    is_v6_only: bool | None = None
    owner_detail: str = ""
    kernel_use: str = ""

    @property
    def protocol(self) -> Protocol:
        """Return the transport protocol."""
        return self.key.protocol

    @property
    def local(self) -> Endpoint:
        """Return the local endpoint."""
        return self.key.local

    @property
    def remote(self) -> Endpoint | None:
        """Return the remote endpoint, None for a socket without a peer."""
        return self.key.remote

    @property
    def owner(self) -> ProcessKey | None:
        """Return the process that certainly holds the socket, or None."""
        return self.key.owner


def awaits_clients(row: SocketRow) -> bool:
    """Return whether anybody can reach this socket: a TCP listener or an unconnected UDP one."""
    key = row.key
    if key.remote is not None or not key.local.port:
        return False
    return row.state is State.LISTEN or key.protocol is Protocol.UDP


@lru_cache(maxsize=65536)
def is_loopback(address: str) -> bool:
    """Return whether clients at an address, with or without a zone, are this machine's alone."""
    return is_this_machine_only(address)


@lru_cache(maxsize=65536)
def address_sort_key(address: str) -> tuple[int, int, str]:
    """Return a key that sorts IPv4 before IPv6 and both by number, not by text.

    Text that is not a valid address (it should not occur) sorts last, so that a table can always
    be sorted.
    """
    bare, _, zone = address.partition("%")
    try:
        if ":" in bare:
            return (6, int(IPv6Address(bare)), zone)
        number = _ipv4_number(bare)
        return (4, int(IPv4Address(bare)) if number is None else number, zone)
    except ValueError:
        return (9, 0, address)


def _ipv4_number(text: str) -> int | None:
    """Read an address in its usual form some six times faster than ``ipaddress``; else None."""
    try:
        packed = bytes(map(int, text.split(".")))
    except ValueError:
        return None
    # What int() takes beyond plain digits, and more or fewer parts, would not come out the same.
    is_usual = len(packed) == _IPV4_BYTES and ".".join(map(str, packed)) == text
    return int.from_bytes(packed) if is_usual else None


def canonical_address(address: str | bytes) -> str:
    """Return an address, as text or packed, in the one form that PortView shows it in.

    That is RFC 5952 with its section 5 for IPv4-mapped addresses, "::ffff:127.0.0.1", which
    Python writes so from 3.13 on only. A zone stays. Text that is not a valid address stays as it
    is.
    """
    bare: str | bytes = address
    zone = separator = ""
    if isinstance(address, str):
        bare, separator, zone = address.partition("%")
    try:
        parsed = ip_address(bare)
    except ValueError:
        return str(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return f"{f'::ffff:{mapped}' if mapped else parsed}{separator}{zone}"


def endpoint_text(endpoint: Endpoint | None) -> str:
    """Format an endpoint as people write it: ``127.0.0.1:80``, ``[::1]:80``; empty for None."""
    if endpoint is None:
        return ""
    address, port = endpoint
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
