"""A socket row beside what is known about its owner: one line of a table."""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.domain.owners.identity import container_name_of, project_of, what_of
from portview.domain.owners.owners import command_line_of, describe_owner
from portview.domain.sockets.socket_row import Protocol, address_sort_key, endpoint_text

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo, ProcessKey
    from portview.domain.sockets.socket_row import Endpoint, SocketKey, SocketRow

SEPARATOR = "\0"
"""Stands between the texts of a line that are searched as one."""


class SocketEntry:
    """One row, its owner, and what searching and sorting need of them, worked out once.

    ``port_name`` is the service usually found on the local port, empty where nothing is known to.
    ``first_seen_ms`` is when PortView first saw the socket (Unix time, UTC), 0 if that is unknown.
    ``is_shown`` and ``order`` belong to the one view that the entry is in, which keeps there
    whether it shows the entry and what it sorted it by.
    """

    __slots__ = (
        "_identity_texts",
        "_owner_texts",
        "_places",
        "_row_text",
        "first_seen_ms",
        "info",
        "is_shown",
        "order",
        "port_name",
        "row",
    )

    def __init__(
        self,
        row: SocketRow,
        info: ProcessInfo | None = None,
        port_name: str = "",
        first_seen_ms: int = 0,
    ) -> None:
        """Join a row with its owner; nothing is worked out before it is asked for."""
        self.row = row
        self.info = info
        self.port_name = port_name
        self.first_seen_ms = first_seen_ms
        self.is_shown = False
        self.order: Any = None
        self._row_text: str | None = None
        self._owner_texts: OwnerTexts | None = None
        self._identity_texts: IdentityTexts | None = None
        self._places: _Places | None = None

    def succeeded_by(self, row: SocketRow, info: ProcessInfo | None) -> SocketEntry:
        """Return the entry of the same socket after a change of its row or its owner."""
        entry = SocketEntry(row, info, self.port_name, self.first_seen_ms)
        entry._places = self._places
        return entry

    @property
    def row_text(self) -> str:
        """All texts of the row, case folded, one after the other."""
        text = self._row_text
        if text is None:
            text = self._row_text = _row_text(self.row, self.port_name)
        return text

    @property
    def owner_texts(self) -> OwnerTexts:
        """The owner's texts, case folded; one object for all rows of a process."""
        texts = self._owner_texts
        if texts is None:
            texts = _NO_OWNER if self.info is None else _texts_of(self.info)
            self._owner_texts = texts
        return texts

    @property
    def identity_texts(self) -> IdentityTexts:
        """What the program is, case folded; empty texts where that isn't known."""
        texts = self._identity_texts
        if texts is None:
            texts = self._identity_texts = _identity_texts(self.row, self.info)
        return texts

    @property
    def place(self) -> bytes:
        """Where the row stands among rows that are equal otherwise.

        By protocol, local address, port, other end, owner and token, as bytes in that order.
        """
        return (self._places or self._find_places())[0]

    @property
    def local_place(self) -> bytes:
        """Bytes that sort the local endpoint by the number of its address, then by port."""
        return (self._places or self._find_places())[1]

    @property
    def remote_place(self) -> bytes | None:
        """Bytes that sort the other end likewise; None for a socket without one."""
        return (self._places or self._find_places())[2]

    @property
    def port(self) -> int:
        """The local port, kept near because tables are sorted by it all the time."""
        return (self._places or self._find_places())[3]

    def _find_places(self) -> _Places:
        self._places = _places(self.row.key)
        return self._places


class OwnerTexts(NamedTuple):
    """The texts of a process, case folded; ``all`` is the others one after the other."""

    all: str
    name: str
    user: str
    executable: str
    command_line: str


class IdentityTexts(NamedTuple):
    """What a socket's program is, case folded; ``all`` is the others one after the other."""

    all: str
    what: str
    project: str
    container: str


_NO_IDENTITY = IdentityTexts("", "", "", "")


def _identity_texts(row: SocketRow, info: ProcessInfo | None) -> IdentityTexts:
    if not row.kernel_use and (info is None or info.identity is None):
        return _NO_IDENTITY
    what = what_of(row, info).casefold()
    project = project_of(row, info).casefold()
    container = container_name_of(row, info).casefold()
    return IdentityTexts(SEPARATOR.join((what, project, container)), what, project, container)


_NO_OWNER = OwnerTexts("", "", "", "", "")


_MOST_OWNERS = 4096
_texts: dict[ProcessKey, tuple[ProcessInfo, OwnerTexts]] = {}


def _texts_of(info: ProcessInfo) -> OwnerTexts:
    # By its key, because the hash of all that is known of a process costs as much as the texts.
    known = _texts.get(info.key)
    if known is None or known[0] is not info:
        if len(_texts) >= _MOST_OWNERS:
            _texts.clear()
        known = _texts[info.key] = (info, _owner_texts(info))
    return known[1]


def _owner_texts(info: ProcessInfo) -> OwnerTexts:
    name = (info.name or "").casefold()
    executable = (info.executable or "").casefold()
    command_line = (command_line_of(info) or "").casefold()
    user = (info.user or "").casefold()
    everything = SEPARATOR.join((name, executable, command_line, user))
    return OwnerTexts(everything, name, user, executable, command_line)


def _row_text(row: SocketRow, port_name: str) -> str:
    # Members of a StrEnum are joined as their text; asking for ``value`` takes as long as the rest.
    key = row.key
    parts: list[str] = [key.protocol, endpoint_text(key.local), port_name]
    if key.remote is not None:
        parts.append(endpoint_text(key.remote))
    if row.state is not None:
        parts.append(row.state)
    if row.pid is not None:
        parts.append(str(row.pid))
    if row.user:
        parts.append(row.user)
    if key.owner is None:
        parts.append(describe_owner(row, None))
    parts.extend(row.services)
    return SEPARATOR.join(parts).casefold()


_Places = tuple[bytes, bytes, bytes | None, int]


def _places(key: SocketKey) -> _Places:
    # Bytes, because tables compare places all the time and tuples compare slowly.
    pid, started_ms = key.owner or _NOBODY
    local = _endpoint_place(key.local)
    remote = None if key.remote is None else _endpoint_place(key.remote)
    protocol = b"u" if key.protocol is Protocol.UDP else b"t"
    owner = _OWNER.pack(pid + 1, started_ms, key.token & _MAX_TOKEN)
    return protocol + local + (remote or _NO_END) + owner, local, remote, key.local.port


_NOBODY = (-1, 0)
_NO_END = b"\0"
_PORT = Struct(">H")
_OWNER = Struct(">QqQ")
_MAX_TOKEN = 2**64 - 1


def _endpoint_place(endpoint: Endpoint) -> bytes:
    return _address_place(endpoint.address) + _PORT.pack(endpoint.port)


@lru_cache(maxsize=65536)
def _address_place(address: str) -> bytes:
    version, number, zone = address_sort_key(address)
    return _ADDRESS.pack(version, number.to_bytes(16)) + zone.encode("utf-8", "replace") + b"\0"


_ADDRESS = Struct(">B16s")
