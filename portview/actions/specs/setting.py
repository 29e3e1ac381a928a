"""One change of a setting about ports: what it is, and how it is written. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.domain.sockets.port_ranges import PortRange
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import MAX_PORT, parse_port
from portview.i18n import _

_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_FORWARD = re.compile(
    r"(v[46]tov[46]) (\*|[0-9A-Fa-f:.]{2,45})/([0-9]{1,5}) ([0-9A-Za-z.:-]{1,253})/([0-9]{1,5})"
)


class SettingKind(StrEnum):
    """What is changed.

    RESERVE and RELEASE: whether the system gives ports to outgoing connections. DYNAMIC_RANGE:
    from where it takes those. ALLOW_FROM: the first port that every user may bind (Linux).
    REMOVE_FORWARD and RESTORE_FORWARD: a port proxy (Windows).
    """

    RESERVE = "reserve"
    RELEASE = "release"
    DYNAMIC_RANGE = "dynamic-range"
    ALLOW_FROM = "allow-from"
    REMOVE_FORWARD = "remove-forward"
    RESTORE_FORWARD = "restore-forward"


_OF_A_RANGE = frozenset({SettingKind.RESERVE, SettingKind.RELEASE, SettingKind.DYNAMIC_RANGE})
_OF_A_FORWARD = frozenset({SettingKind.REMOVE_FORWARD, SettingKind.RESTORE_FORWARD})


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One change. ``value`` is "8000-8010", "80", or a forward "v4tov4 */8080 172.28.1.2/80".

    ``protocol`` counts on Windows alone; Linux has one setting for both. ``is_around_winnat`` stops
    Windows' NAT driver meanwhile, which keeps ranges for itself.
    """

    kind: SettingKind
    value: str
    protocol: Protocol = Protocol.TCP
    is_around_winnat: bool = False

    @property
    def ports(self) -> PortRange:
        """Return the ports that a change of a range is about."""
        match = _RANGE.fullmatch(self.value)
        if match is None:
            raise ValueError(self.value)
        return PortRange(int(match[1]), int(match[2]))

    def words(self) -> tuple[str, ...]:
        """Return the change as arguments, which ``parse_change`` reads."""
        around = "around-winnat" if self.is_around_winnat else "plain"
        return (self.kind.value, self.protocol.value, around, self.value)


def parse_change(words: tuple[str, ...]) -> SettingChange:
    """Read a change from all of its words. Raises PortViewError on anything unexpected."""
    if len(words) != 4:  # noqa: PLR2004 - kind, protocol, how, value
        raise _bad(" ".join(words))
    kind, protocol, around, value = words
    if kind not in set(SettingKind) or protocol not in set(Protocol):
        raise _bad(kind)
    if around not in {"plain", "around-winnat"}:
        raise _bad(around)
    return checked_change(
        SettingChange(
            SettingKind(kind), value, Protocol(protocol), is_around_winnat=around != "plain"
        )
    )


def checked_change(change: SettingChange) -> SettingChange:
    """Return a change whose value is one. Raises PortViewError."""
    if change.kind in _OF_A_RANGE:
        match = _RANGE.fullmatch(change.value)
        if match is None or not 0 < int(match[1]) <= int(match[2]) <= MAX_PORT:
            raise _bad(change.value)
    elif change.kind in _OF_A_FORWARD:
        parse_forward(change.value)
    elif change.value != "0":
        parse_port(change.value)
    return change


def reserve(
    first: int, last: int | None = None, protocol: Protocol = Protocol.TCP
) -> SettingChange:
    """Return the change that keeps ports from outgoing connections."""
    return SettingChange(SettingKind.RESERVE, f"{first}-{last or first}", protocol)


def parse_forward(value: str) -> tuple[str, str, int, str, int]:
    """Return kind, address, port, target and its port of a forward. Raises PortViewError."""
    match = _FORWARD.fullmatch(value)
    if match is None:
        raise _bad(value)
    kind, address, port, target, target_port = match.groups()
    if address != "*":
        try:
            ip_address(address)
        except ValueError:
            raise _bad(address) from None
    if not 0 < int(port) <= MAX_PORT or not 0 < int(target_port) <= MAX_PORT:
        raise _bad(value)
    if target.startswith("-"):
        raise _bad(target)
    return kind, address, int(port), target, int(target_port)


def _bad(text: str) -> PortViewError:
    return PortViewError(
        "bad_setting",
        _("{text} is not a setting of ports.").format(text=quoted(text)),
        "",
        Outcome.BAD_INPUT,
    )
