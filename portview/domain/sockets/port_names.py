"""The service usually found on a port: a hint from registration, no fact about a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.sockets.socket_row import Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class PortName(NamedTuple):
    """A short name, and one line about who usually uses the port."""

    name: str
    about: str


class PortNames:
    """Names by protocol and port; ports without one have an empty name."""

    def __init__(self, names: Mapping[tuple[Protocol, int], PortName]) -> None:
        """Take over the names."""
        # Two plain dicts by number: a Protocol as part of a key is hashed in Python, per row.
        self._tcp = {port: name for (protocol, port), name in names.items() if protocol == "tcp"}
        self._udp = {port: name for (protocol, port), name in names.items() if protocol == "udp"}

    def find(self, protocol: Protocol, port: int) -> PortName | None:
        """Return the service usually found on a port, or None."""
        return (self._tcp if protocol is Protocol.TCP else self._udp).get(port)

    def name(self, protocol: Protocol, port: int) -> str:
        """Return the short name, empty where nothing is known."""
        found = self.find(protocol, port)
        return "" if found is None else found.name


def read_port_names(text: str) -> PortNames:
    """Read the form of ``resources/port_names.tsv``: port, protocol, name, description; # comments.

    Raises ValueError with the line that is wrong.
    """
    names: dict[tuple[Protocol, int], PortName] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        try:
            port, protocol, name, about = line.split("\t")
            names[Protocol(protocol), int(port)] = PortName(name, about)
        except ValueError as error:
            raise ValueError(f"line {number} of the port names: {error}") from error
    return PortNames(names)
