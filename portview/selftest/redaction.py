"""Takes names, addresses and paths out of a record, and leaves what its readers need.

The same address always becomes the same other one, from the ranges that are reserved for
documentation (RFC 5737, RFC 3849), so that what belongs together still does.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from portview.readers.windows.socket_tables import BOUND4, BOUND6, TCP4, TCP6, UDP4, UDP6

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.readers.windows.socket_tables import RowLayout

_DOCUMENTATION4, _DOCUMENTATION6 = int(IPv4Address("192.0.2.0")), int(IPv6Address("2001:db8::"))
_LINK_LOCAL6 = int(IPv6Address("fe80::"))
_MAPPED = int(IPv6Address("::ffff:0:0"))
_MOST4 = 255
_SHORTEST_NAME = 3
_ADDRESSES_AT = {
    TCP4: ((4, 4), (12, 4)),
    TCP6: ((0, 16), (24, 16)),
    UDP4: ((0, 4),),
    UDP6: ((0, 16),),
    BOUND4: ((4, 4), (12, 4)),
    BOUND6: ((0, 16), (24, 16)),
}
"""Where the addresses stand in a row of each table, and how long they are."""

_MAC = re.compile(r"\b[0-9A-Fa-f]{2}(?:[-:][0-9A-Fa-f]{2}){5}\b")
_SID = re.compile(r"\bS-1-5-21(?:-\d+){3,}\b")
_URL = re.compile(
    r"(?P<scheme>https?://)(?P<host>\[[^\]\s]*\]|[^\s:/]+)(?P<port>:\d+)?[^\s]*", re.IGNORECASE
)
_PATH = re.compile(r"(?<![A-Za-z])[A-Za-z]:\\[^\r\n\"<>|*?]*")
_ACCOUNT = re.compile(r"(?<![\w:\\.])[^\W\d][\w.-]*\\[\w.$-]+")
_ADDRESS4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])")
_ADDRESS6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:)[0-9A-Fa-f:.]+(?:%\w+)?")
_OPEN_HOSTS = frozenset({"+", "*", "localhost"})
_SYSTEM_ACCOUNTS = ("AUTHORITY\\", "SERVICE\\", "BUILTIN\\")


class Redactor:
    """Replaces what may say who and where a person is. For one record; any thread, one at a time.

    ``names`` are words that are never to appear: those of the user and of the computer if not
    given. ``kept_folders`` are the folders whose paths say nothing about the person.
    """

    def __init__(
        self, names: Iterable[str] | None = None, kept_folders: Iterable[str] = ()
    ) -> None:
        """Ask the system for the names of the user and of this computer unless they are given."""
        words = own_names() if names is None else set(names)
        longest_first = sorted((word for word in words if len(word) >= _SHORTEST_NAME), key=len)
        joined = "|".join(re.escape(word) for word in reversed(longest_first))
        self._names = re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.IGNORECASE) if joined else None
        self._folders = tuple(
            folder.rstrip("\\/").lower() + ("\\" if "\\" in folder else "/")
            for folder in kept_folders
        )
        self._known: dict[str, str] = {}
        self._given: set[str] = set()

    def text(self, text: str) -> str:
        """Return a text of the machine without addresses, accounts, paths and own names."""
        text = _URL.sub(self._url, text)
        text = _PATH.sub(lambda match: self.path(match[0]), text)
        text = _SID.sub("S-1-5-21-0-0-0-0", text)
        text = _MAC.sub("00-00-00-00-00-00", text)
        text = _ADDRESS4.sub(lambda match: self.address(match[0]), text)
        text = _ADDRESS6.sub(lambda match: self.address(match[0]), text)
        text = _ACCOUNT.sub(_account, text)
        return self._names.sub("<name>", text) if self._names else text

    def path(self, path: str) -> str:
        """Return a path below a kept folder as it is, of any other only that there was one."""
        lowered = path.lower()
        if any(lowered.startswith(folder) for folder in self._folders):
            return path
        return "<path>"

    def address(self, text: str) -> str:
        """Return the address that stands for an address; what is none stays as it is."""
        bare, percent, zone = text.partition("%")
        try:
            address = ip_address(bare)
        except ValueError:
            return text
        return str(self._other(address)) + percent + zone

    def row(self, raw: bytes, layout: RowLayout) -> bytes:
        """Return a row of a table of Windows with other addresses and everything else as it was."""
        changed = bytearray(raw)
        for start, size in _ADDRESSES_AT[layout]:
            packed = bytes(changed[start : start + size])
            changed[start : start + size] = self._other(ip_address(packed)).packed
        return bytes(changed)

    def _other(self, address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
        # What stands for another one already may come by again, inside a URL that was replaced.
        if _says_nothing(address) or str(address) in self._given:
            return address
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            return IPv6Address(_MAPPED + int(self._other(address.ipv4_mapped)))
        known = self._known.setdefault(str(address), str(self._next(address)))
        self._given.add(known)
        return ip_address(known)

    def _next(self, address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
        number = len(self._known) + 1
        if isinstance(address, IPv4Address):
            # A machine with more peers than that gets one address for the rest of them.
            return IPv4Address(_DOCUMENTATION4 + min(number, _MOST4))
        start = _LINK_LOCAL6 if address.is_link_local else _DOCUMENTATION6
        return IPv6Address(start + number)

    def _url(self, match: re.Match[str]) -> str:
        host = match["host"]
        bare = host.strip("[]")
        try:
            shown = self.address(bare) if ip_address(bare) else ""
            host = f"[{shown}]" if ":" in shown else shown
        except ValueError:
            host = host if host.lower() in _OPEN_HOSTS else "host.invalid"
        return f"{match['scheme']}{host}{match['port'] or ''}/"


def own_names() -> set[str]:
    """Return words that name this user and this computer."""
    names = {socket.gethostname(), *socket.gethostname().split(".")}
    names |= {os.environ.get(name, "") for name in ("USERNAME", "USERDOMAIN", "COMPUTERNAME")}
    names |= {os.environ.get(name, "") for name in ("USERDNSDOMAIN", "USER", "LOGNAME")}
    names.add(Path.home().name)
    with contextlib.suppress(OSError, KeyError, ImportError):
        names.add(getpass.getuser())
    return {name for name in names if name and name.lower() not in {"root", "localhost"}}


def redacted_sockid(redactor: Redactor, sockid: bytes, *, is_ipv6: bool) -> bytes:
    """Return an inet_diag_sockid (linux/inet_diag.h) with other addresses and no interface.

    The number of an interface means another one on each machine.
    """
    ports, source, peer, cookie = struct.unpack(">4s16s16s4x8s", sockid)
    size = 16 if is_ipv6 else 4
    ends = [
        ip_address(redactor.address(str(ip_address(end[:size])))).packed + end[size:]
        for end in (source, peer)
    ]
    return struct.pack(">4s16s16s4x8s", ports, *ends, cookie)


def _says_nothing(address: IPv4Address | IPv6Address) -> bool:
    return address.is_loopback or address.is_unspecified or address.is_multicast


def _account(match: re.Match[str]) -> str:
    text = match[0]
    return text if text.upper().startswith(_SYSTEM_ACCOUNTS) else "<account>"
