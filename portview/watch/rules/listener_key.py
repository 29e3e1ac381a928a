"""What makes a listener the same listener: the entries of a baseline. Pure."""

from __future__ import annotations

from typing import NamedTuple

DYNAMIC = "dynamic"
UNKNOWN_PROGRAM = "?"
_ADDRESS_CLASSES = frozenset({"loopback", "all", "address"})


class ListenerKey(NamedTuple):
    """What makes a listener the same after a restart of its program or of the system.

    ``port`` is a number, or "dynamic" for one that the system chose. ``program`` is the
    executable's path, "?" where it could not be read; empty parts of a rule's entry match all.
    """

    protocol: str
    port: str
    address_class: str
    program: str

    def __str__(self) -> str:
        """Return the form that ``parse_entry`` reads."""
        return f"{self.protocol}/{self.port} {self.address_class} {self.program}"

    def matches(self, other: ListenerKey) -> bool | None:
        """Return whether this entry of a baseline has a listener; None where a program is open."""
        for own, its in zip(self[:3], other[:3], strict=True):
            if own and own != its:
                return False
        if not self.program or self.program == other.program:
            return True
        if UNKNOWN_PROGRAM in {self.program, other.program}:
            return None
        return _last(self.program) == other.program or _last(other.program) == self.program


def parse_entry(text: str) -> ListenerKey | None:
    """Read ``tcp/8080``, ``8080``, ``udp/5353 all /usr/bin/avahi``; None for anything else."""
    head, _blank, rest = text.strip().partition(" ")
    protocol, slash, port = head.partition("/")
    if not slash:
        protocol, port = "tcp", head
    if protocol not in {"tcp", "udp"} or not (port.isdecimal() or port in {DYNAMIC, "*"}):
        return None
    address_class, _blank, program = rest.strip().partition(" ")
    if address_class not in _ADDRESS_CLASSES:
        address_class, program = "", rest
    return ListenerKey(protocol, "" if port == "*" else port, address_class, program.strip())


def _last(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
