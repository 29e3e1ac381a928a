"""The readings of a diagnosis, each as one function: what is asked of the machine, and of whom."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from portview.diagnosis.facts import Facts, OwnerFacts, PortSocket, Reading
from portview.domain.address_matching import is_wildcard, takes_clients_of
from portview.domain.facts import Absent, Known, Remedy, Unreadable, known_or
from portview.domain.sockets.socket_row import Family, OwnerProblem, Protocol, State, is_loopback
from portview.i18n import _, without_full_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portview.domain.cancellation import CancelToken
    from portview.domain.destination import Destination
    from portview.domain.facts import Fact
    from portview.domain.firewall import FirewallAnswer
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.port_ranges import PortRanges
    from portview.domain.sockets.snapshot import Snapshot
    from portview.domain.sockets.socket_row import SocketRow
    from portview.firewall.interface import FirewallRules
    from portview.probes.server_reply import ServerReply
    from portview.readers.interfaces import InterfaceAddress
    from portview.readers.linux.port_sockets import KernelSocket

_SETTLE_S = 1.5
_SECOND_LOOK_S = 0.25
_ACCEPT_S = 0.2
_MOST_CALLS = 3
_MOST_ADDRESSES = 6
_SYSTEMD_PID = 1
_WINDOWS_KERNEL_PID = 4
_NEAR = 60

Source = tuple[str, "Callable[[], Any]"]


def read_snapshot(port: int, cancel: CancelToken) -> Snapshot:
    """Read all sockets and their owners, again until those at the port are no longer looked up."""
    from portview.readers.choose import open_reader  # noqa: PLC0415 - loaded when wanted

    deadline = time.monotonic() + _SETTLE_S
    with closing(open_reader()) as reader:
        snapshot = reader.read()
        while _is_looking(snapshot, port) and time.monotonic() < deadline:
            cancel.raise_if_cancelled()
            snapshot = reader.read()
        return snapshot


def _is_looking(snapshot: Snapshot, port: int) -> bool:
    return any(
        row.local.port == port and row.owner_problem is OwnerProblem.LOOKING
        for row in snapshot.rows
    )


def read_ranges(protocol: Protocol, family: Family = Family.IPV4) -> Fact[PortRanges]:
    """Read the dynamic and the excluded ranges."""
    from portview.readers.port_ranges import read_port_ranges  # noqa: PLC0415 - likewise

    ranges = read_port_ranges(protocol, family)
    if ranges.notes:
        # A part of them is missing, and a missing exclusion is none that was ruled out.
        return Unreadable(without_full_stop(ranges.notes[0]), Remedy.TOOL)
    return Known(ranges)


def read_addresses() -> tuple[InterfaceAddress, ...]:
    """Read the addresses of all interfaces and their states."""
    from portview.readers.interfaces import read_interface_addresses  # noqa: PLC0415 - likewise

    return read_interface_addresses()


def read_proxies() -> Fact[Mapping[str, str]]:
    """Read the proxies that catch localhost."""
    from portview.readers.proxy_settings import proxies_that_catch_localhost  # noqa: PLC0415

    found = proxies_that_catch_localhost()
    return Known(found) if found else Absent()


def read_firewall_rules() -> FirewallRules:
    """Read the rules of the firewall."""
    from portview.firewall.choose import open_firewall  # noqa: PLC0415 - loaded when wanted

    with closing(open_firewall()) as firewall:
        return firewall.read()


def find_free_port(port: int, protocol: Protocol, cancel: CancelToken) -> Fact[int]:
    """Find a port near the one that is asked about at which a server would start."""
    from portview.probes.server_bind import try_to_serve  # noqa: PLC0415 - likewise

    if not port:
        return Absent()
    ranges = known_or(read_ranges(protocol), None) if sys.platform != "win32" else None
    for other in range(port + 1, min(65536, port + 1 + _NEAR)):
        cancel.raise_if_cancelled()
        if ranges is not None and (ranges.is_dynamic(other) or ranges.exclusion_of(other)):
            continue
        tried = [try_to_serve(one, other, protocol) for one in ("0.0.0.0", "::")]  # noqa: S104
        if all(
            one.code is None and one.plain_code is None
            for one in tried
            if not one.is_family_missing
        ):
            return Known(other)
    return Absent()


def find_shadowed_address(port: int) -> Fact[str]:
    """Find an own address at which a server of our own is not reached by ourselves."""
    from portview.probes.server_bind import is_shadowed  # noqa: PLC0415 - likewise

    own = [
        one.address
        for one in read_addresses()
        if one.family is Family.IPV4 and one.is_up and not one.is_loopback
    ]
    found = is_shadowed(port, ("127.0.0.1", *own[:2]))
    return Absent() if found is None else Known(found)


def linux_sources(port: int, protocol: Protocol, cancel: CancelToken) -> dict[str, Source]:
    """Return what only Linux has."""
    from portview.readers.linux import (  # noqa: PLC0415 - likewise
        kernel_settings,
        other_namespaces,
    )

    settings = "/proc/sys/net"
    return {
        "details": ("sock_diag", partial(_kernel_sockets, port, protocol)),
        "privileged_floor": (settings, kernel_settings.privileged_port_floor),
        "may_bind_privileged": ("/proc/self/status", kernel_settings.may_bind_privileged_ports),
        "selinux_enforcing": ("/sys/fs/selinux", kernel_settings.is_selinux_enforcing),
        "ipv6_off": (settings, kernel_settings.is_ipv6_off),
        "foreign": (
            "/proc/PID/net",
            partial(other_namespaces.listeners_elsewhere, port, protocol, cancel),
        ),
    }


def lists_bound_sockets() -> bool:
    """Return whether this kernel lists sockets that are bound and do not listen."""
    from portview.readers.linux import port_sockets  # noqa: PLC0415 - likewise

    return port_sockets.lists_bound_sockets()


def windows_sources(port: int, protocol: Protocol) -> dict[str, Source]:
    """Return what only Windows has."""
    from portview.readers.windows import (  # noqa: PLC0415 - likewise
        http_sys,
        reserved_ports,
        wsl_settings,
    )

    registry = _("the registry")
    return {
        "persistent_exclusions": (
            registry,
            partial(reserved_ports.read_persistent_exclusions, protocol),
        ),
        "port_proxies": (registry, reserved_ports.read_port_proxies),
        "url_reservations": (registry, partial(reserved_ports.read_url_reservations, port)),
        "http_sys": ("netsh", partial(http_sys.read_http_port_use, port)),
        "ranges_ipv6": ("netsh", partial(read_ranges, protocol, Family.IPV6)),
        "wsl_mode": (".wslconfig", wsl_settings.read_wsl_networking_mode),
    }


def _kernel_sockets(port: int, protocol: Protocol) -> tuple[KernelSocket, ...]:
    """Read queues and options, twice where connections wait: a queue that is busy moves."""
    from portview.readers.linux.port_sockets import read_port_sockets  # noqa: PLC0415 - likewise

    first = read_port_sockets(port, protocol)
    waiting = {
        one.inode: one.receive_queue
        for one in first
        if one.state is State.LISTEN and one.receive_queue
    }
    if not waiting:
        return first
    time.sleep(_SECOND_LOOK_S)
    second = {one.inode: one.receive_queue for one in read_port_sockets(port, protocol)}
    return tuple(
        replace(one, receive_queue=min(one.receive_queue, second.get(one.inode, 0)))
        if one.inode in waiting
        else one
        for one in first
    )


def read_owners(facts: Facts) -> dict[ProcessKey, OwnerFacts]:
    """Read whether the processes that have the port run, and what they may open."""
    from portview.readers.execution import read_execution  # noqa: PLC0415 - loaded when wanted

    found = {}
    for info in {info.key: info for one in facts.listeners for info in one.owners}.values():
        owner = OwnerFacts(execution=read_execution(info.pid))
        if facts.platform == "linux":
            owner = _with_linux_facts(owner, info, facts)
        found[info.key] = owner
    return found


def _with_linux_facts(owner: OwnerFacts, info: ProcessInfo, facts: Facts) -> OwnerFacts:
    from portview.domain.owners.blockage import BlockageKind  # noqa: PLC0415 - likewise
    from portview.readers.linux import kernel_settings, socket_units  # noqa: PLC0415 - likewise
    from portview.readers.linux.blockage import read_blockage  # noqa: PLC0415 - likewise

    unit = None
    if info.pid == _SYSTEMD_PID:
        unit = socket_units.socket_unit_of(facts.port, facts.protocol)
    blockage = known_or(read_blockage(info.pid, moment_s=0), None)
    is_frozen = blockage is not None and blockage.kind is BlockageKind.FROZEN
    return replace(
        owner,
        is_frozen=is_frozen or known_or(kernel_settings.is_frozen(info.pid), False),  # noqa: FBT003
        thaw=blockage.thaw if blockage is not None and is_frozen else "",
        descriptors=kernel_settings.descriptor_use(info.pid),
        socket_unit=unit,
    )


def call_listeners(facts: Facts) -> Fact[tuple[ServerReply, ...]]:
    """Connect to the listeners, where that says more than what is known already."""
    from portview.probes.server_reply import call_server  # noqa: PLC0415 - likewise

    owners = known_or(read_now_owners(facts), {})
    addresses: list[str] = []
    for one in facts.listeners:
        keys = [info.key for info in one.owners]
        still = [
            owner
            for key in keys
            if (owner := owners.get(key))
            and (owner.is_frozen or (owner.execution is not None and owner.execution.is_suspended))
        ]
        # Whoever is suspended, or leaves clients waiting, does not get one more.
        if (still and len(still) == len(keys)) or one.receive_queue:
            continue
        address = _address_to_call(one)
        if address is not None:
            addresses.append(address)
    if not addresses:
        return Absent()
    accepted = partial(_was_accepted, facts.port) if facts.platform == "linux" else None
    return Known(
        tuple(
            call_server(one, facts.port, accepted)
            for one in list(dict.fromkeys(addresses))[:_MOST_CALLS]
        )
    )


def read_now_owners(facts: Facts) -> Fact[dict[ProcessKey, OwnerFacts]]:
    """Return the owners' facts, read for the calls alone."""
    try:
        return Known(read_owners(facts))
    except OSError as error:
        return Unreadable(str(error))


