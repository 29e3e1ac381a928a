"""Which rows a query matches, said plainly: what ``compiling`` must agree with."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import (
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING

from portview.domain.address_matching import parse_socket_address
from portview.domain.owners.identity import container_name_of, project_of, what_of
from portview.domain.owners.owners import command_line_of, describe_owner, user_of
from portview.domain.query.terms import (
    LOCALHOST,
    Address,
    And,
    AnyText,
    Everything,
    InState,
    Key,
    Not,
    Numbers,
    Or,
    Over,
    Part,
)
from portview.domain.sockets.socket_row import endpoint_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from ipaddress import IPv4Address

    from portview.domain.owners.process import ProcessInfo
    from portview.domain.query.terms import Place, Query, Span
    from portview.domain.sockets.socket_row import Endpoint, SocketRow

_LOOPBACK = (
    IPv4Network("127.0.0.0/8"),
    IPv6Network("::1/128"),
)


def matches(query: Query, row: SocketRow, info: ProcessInfo | None, port_name: str = "") -> bool:  # noqa: C901, PLR0911 - a case for each kind of term
    """Return whether a query matches a row: the meaning of every query, regardless of speed."""
    match query:
        case Everything():
            return True
        case Not(part):
            return not matches(part, row, info, port_name)
        case And(parts):
            return all(matches(part, row, info, port_name) for part in parts)
        case Or(parts):
            return any(matches(part, row, info, port_name) for part in parts)
        case AnyText(text):
            return _has_part(_all_texts(row, info, port_name), [text])
        case Part(key, texts):
            return _has_part(_texts_under(key, row, info, port_name), texts)
        case Numbers(key, spans):
            number = _number_under(key, row)
            return number is not None and _is_in(number, spans)
        case Address(key, places):
            ends = _endpoints_under(key, row)
            return any(end is not None and _is_at(end, place) for end in ends for place in places)
        case InState(states):
            return row.state in states
        case Over(transports):
            return any(
                row.protocol is transport.protocol and transport.family in {None, row.key.family}
                for transport in transports
            )


def looks_at_identities(query: Query) -> bool:
    """Return whether a query depends on what programs were recognised as."""
    match query:
        case Not(part):
            return looks_at_identities(part)
        case And(parts) | Or(parts):
            return any(map(looks_at_identities, parts))
        case AnyText():
            return True
        case Part(key):
            return key in _IDENTITY_KEYS
        case _:
            return False


_IDENTITY_KEYS = frozenset({Key.WHAT, Key.PROJECT, Key.CONTAINER})


def _has_part(texts: Iterable[str | None], parts: Iterable[str]) -> bool:
    folded = [text.casefold() for text in texts if text]
    return any(part.casefold() in text for part in parts for text in folded)


def _all_texts(row: SocketRow, info: ProcessInfo | None, port_name: str) -> tuple[str | None, ...]:
    known = () if info is None else (info.name, info.executable, command_line_of(info), info.user)
    return (
        *known,
        what_of(row, info),
        project_of(row, info),
        container_name_of(row, info),
        None if row.owner else describe_owner(row, None),
        row.protocol,
        endpoint_text(row.local),
        endpoint_text(row.remote),
        port_name,
        row.state,
        None if row.pid is None else str(row.pid),
        row.user,
        *row.services,
    )


def _texts_under(  # noqa: PLR0911 - a case for each key
    key: Key, row: SocketRow, info: ProcessInfo | None, port_name: str
) -> tuple[str | None, ...]:
    match key:
        case Key.USER:
            return (user_of(row, info),)
        case Key.SERVICE:
            return row.services
        case Key.NAME:
            return (port_name,)
        case Key.PROC:
            return (info.name if info else None,)
        case Key.EXE:
            return (info.executable if info else None,)
        case Key.WHAT:
            return (what_of(row, info),)
        case Key.PROJECT:
            return (project_of(row, info),)
        case Key.CONTAINER:
            return (container_name_of(row, info),)
        case _:
            return (command_line_of(info),)


def _number_under(key: Key, row: SocketRow) -> int | None:
    match key:
        case Key.PORT:
            return row.local.port
        case Key.RPORT:
            return row.remote.port if row.remote else None
        case _:
            return row.pid


def _endpoints_under(key: Key, row: SocketRow) -> tuple[Endpoint | None, ...]:
    match key:
        case Key.LOCAL:
            return (row.local,)
        case Key.REMOTE:
            return (row.remote,)
        case _:
            return (row.local, row.remote)


def _is_in(number: int, spans: Iterable[Span]) -> bool:
    return any(span.first <= number <= span.last for span in spans)


def _is_at(endpoint: Endpoint, place: Place) -> bool:
    if place.ports is not None and not _is_in(endpoint.port, [place.ports]):
        return False
    return address_test(place.address)(endpoint.address)


@lru_cache(maxsize=64)
def address_test(pattern: str) -> Callable[[str], bool]:
    """Return the test of an address for the pattern of a ``Place``.

    An IPv4-mapped IPv6 address, ::ffff:10.0.0.1, passes as the IPv4 address as well: that is
    whom a socket for both families talks to.
    """
    if pattern == LOCALHOST:
        return lambda address: _is_within(address, _LOOPBACK)
    if "/" in pattern:
        networks = (ip_network(pattern),)
        return lambda address: _is_within(address, networks)
    meant = parse_socket_address(pattern)
    if meant is None:
        return lambda address: (
            address.startswith(pattern)
            or any(str(number).startswith(pattern) for number in _numbers(address))
        )
    return lambda address: (
        meant.ip in _numbers(address)
        and (not meant.zone or address.partition("%")[2].lower() == meant.zone)
    )


def _is_within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(number in network for number in _numbers(address) for network in networks)


def _numbers(address: str) -> tuple[IPv4Address | IPv6Address, ...]:
    bare = address.partition("%")[0]
    try:
        number = ip_address(bare)
    except ValueError:
        return ()
    mapped = number.ipv4_mapped if isinstance(number, IPv6Address) else None
    return (number,) if mapped is None else (number, mapped)
