"""Winsock's rules for who may bind beside whom, as Microsoft's page has them, cell by cell.

"Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" (Windows Server 2003 and later). Strict: an option that
Winsock does not know, both options on one socket, and a second bind are errors as they are there.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any, Self

IN_USE, DENIED, INVALID, NO_OPTION, NO_ADDRESS = 10048, 10013, 10022, 10042, 10049
DEFAULT, REUSE, EXCLUSIVE = "default", "reuse", "exclusive"
ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - nothing is bound

# First socket, then the second: default W, default S, reuse W, reuse S, exclusive W, exclusive S.
# I is 10048, A is 10013, - is success; W is the wildcard, S one address, the same for both.
_SAME_USER = {
    (DEFAULT, "W"): "I - A - I -",
    (DEFAULT, "S"): "- I - A I I",
    (REUSE, "W"): "I - - - I -",
    (REUSE, "S"): "- I - - I I",
    (EXCLUSIVE, "W"): "I A A A I A",
    (EXCLUSIVE, "S"): "- I - A I I",
}
_OTHER_USER = {
    (DEFAULT, "W"): "I A A A I A",
    (DEFAULT, "S"): "- I - A I I",
    (REUSE, "W"): "I A - - I A",
    (REUSE, "S"): "- I - - I I",
    (EXCLUSIVE, "W"): "I A A A I A",
    (EXCLUSIVE, "S"): "- I - A I I",
}
_COLUMNS = [(use, place) for use in (DEFAULT, REUSE, EXCLUSIVE) for place in "WS"]
_CODES = {"I": IN_USE, "A": DENIED, "-": 0}


@dataclass(frozen=True)
class Held:
    """A socket that somebody else has bound."""

    address: str
    port: int
    option: str = DEFAULT
    is_other_user: bool = False

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET


@dataclass
class FakeWinsock:
    """A machine: its addresses, what is bound on it, and ports that are denied to everyone.

    A socket that binds is held until it is closed, so that two of them meet here as well.
    ``leftovers`` are ports that only connections of a closed server have: by the page's remark an
    exclusive bind may fail there though a default one works.
    """

    held: tuple[Held, ...] = ()
    denied: frozenset[int] = frozenset()
    leftovers: frozenset[int] = frozenset()
    addresses: frozenset[str] = frozenset({"127.0.0.1", "::1", "192.0.2.7"})
    binds: list[tuple[str, str]] = field(default_factory=list)

    def socket(self, family: socket.AddressFamily, kind: socket.SocketKind) -> FakeSocket:
        return FakeSocket(self, family, kind)

    def next_port(self) -> int:
        return next(port for port in range(49152, 65536) if all(h.port != port for h in self.held))

    def code_for(self, one: FakeSocket, address: str, port: int) -> int:
        if address != ANY[one.family] and address not in self.addresses:
            return NO_ADDRESS
        if port in self.denied:
            return DENIED
        if port in self.leftovers and one.option == EXCLUSIVE:
            return IN_USE
        for held in self.held:
            code = _code(held, one, address, port)
            if code:
                return code
        return 0


@dataclass
class FakeSocket:
    """One socket that is about to bind."""

    machine: FakeWinsock
    family: socket.AddressFamily
    kind: socket.SocketKind
    option: str = DEFAULT
    is_v6_only: bool = True  # the default of Windows
    is_bound: bool = False
    own: Held | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.is_bound = False
        if self.own is not None:
            self.machine.held = tuple(one for one in self.machine.held if one is not self.own)
            self.own = None

    def getsockname(self) -> tuple[str, int]:
        assert self.own is not None, "WSAEINVAL: it is not bound"
        return self.own.address, self.own.port

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        if (level, option) == (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
            assert self.family == socket.AF_INET6
            self.is_v6_only = bool(value)
            return
        wanted = {-5: EXCLUSIVE, 4: REUSE}.get(option)
        if level != socket.SOL_SOCKET or wanted is None or not value:
            raise OSError(NO_OPTION, "WSAENOPROTOOPT")
        if self.option not in {DEFAULT, wanted}:
            raise OSError(INVALID, "WSAEINVAL")
        self.option = wanted

    def bind(self, place: tuple[Any, ...]) -> None:
        address, port = place[0], place[1] or self.machine.next_port()
        if self.is_bound:
            raise OSError(INVALID, "WSAEINVAL")
        assert self.is_v6_only, "a dual-stack probe mixes two families' answers"
        self.machine.binds.append((self.option, address))
        code = self.machine.code_for(self, address, port)
        if code:
            raise OSError(code, "")
        self.is_bound = True
        self.own = Held(address, port, self.option)
        self.machine.held += (self.own,)

    def listen(self, backlog: int) -> None:
        raise AssertionError(f"listen({backlog}) makes Windows' firewall ask the person")


def _code(held: Held, one: FakeSocket, address: str, port: int) -> int:
    if held.port != port or held.family != one.family:
        return 0
    first_place = "W" if held.address == ANY[held.family] else "S"
    second_place = "W" if address == ANY[one.family] else "S"
    if first_place == second_place == "S" and held.address != address:
        return 0
    table = _OTHER_USER if held.is_other_user else _SAME_USER
    cells = table[held.option, first_place].split()
    return _CODES[cells[_COLUMNS.index((one.option, second_place))]]


def documented_code(first: str, second: str) -> int:
    """Return the outcome for one user of two binds, each written like "reuse any"."""
    places = {"any": "W", "one": "S"}
    (use, place), (other_use, other_place) = first.split(), second.split()
    cells = _SAME_USER[use, places[place]].split()
    return _CODES[cells[_COLUMNS.index((other_use, places[other_place]))]]