def _address_to_call(one: PortSocket) -> str | None:
    bare, _percent, zone = one.address.partition("%")
    if is_wildcard(bare):
        if zone and zone != "lo":
            return None  # bound to a device, which loopback does not pass
        return "::1" if ":" in bare else "127.0.0.1"
    return one.address


def _was_accepted(port: int, own_port: int) -> bool | None:
    """Return whether the program has taken a connection: it then has a file of its own."""
    from portview.domain.errors import PortViewError  # noqa: PLC0415 - likewise
    from portview.readers.linux.port_sockets import read_port_sockets  # noqa: PLC0415 - likewise

    deadline = time.monotonic() + _ACCEPT_S
    while True:
        try:
            found = [
                one
                for one in read_port_sockets(port, Protocol.TCP)
                if one.remote is not None and one.remote.port == own_port
            ]
        except PortViewError:
            return None
        if any(one.inode for one in found):
            return True
        if time.monotonic() > deadline:
            return False if found else None
        time.sleep(0.02)


def check_firewall(
    facts: Facts, rules_reading: Callable[[], Reading[FirewallRules]]
) -> Fact[Mapping[str, FirewallAnswer]]:
    """Ask what happens to clients of other machines, for each own address that is listened on."""
    from portview.firewall.row_question import question_of_row  # noqa: PLC0415 - likewise

    outside = [one for one in facts.listeners if not is_loopback(one.address)]
    if not outside:
        return Absent()
    rules = rules_reading().fact
    if not isinstance(rules, Known):
        return rules if isinstance(rules, Unreadable) else Unreadable(_("the rules were not read"))
    answers: dict[str, FirewallAnswer] = {}
    own = [one.address for one in read_addresses() if one.is_up and not one.is_loopback]
    for address in own[:_MOST_ADDRESSES]:
        taker = next((one for one in outside if _takes(one, address)), None)
        if taker is None:
            continue
        row = _row_of(taker, facts)
        question = question_of_row(row, taker.owners[0] if taker.owners else None, sys.platform)
        bare = address.partition("%")[0]
        answers[address] = rules.value.decide(replace(question, local_address=bare))
    return Known(answers)


