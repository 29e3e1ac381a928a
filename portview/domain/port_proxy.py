"""Forwards of Windows' IP Helper (``netsh interface portproxy``)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortProxyRule:
    """One forward. ``kind`` is netsh's own word: "v4tov4", "v4tov6", "v6tov4" or "v6tov6".

    ``listen_address`` is "*" for all addresses of its family. Untrusted texts.
    """

    kind: str
    listen_address: str
    listen_port: int
    connect_address: str
    connect_port: int


def parse_port_proxy(kind: str, name: str, value: str) -> PortProxyRule | None:
    """Read one registry value: its name "listenaddress/port", its data "connectaddress/port"."""
    listen, slash, listen_port = name.rpartition("/")
    connect, other_slash, connect_port = value.rpartition("/")
    numbers = listen_port.isdecimal() and connect_port.isdecimal()
    if not (slash and other_slash and numbers and listen and connect):
        return None
    return PortProxyRule(kind, listen, int(listen_port), connect, int(connect_port))
