"""Reads what of this machine's state the rules ask for: clock, open connections, listeners."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.facts import Known, Remedy, Unreadable
from portview.firewall.linux.asking import LISTENERS_AT
from portview.firewall.linux.surroundings import Listener, Surroundings
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.facts import Fact
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.ruleset import Ruleset

# The thread's own, because a thread can be in another network namespace than its process.
_PROC_NET = Path("/proc/thread-self/net")
_SYSCTL = Path("/proc/sys/net")
_FAR_BELOW = 0.8
"""How much of a limit may be used up for it to count as far from being reached."""
_TABLES = (("tcp", 4, "tcp"), ("tcp", 6, "tcp6"), ("udp", 4, "udp"), ("udp", 6, "udp6"))
# The states of /proc/net/tcp and udp (net/tcp_states.h): listening, and unconnected.
_OPEN_STATES = {"tcp": "0A", "udp": "07"}


def read_surroundings(ruleset: Ruleset | None, machine: Machine) -> Surroundings:
    """Return what rules ask for, and nothing that they do not ask for; never raises.

    The clock is given to the minute, so that the answer is the same for a while.
    """
    asks = ruleset.asks if ruleset is not None else frozenset()
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    nothing = Surroundings()
    return Surroundings(
        now=now if "time" in asks else nothing.now,
        limits_kept=_limits_kept(ruleset.limits) if ruleset is not None else frozenset(),
        listeners=read_listeners() if _asks_for_listeners(asks, machine) else nothing.listeners,
        cpus=os.sysconf("SC_NPROCESSORS_CONF"),
        ttl=_number(_SYSCTL / "ipv4" / "ip_default_ttl") or nothing.ttl,
    )


def _asks_for_listeners(asks: frozenset[str], machine: Machine) -> bool:
    """Return whether it matters what listens: not where packets are sent on to containers alone."""
    if "listeners" in asks:
        return True
    targets = [one.removeprefix(LISTENERS_AT) for one in asks if one.startswith(LISTENERS_AT)]
    return any(machine.holder_of(target) is not None for target in targets if _is_address(target))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _limits_kept(limits: frozenset[int]) -> frozenset[int]:
    """Return the limits that all connections together are far below."""
    if not limits:
        return frozenset()
    count = _number(_SYSCTL / "netfilter" / "nf_conntrack_count")
    if count is None:
        return frozenset()
    return frozenset(limit for limit in limits if count < limit * _FAR_BELOW)


def read_listeners() -> Fact[tuple[Listener, ...]]:
    """Return the sockets of this network namespace that take what comes to a port."""
    found: dict[Listener, None] = {}
    for protocol, version, name in _TABLES:
        try:
            with (_PROC_NET / name).open(encoding="ascii") as table:
                found |= dict.fromkeys(_listeners(table, protocol, version))
        except FileNotFoundError:
            continue  # this system has no IPv6
        except (OSError, ValueError) as error:
            reason = _("/proc/net/{name} can't be read: {error}").format(name=name, error=error)
            return Unreadable(reason, Remedy.NOTHING)
    return Known(tuple(sorted(found, key=lambda one: (one.port, repr(one)))))


def _listeners(table: Iterator[str], protocol: str, version: int) -> Iterator[Listener]:
    """Read a table of sockets (proc(5)); the order of bytes is the machine's, word by word."""
    next(table, None)
    state = _OPEN_STATES[protocol]
    for line in table:
        parts = line.split(None, 9)
        if parts[3] != state:
            continue
        address, _unused, port = parts[1].partition(":")
        number = _address(address)
        is_any_of_v6 = version == 6 and number == 0  # noqa: PLR2004 - IP version
        yield Listener(
            protocol, version, number, int(port, 16), is_any_of_v6, user_id=int(parts[7])
        )


def _address(text: str) -> int:
    words = (int(text[start : start + 8], 16) for start in range(0, len(text), 8))
    return int.from_bytes(b"".join(word.to_bytes(4, "little") for word in words))


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
