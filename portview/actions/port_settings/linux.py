"""The settings of the Linux kernel: ip-sysctl, through /proc/sys."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.domain.user_input.parsing import format_ports, parse_ports
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDER = Path("/proc/sys/net/ipv4")
_FILES = {
    SettingKind.RESERVE: "ip_local_reserved_ports",
    SettingKind.RELEASE: "ip_local_reserved_ports",
    SettingKind.DYNAMIC_RANGE: "ip_local_port_range",
    SettingKind.ALLOW_FROM: "ip_unprivileged_port_start",
}


class LinuxPortSettings:
    """Reads and writes the settings of this network namespace. They last until the restart."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        """Store where the settings are."""
        self._folder = folder

    def read(self, change: SettingChange) -> Fact[str]:
        """Return the setting that a change is about, in the form of its value.

        For reservations that is the whole list.
        """
        name = _FILES.get(change.kind)
        if name is None:
            return Absent()
        try:
            text = (self._folder / name).read_text("ascii").strip()
        except OSError as error:
            return Unreadable(
                _("{path} can't be read: {reason}").format(
                    path=self._folder / name, reason=error.strerror or error
                )
            )
        return Known("-".join(text.split()) if change.kind is SettingKind.DYNAMIC_RANGE else text)

    def is_so(self, change: SettingChange, now: Fact[str]) -> bool:
        """Return whether the setting is as a change wants it."""
        if not isinstance(now, Known):
            return False
        wanted = set(_ports(change)) if change.kind in _OF_RESERVATIONS else set()
        if change.kind is SettingKind.RESERVE:
            return wanted <= set(_listed(now.value))
        if change.kind is SettingKind.RELEASE:
            return wanted.isdisjoint(_listed(now.value))
        return now.value == change.value

    def undo_of(self, change: SettingChange, before: Fact[str]) -> SettingChange | None:
        """Return the change that brings the setting back, None where nothing is to be undone."""
        if not isinstance(before, Known) or self.is_so(change, before):
            return None
        if change.kind is SettingKind.RESERVE:
            return SettingChange(SettingKind.RELEASE, change.value)
        if change.kind is SettingKind.RELEASE:
            return SettingChange(SettingKind.RESERVE, change.value)
        return SettingChange(change.kind, before.value)

    def commands(self, change: SettingChange, before: Fact[str]) -> tuple[tuple[str, ...], ...]:
        """Return what an administrator could type instead."""
        name = _FILES[change.kind]
        return (("sysctl", "-w", f"net.ipv4.{name}={self._value(change, before)}"),)

    def apply(self, change: SettingChange) -> None:
        """Write the setting. Raises PortViewError."""
        path = self._folder / _FILES[change.kind]
        try:
            path.write_text(f"{self._value(change, self.read(change))}\n", "ascii")
        except OSError as error:
            raise _translated(error, path) from error

    def _value(self, change: SettingChange, before: Fact[str]) -> str:
        if change.kind in _OF_RESERVATIONS:
            ports = set(_listed(before.value)) if isinstance(before, Known) else set()
            if change.kind is SettingKind.RESERVE:
                ports |= set(_ports(change))
            else:
                ports -= set(_ports(change))
            return format_ports(ports)
        if change.kind is SettingKind.DYNAMIC_RANGE:
            return f"{change.ports.first} {change.ports.last}"
        return change.value


_OF_RESERVATIONS = frozenset({SettingKind.RESERVE, SettingKind.RELEASE})


def _ports(change: SettingChange) -> Iterable[int]:
    return range(change.ports.first, change.ports.last + 1)


def _listed(text: str) -> tuple[int, ...]:
    return parse_ports(text) if text else ()


def _translated(error: OSError, path: Path) -> PortViewError:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return PortViewError(
            "access_denied",
            _("The setting can't be changed without administrator rights. Nothing was done."),
            _("Try again as administrator."),
            Outcome.NEEDS_ADMIN,
        )
    if error.errno == errno.EROFS:
        return PortViewError(
            "read_only",
            _("The settings of the kernel are read-only here, as in most containers."),
            _("Change it on the host."),
            Outcome.NOT_DONE,
        )
    return PortViewError(
        "setting_refused",
        _("The kernel refused the value for {path}: {reason}.").format(
            path=path, reason=error.strerror or error
        ),
        _("The first port for every user must be below the dynamic range."),
        Outcome.NOT_DONE,
    )
