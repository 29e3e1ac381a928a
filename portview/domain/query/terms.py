"""What a query consists of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.errors import Outcome, PortViewError
from portview.i18n import N_

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import Family, Protocol, State

MAX_PORT = 65535
LOCALHOST = "localhost"
"""The address pattern of every loopback address."""


class QueryError(PortViewError):
    """A mistake in a query, and where it stands: characters ``start`` up to ``end`` of its text.

    The positions count code points, so a widget that counts UTF-16 units must convert them.
    """

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        """Create an error for one stretch of the query's text."""
        super().__init__("bad_query", message, hint, Outcome.BAD_INPUT)
        self.start = start
        self.end = end


class Key(StrEnum):
    """Where a term looks."""

    PORT = "port"
    RPORT = "rport"
    PID = "pid"
    PROC = "proc"
    USER = "user"
    ADDR = "addr"
    LOCAL = "local"
    REMOTE = "remote"
    STATE = "state"
    PROTO = "proto"
    SERVICE = "service"
    NAME = "name"
    EXE = "exe"
    CMD = "cmd"
    WHAT = "what"
    PROJECT = "project"
    CONTAINER = "container"


class KeyHelp(NamedTuple):
    """What a key looks at, in words, and an example of its value."""

    about: str
    example: str


KEY_HELP = {
    Key.PORT: KeyHelp(N_("local port"), N_("8080, 8000-8100 or 80,443")),
    Key.RPORT: KeyHelp(N_("remote port"), "443"),
    Key.PID: KeyHelp(N_("process ID"), "4"),
    Key.PROC: KeyHelp(N_("part of the process name"), "chrome"),
    Key.USER: KeyHelp(N_("part of the user name"), "admin"),
    Key.ADDR: KeyHelp(
        N_("local or remote address"), N_("127.0.0.1, 192.168, 10.0.0.0/8 or localhost")
    ),
    Key.LOCAL: KeyHelp(N_("local address"), "127.0.0.1:8080"),
    Key.REMOTE: KeyHelp(N_("remote address"), "10.0.0.0/8"),
    Key.STATE: KeyHelp(N_("state, or how its name begins"), "listen"),
    Key.PROTO: KeyHelp(N_("protocol"), N_("tcp, udp, tcp6 or udp4")),
    Key.SERVICE: KeyHelp(N_("part of a service's name"), "dnscache"),
    Key.NAME: KeyHelp(N_("the service usually found on the local port"), "postgres"),
    Key.EXE: KeyHelp(N_("part of the executable's path"), "python"),
    Key.CMD: KeyHelp(N_("part of the command line"), "runserver"),
    Key.WHAT: KeyHelp(N_("part of what the program is"), "vite"),
    Key.PROJECT: KeyHelp(N_("part of the project's name"), "my-shop"),
    Key.CONTAINER: KeyHelp(N_("part of the container's name"), "web"),
}


class Span(NamedTuple):
    """Numbers from ``first`` to ``last``, both included."""

    first: int
    last: int


class Transport(NamedTuple):
    """A protocol, over any address family (None) or over one."""

    protocol: Protocol
    family: Family | None = None


class Place(NamedTuple):
    """A pattern of addresses, and of ports where ``ports`` is given.

    ``address`` is a whole address in canonical form, which is matched whatever its zone unless it
    names one; a network ("10.0.0.0/8"); LOCALHOST; or, where it is neither, how the address's
    text begins.
    """

    address: str
    ports: Span | None = None


@dataclass(frozen=True, slots=True)
class Everything:
    """The empty query, which every row matches. It is never a part of another one."""


@dataclass(frozen=True, slots=True)
class AnyText:
    """A word that may stand anywhere, whatever its case."""

    text: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """One of some numbers, under PORT, RPORT or PID."""

    key: Key
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One of some texts as a part of a text key's text (PROC, USER, CMD, WHAT ...), in any case."""

    key: Key
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """One of some patterns, under ADDR, LOCAL or REMOTE."""

    key: Key
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class InState:
    """One of some states."""

    states: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class Over:
    """One of some transports."""

    transports: tuple[Transport, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What a part does not match."""

    part: Query


@dataclass(frozen=True, slots=True)
class And:
    """What all parts match, two of them or more."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What any part matches, two of them or more."""

    parts: tuple[Query, ...]


Term = Everything | AnyText | Numbers | Part | Address | InState | Over
Query = Term | Not | And | Or
