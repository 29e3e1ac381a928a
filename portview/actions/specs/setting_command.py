"""PortView's own commands for changes of port settings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingKind

if TYPE_CHECKING:
    from portview.actions.specs.setting import SettingChange

WINDOWS_ONLY = frozenset({SettingKind.REMOVE_FORWARD, SettingKind.RESTORE_FORWARD})


def command_of(change: SettingChange) -> tuple[str, ...]:
    """Return PortView's own command for a change."""
    if change.kind in WINDOWS_ONLY:
        verb = "remove" if change.kind is SettingKind.REMOVE_FORWARD else "restore"
        return ("portview", "ports", "forward", verb, *change.value.split())
    verb = {
        SettingKind.RESERVE: "reserve",
        SettingKind.RELEASE: "release",
        SettingKind.DYNAMIC_RANGE: "dynamic",
        SettingKind.ALLOW_FROM: "allow-from",
    }[change.kind]
    around = ("--around-winnat",) if change.is_around_winnat else ()
    proto = ("--proto", "udp") if change.protocol.value == "udp" else ()
    return ("portview", "ports", verb, change.value, *proto, *around)
