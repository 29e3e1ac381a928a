"""Port reservations that outlive a restart, port proxies and URL reservations, from the registry.

No netsh, so no language and no waiting. The names below are documented by those who met them: the
persistent exclusions under Nsi (as "netsh ... add excludedportrange store=persistent" writes them),
the others by Microsoft ("PortProxy", "UrlAclInfo").
"""

from __future__ import annotations

import re
import sys

from portview.domain.facts import Absent, Fact, Known
from portview.domain.port_proxy import PortProxyRule, parse_port_proxy
from portview.domain.sockets.port_ranges import PortRange
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import MAX_PORT
from portview.readers.windows.registry import open_key, read_values

_NSI = r"SYSTEM\CurrentControlSet\Control\Nsi"
_EXCLUSIONS = {
    Protocol.TCP: rf"{_NSI}\{{eb004a03-9b1a-11d4-9123-0050047759bc}}\29",
    Protocol.UDP: rf"{_NSI}\{{eb004a02-9b1a-11d4-9123-0050047759bc}}\5",
}
_PORT_PROXY = r"SYSTEM\CurrentControlSet\Services\PortProxy"
_KINDS = ("v4tov4", "v4tov6", "v6tov4", "v6tov6")
_URL_ACL = r"SYSTEM\CurrentControlSet\Services\HTTP\Parameters\UrlAclInfo"
_HEX_NAME = re.compile(r"[0-9a-fA-F]{8}")
_URL_PORT = re.compile(r"https?://[^/]*:(\d{1,5})(?:/|:|$)", re.IGNORECASE)


def read_persistent_exclusions(protocol: Protocol) -> Fact[tuple[PortRange, ...]]:
    """Return the exclusions that are made again at each start of Windows. Raises OSError."""
    names = value_names(_EXCLUSIONS[protocol])
    if names is None:
        return Absent()
    found = tuple(one for name in names if (one := parse_exclusion_name(name)))
    return Known(found) if found else Absent()


def parse_exclusion_name(name: str) -> PortRange | None:
    """Read a value's name: the first port in hex, and the count with its bytes swapped."""
    if not _HEX_NAME.fullmatch(name):
        return None
    first = int(name[:4], 16)
    count = int(name[6:8] + name[4:6], 16)
    last = first + count - 1
    if not 0 < first <= last <= MAX_PORT:
        return None
    return PortRange(first, last, is_administered=True)


def read_port_proxies() -> Fact[tuple[PortProxyRule, ...]]:
    """Return all forwards of ``netsh interface portproxy``. Raises OSError."""
    found = [
        rule
        for kind in _KINDS
        for name, value in (read_values(rf"{_PORT_PROXY}\{kind}\tcp") or {}).items()
        if (rule := parse_port_proxy(kind, name, str(value)))
    ]
    return Known(tuple(found)) if found else Absent()


def read_url_reservations(port: int) -> Fact[tuple[tuple[str, str], ...]]:
    """Return the addresses at a port that are reserved in http.sys, each with "". Raises OSError.

    Whom each is reserved for stands in a security descriptor, which netsh shows.
    """
    names = value_names(_URL_ACL)
    if names is None:
        return Absent()
    found = tuple((name, "") for name in names if url_port(name) == port)
    return Known(found) if found else Absent()


def url_port(url: str) -> int | None:
    """Return the port of an address as http.sys writes it: "http://+:5985/wsman/"."""
    match = _URL_PORT.match(url)
    return int(match[1]) if match else None


def value_names(path: str) -> tuple[str, ...] | None:
    """Return the names of a key's values, None where there is no such key. Raises OSError."""
    key = open_key(path)
    if key is None:
        return None
    names: list[str] = []
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - Windows only

        with key:
            for index in range(winreg.QueryInfoKey(key)[1]):
                try:
                    names.append(winreg.EnumValue(key, index)[0])
                except OSError:
                    break  # one was removed meanwhile
    return tuple(names)
