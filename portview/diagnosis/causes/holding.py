"""Which of the sockets at a port keep a server from it, each under the one code that fits best.

A socket is counted once: a listener of Docker's is ``docker`` and not ``listener`` as well.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from portview.domain.address_matching import is_wildcard
from portview.domain.facts import known_or
from portview.domain.owners.container_owners import Runtime, container_relay
from portview.domain.owners.process import FieldProblem
from portview.domain.sockets.socket_row import OwnerProblem, Protocol

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts, PortSocket
    from portview.domain.owners.process import ProcessInfo

_SYSTEMD_PID = 1
_WINDOWS_KERNEL_PID = 4


def holders(facts: Facts) -> tuple[PortSocket, ...]:
    """Return the sockets that wait for clients where a usual server would not start."""
    return tuple(one for one in facts.in_the_way() if one.listens)


def of_code(facts: Facts, code: str) -> tuple[PortSocket, ...]:
    """Return the holders that go under a code."""
    return tuple(one for one in holders(facts) if holder_code(one, facts) == code)


def holder_code(socket: PortSocket, facts: Facts) -> str:
    """Return the code of the cause that a holder is, the most significant one that fits."""
    special = _code_of_owner(socket, facts)
    if special:
        return special
    if facts.platform == "win32" and coexists(socket, facts):
        return "wildcard_and_specific"
    if is_in_group(socket, facts):
        return "reuse_port_group"
    if facts.platform == "win32" and _is_refused_by_exclusive_holder(facts):
        return "exclusive"
    if is_needed_for_ipv4_alone(socket, facts):
        return "dual_stack"
    return "listener"


def _code_of_owner(socket: PortSocket, facts: Facts) -> str:
    if facts.platform == "win32":
        if special := _code_on_windows(socket, facts):
            return special
    elif any(_is_systemd(one) for one in socket.owners):
        return "socket_unit"
    if container := _code_of_container(socket, facts):
        return container
    if not socket.owners:
        return _code_without_owner(socket)
    return "other_user" if _is_of_other_user(socket, facts) else ""


def _is_of_other_user(socket: PortSocket, facts: Facts) -> bool:
    """Return whether the holder is of another account, which an administrator has to ask.

    Windows hides the account of others' processes.
    """
    if facts.me.is_elevated:
        return False
    if socket.is_mine is None and facts.platform == "win32":
        problems = {info.problems.get("user") for info in socket.owners}
        return problems == {FieldProblem.ACCESS_DENIED}
    return socket.is_mine is False


def _is_systemd(info: ProcessInfo) -> bool:
    """Return whether a process listens for socket units; in a container PID 1 is any server."""
    return info.pid == _SYSTEMD_PID and (info.name or "").startswith("systemd")


def _code_of_container(socket: PortSocket, facts: Facts) -> str:
    for info in socket.owners:
        relay = container_relay(info)
        if relay is not None:
            return "wsl_relay" if relay.runtime is Runtime.WSL else "docker"
    return "docker" if any(one.container for one in facts.owner_facts(socket)) else ""


def _code_without_owner(socket: PortSocket) -> str:
    if socket.kernel_user:
        return "kernel_socket"
    match socket.problem:
        case OwnerProblem.PROCESS_GONE | OwnerProblem.PID_REUSED:
            return "dead_owner"
        case OwnerProblem.OTHER_NAMESPACE:
            return "other_namespace"
        case OwnerProblem.ACCESS_DENIED:
            return "" if socket.is_mine else "other_user"
        case OwnerProblem.NOT_FOUND:
            return "kernel_socket"
        case _:
            return ""


def _code_on_windows(socket: PortSocket, facts: Facts) -> str:
    if "iphlpsvc" in {name.lower() for name in socket.services} and known_or(
        facts.port_proxies.fact, ()
    ):
        return "port_proxy"
    if socket.pid == _WINDOWS_KERNEL_PID:
        use = facts.http_sys.value
        return "http_sys" if use is not None and use.registrations else "kernel_socket"
    return ""


def coexists(socket: PortSocket, facts: Facts) -> bool:
    """Return whether another program listens beside it, one at all addresses and one at a single.

    Windows allows that for one user without a word.
    """
    return any(
        other.family is socket.family
        and other.address != socket.address
        and is_wildcard(other.address) != is_wildcard(socket.address)
        and {one.key for one in other.owners}.isdisjoint({one.key for one in socket.owners})
        for other in facts.listeners
    )


def is_in_group(socket: PortSocket, facts: Facts) -> bool:
    """Return whether several sockets share the very address, which takes SO_REUSEPORT of each.

    For UDP SO_REUSEADDR does as well.
    """
    count = Counter((one.family, one.address) for one in facts.listeners)
    return count[socket.family, socket.address] > 1


def is_needed_for_ipv4_alone(socket: PortSocket, facts: Facts) -> bool:
    """Return whether a socket at "::" is what keeps a server from an IPv4 address.

    That is the surprise that has a code of its own: no IPv4 row, and yet IPv4 is taken.
    """
    if socket.address != "::" or socket.is_v6_only is not False:
        return False
    is_ipv4_wanted = any(":" not in one for one in facts.wanted_addresses())
    has_ipv4_holder = any(":" not in one.address for one in holders(facts))
    return is_ipv4_wanted and not has_ipv4_holder


def _is_refused_by_exclusive_holder(facts: Facts) -> bool:
    """Return whether Windows said 10013 to a plain bind beside a holder of the same user.

    Only an exclusive wildcard does that (the table of SO_EXCLUSIVEADDRUSE): ranges that exclude the
    port have to be ruled out first.
    """
    ranges = facts.ranges.value
    if ranges is None or facts.protocol is not Protocol.TCP:
        return False
    excluded = ranges.exclusion_of(facts.port)
    # Beside a wildcard of the same user Windows lets a single address be bound, but for this.
    is_denied = facts.specific_code.value in _WINDOWS_DENIED or any(
        one.plain_code in _WINDOWS_DENIED for one in facts.binds.value or ()
    )
    is_mine = all(one.is_mine for one in holders(facts))
    return is_denied and is_mine and (excluded is None or excluded.is_administered)


_WINDOWS_DENIED = frozenset({13, 10013})
