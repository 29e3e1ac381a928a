"""A process as the person saw it: what has to be the same at the moment of the act.

It travels to an elevated process as command-line words and is read strictly on the other side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from portview.domain.facts import ABSENT, NOT_READ, Absent, Fact, Known
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.program import PROGRAM_NOT_READ, RunningProgram
from portview.domain.sockets.socket_row import Endpoint, Protocol, canonical_address, endpoint_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portview.domain.sockets.socket_row import SocketRow

MOST_SOCKETS = 32
"""More of a process's sockets don't travel: one that it still holds is enough."""

_DIGEST = r"(?:[0-9a-f]{16}|-|none)"
_PROCESS = re.compile(rf"([1-9][0-9]{{0,9}}):([0-9]{{1,15}}):({_DIGEST}):({_DIGEST}):({_DIGEST})")
_SOCKET = re.compile(
    r"on=(tcp|udp),(?:([0-9.]{7,15})|\[([0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z._-]{1,32})?)\])"
    r":([0-9]{1,5}),([0-9]{1,20})"
)
_LARGEST_PORT = 65535


class HeldSocketId(NamedTuple):
    """A socket without its owner: protocol, local end, and inode or creation time (0: unknown)."""

    protocol: Protocol
    local: Endpoint
    token: int

    def __str__(self) -> str:
        """Return "TCP 127.0.0.1:8080", for people."""
        return f"{self.protocol.value.upper()} {endpoint_text(self.local)}"


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """One process of a plan: who it was, what it ran, and which of the plan's sockets it held.

    ``sockets`` is empty where the plan is about the process and not about a port.
    """

    key: ProcessKey
    program: RunningProgram = PROGRAM_NOT_READ
    sockets: tuple[HeldSocketId, ...] = ()

    def words(self) -> Iterator[str]:
        """Yield it as command-line words; ``read_seen`` reads them."""
        program = self.program
        tokens = ":".join(map(_text, (program.file, program.load, program.command)))
        yield f"{self.key.pid}:{self.key.started_ms}:{tokens}"
        for socket in self.sockets[:MOST_SOCKETS]:
            yield f"on={socket.protocol.value},{endpoint_text(socket.local)},{socket.token}"


def sockets_of(rows: Iterable[SocketRow]) -> tuple[HeldSocketId, ...]:
    """Return what identifies the sockets of some rows, each once."""
    return tuple(dict.fromkeys(socket_id(row) for row in rows))


def socket_id(row: SocketRow) -> HeldSocketId:
    """Return what identifies a socket whoever holds it."""
    return HeldSocketId(row.protocol, row.local, row.key.token)


def read_seen(words: Sequence[str]) -> tuple[SeenProcess, ...]:
    """Read processes with their sockets. Raises ValueError with the word that is unclear."""
    found: list[SeenProcess] = []
    for word in words:
        if match := _PROCESS.fullmatch(word):
            key = ProcessKey(int(match[1]), int(match[2]))
            program = RunningProgram(_fact(match[3]), _fact(match[4]), _fact(match[5]))
            found.append(SeenProcess(key, program))
            continue
        match = _SOCKET.fullmatch(word)
        if match is None or not found or len(found[-1].sockets) >= MOST_SOCKETS:
            raise ValueError(word)
        last = found[-1]
        found[-1] = SeenProcess(last.key, last.program, (*last.sockets, _socket(match, word)))
    return tuple(found)


def _socket(match: re.Match[str], word: str) -> HeldSocketId:
    address, port = match[2] or match[3], int(match[4])
    if port > _LARGEST_PORT or canonical_address(address) != address:
        raise ValueError(word)
    ip_address(address.partition("%")[0])
    return HeldSocketId(Protocol(match[1]), Endpoint(address, port), int(match[5]))


def _text(fact: Fact[str]) -> str:
    match fact:
        case Known(token):
            return token
        case Absent():
            return "none"
        case _:
            return "-"


def _fact(text: str) -> Fact[str]:
    if text == "-":
        return NOT_READ
    return ABSENT if text == "none" else Known(text)