def _takes(one: PortSocket, address: str) -> bool:
    return takes_clients_of(one.address, address, is_v6_only=one.is_v6_only)


def _row_of(one: PortSocket, facts: Facts) -> SocketRow:
    from portview.domain.sockets.socket_row import Endpoint, SocketKey, SocketRow  # noqa: PLC0415 - likewise

    owner = one.owners[0].key if one.owners else None
    key = SocketKey(
        facts.protocol, one.family, Endpoint(one.address, facts.port), None, owner, one.token
    )
    return SocketRow(key, one.state, one.pid, services=one.services)


def find_destinations(
    facts: Facts, rules_reading: Callable[[], Reading[FirewallRules]]
) -> Fact[Mapping[str, tuple[Destination, ...]]]:
    """Find where clients that call the port arrive, NAT rules considered."""
    from portview.firewall.destination import destinations_of  # noqa: PLC0415 - likewise

    rules = rules_reading().fact
    if not isinstance(rules, Known):
        return rules if isinstance(rules, Unreadable) else Unreadable(_("the rules were not read"))
    own = [one.address for one in read_addresses() if not one.is_loopback and one.is_up]
    found: dict[str, tuple[Destination, ...]] = {}
    for address in ("", *own[:_MOST_ADDRESSES]):
        asked = address or facts.question.address
        part = destinations_of(rules.value, facts.protocol, facts.port, asked)
        if isinstance(part, Unreadable):
            return part
        found[address] = part.value if isinstance(part, Known) else ()
    return Known(found)
