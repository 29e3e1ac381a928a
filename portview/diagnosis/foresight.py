"""What will keep a port from a server later: ranges that cover it, and ports that run out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind, reserve
from portview.diagnosis.causes.exhaustion import ALARMING_SHARE
from portview.domain.plain_text import inert
from portview.domain.sockets.port_ranges import PortRange
from portview.domain.sockets.socket_row import Protocol, awaits_clients
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from portview.diagnosis.facts import Usage
    from portview.domain.sockets.port_ranges import PortRanges
    from portview.domain.sockets.snapshot import Snapshot

_WINDOWS_START = 49152
_WELL_KNOWN_END = 1023
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class PortWarning:
    """What may go wrong later. ``code`` is stable, ``change`` the setting that helps."""

    code: str
    sentence: str
    ports: tuple[int, ...] = ()
    change: SettingChange | None = None


def warnings_for(
    protocol: Protocol,
    ranges: PortRanges,
    usage: Usage | None,
    wanted: Iterable[int],
    platform: str,
) -> tuple[PortWarning, ...]:
    """Return what may go wrong with the ports of one protocol.

    ``wanted`` are ports that a person uses or watches, ``platform`` a value of ``sys.platform``.
    """
    found = [*_exhaustion(usage), *_dynamic_range(protocol, ranges, platform)]
    found += _covered(protocol, ranges, sorted(set(wanted)))
    return tuple(found)


def fixed_servers(
    snapshot: Snapshot, protocol: Protocol, is_known: Callable[[int], bool]
) -> tuple[int, ...]:
    """Return the ports that are listened on and known by name, so that they are no random ones."""
    return tuple(
        sorted(
            {
                row.local.port
                for row in snapshot.rows
                if row.protocol is protocol and awaits_clients(row) and is_known(row.local.port)
            }
        )
    )


def _exhaustion(usage: Usage | None) -> Iterator[PortWarning]:
    if usage is None or usage.share < ALARMING_SHARE:
        return
    most = inert(usage.by_process[0][0], 80) if usage.by_process else ""
    sentence = _("{used} of {size} dynamic ports are in use; soon no connection can be made.")
    if most:
        sentence = _(
            "{used} of {size} dynamic ports are in use, most of them by {process}; soon no "
            "connection can be made."
        )
    yield PortWarning(
        "port_exhaustion", sentence.format(used=usage.used, size=usage.size, process=most)
    )


def _dynamic_range(protocol: Protocol, ranges: PortRanges, platform: str) -> Iterator[PortWarning]:
    dynamic = ranges.dynamic
    if dynamic is None:
        return
    if dynamic.first <= _WELL_KNOWN_END:
        yield PortWarning(
            "dynamic_range_overlaps_well_known",
            _("The dynamic range {range} covers well-known ports of servers.").format(
                range=dynamic
            ),
        )
    elif platform == "win32" and dynamic.first < _WINDOWS_START:
        usual = PortRange(_WINDOWS_START, 65535)
        yield PortWarning(
            "dynamic_range_low",
            _(
                "The dynamic range begins at {first} instead of {usual}: Windows reserves blocks "
                "of it for virtual machines, among the ports of servers."
            ).format(first=dynamic.first, usual=usual.first),
            (),
            SettingChange(SettingKind.DYNAMIC_RANGE, str(usual), protocol),
        )


def _covered(protocol: Protocol, ranges: PortRanges, wanted: list[int]) -> Iterator[PortWarning]:
    for port in wanted:
        exclusion = ranges.exclusion_of(port)
        if exclusion is not None and not exclusion.is_administered:
            yield PortWarning(
                "excluded_range",
                _("Port {port} is in the excluded range {range}.").format(
                    port=port, range=exclusion
                ),
                (port,),
            )
    at_risk = tuple(
        port for port in wanted if ranges.is_dynamic(port) and ranges.exclusion_of(port) is None
    )
    for port in at_risk[:_MOST_NAMED]:
        yield PortWarning(
            "dynamic_range",
            _(
                "Port {port} is in the dynamic range: after a restart of its server the system may "
                "have given it to an outgoing connection."
            ).format(port=port),
            (port,),
            reserve(port, protocol=protocol),
        )
