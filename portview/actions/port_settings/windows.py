"""The settings of Windows: reservations, dynamic ranges and port proxies, through netsh.exe."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind, parse_forward
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Absent, Fact, Known, Unreadable, known_or
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Family
from portview.i18n import _, without_full_stop
from portview.readers.elevation import is_elevated
from portview.readers.port_ranges import read_port_ranges
from portview.readers.windows.reserved_ports import read_port_proxies
from portview.readers.windows.system_programs import (
    CREATE_NO_WINDOW,
    program_environment,
    program_folder,
    system_program,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMEOUT_S = 60
_WINNAT = "winnat"
_STOPPED_ALREADY = 2
"""Exit code of "net stop" for a service that does not run."""


class WindowsPortSettings:
    """Changes the settings with netsh, which needs an administrator; reading does not."""

    def __init__(
        self,
        run: Callable[[tuple[str, ...]], int] | None = None,
        has_rights: Callable[[], bool] = is_elevated,
    ) -> None:
        """Store what runs a command and returns its exit code, and whether it may be run."""
        self._run = run or run_system_command
        self._has_rights = has_rights

    def read(self, change: SettingChange) -> Fact[str]:
        """Return the setting that a change is about, in the form of its value.

        A reservation is there as its own value, or Absent.
        """
        if change.kind in _OF_FORWARDS:
            return _forward(change)
        ranges = read_port_ranges(change.protocol, Family.IPV4)
        if ranges.notes:
            return Unreadable(without_full_stop(ranges.notes[0]))
        if change.kind is SettingKind.DYNAMIC_RANGE:
            return Known(str(ranges.dynamic)) if ranges.dynamic else Absent()
        found = [one for one in ranges.excluded if one.is_administered]
        wanted = change.ports
        is_there = any(one.first <= wanted.first and wanted.last <= one.last for one in found)
        return Known(change.value) if is_there else Absent()

    def is_so(self, change: SettingChange, now: Fact[str]) -> bool:
        """Return whether the setting is as a change wants it."""
        if isinstance(now, Unreadable):
            return False
        if change.kind in {SettingKind.RELEASE, SettingKind.REMOVE_FORWARD}:
            return isinstance(now, Absent)
        return known_or(now, "") == change.value

    def undo_of(self, change: SettingChange, before: Fact[str]) -> SettingChange | None:
        """Return the change that brings the setting back, None where nothing is to be undone."""
        if isinstance(before, Unreadable) or self.is_so(change, before):
            return None
        opposite = _OPPOSITES.get(change.kind)
        if opposite is not None:
            return SettingChange(opposite, change.value, change.protocol)
        return SettingChange(change.kind, known_or(before, ""), change.protocol)

    def commands(self, change: SettingChange, before: Fact[str]) -> tuple[tuple[str, ...], ...]:
        """Return the commands in order; those around WinNAT stop and start its driver."""
        del before
        commands = netsh_commands(change)
        if not change.is_around_winnat:
            return commands
        return (("net", "stop", _WINNAT), *commands, ("net", "start", _WINNAT))

    def apply(self, change: SettingChange) -> None:
        """Run the commands. WinNAT is started again whatever happens. Raises PortViewError."""
        if not self._has_rights():
            raise PortViewError(
                "access_denied",
                _("The setting can't be changed without administrator rights. Nothing was done."),
                _("Try again as administrator."),
                Outcome.NEEDS_ADMIN,
            )
        if not change.is_around_winnat:
            self._run_all(netsh_commands(change))
            return
        code = self._run(("net", "stop", _WINNAT))
        try:
            if code not in {0, _STOPPED_ALREADY}:
                raise _failed(("net", "stop", _WINNAT), code)
            self._run_all(netsh_commands(change))
        finally:
            if code == 0:
                self._run(("net", "start", _WINNAT))

    def _run_all(self, commands: tuple[tuple[str, ...], ...]) -> None:
        for command in commands:
            code = self._run(command)
            if code:
                raise _failed(command, code)


_OPPOSITES = {
    SettingKind.RESERVE: SettingKind.RELEASE,
    SettingKind.RELEASE: SettingKind.RESERVE,
    SettingKind.REMOVE_FORWARD: SettingKind.RESTORE_FORWARD,
    SettingKind.RESTORE_FORWARD: SettingKind.REMOVE_FORWARD,
}
_OF_FORWARDS = frozenset({SettingKind.REMOVE_FORWARD, SettingKind.RESTORE_FORWARD})


def netsh_commands(change: SettingChange) -> tuple[tuple[str, ...], ...]:
    """Return the commands of a change. Pure.

    netsh takes a count and not a last port. A dynamic range is one of each family.
    """
    if change.kind in _OF_FORWARDS:
        return (_forward_command(change),)
    ports = change.ports
    count = ports.last - ports.first + 1
    if change.kind is SettingKind.DYNAMIC_RANGE:
        return tuple(
            (
                *("netsh", "int", family, "set", "dynamicport", change.protocol.value),
                *(f"start={ports.first}", f"num={count}"),
            )
            for family in ("ipv4", "ipv6")
        )
    verb = "add" if change.kind is SettingKind.RESERVE else "delete"
    return (
        (
            *("netsh", "int", "ipv4", verb, "excludedportrange"),
            f"protocol={change.protocol.value}",
            *(f"startport={ports.first}", f"numberofports={count}", "store=persistent"),
        ),
    )


def _forward_command(change: SettingChange) -> tuple[str, ...]:
    kind, address, port, target, target_port = parse_forward(change.value)
    listen = (f"listenport={port}", *(() if address == "*" else (f"listenaddress={address}",)))
    if change.kind is SettingKind.REMOVE_FORWARD:
        return ("netsh", "interface", "portproxy", "delete", kind, *listen)
    to = (f"connectport={target_port}", f"connectaddress={target}")
    return ("netsh", "interface", "portproxy", "add", kind, *listen, *to)


def _forward(change: SettingChange) -> Fact[str]:
    kind, address, port, _target, _target_port = parse_forward(change.value)
    try:
        rules = read_port_proxies()
    except OSError as error:
        return Unreadable(
            _("the registry can't be read: {reason}").format(reason=error.strerror or error)
        )
    for one in known_or(rules, ()):
        if (one.kind, one.listen_address, one.listen_port) == (kind, address, port):
            target = f"{one.connect_address}/{one.connect_port}"
            return Known(f"{kind} {address}/{port} {target}")
    return Absent()


def run_system_command(command: tuple[str, ...]) -> int:
    """Run one of Windows' own programs by its full path; return its exit code.

    Raises PortViewError where it can't be run or does not end.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a system program with validated words
            [system_program(f"{command[0]}.exe"), *command[1:]],
            capture_output=True,
            check=False,
            cwd=program_folder(),
            env=program_environment(),
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            creationflags=CREATE_NO_WINDOW if sys.platform == "win32" else 0,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PortViewError(
            "command_failed",
            _("{program} can't be run: {reason}.").format(program=command[0], reason=error),
            "",
            Outcome.NOT_DONE,
        ) from error
    return done.returncode


def _failed(command: tuple[str, ...], code: int) -> PortViewError:
    return PortViewError(
        "command_failed",
        _("{command} failed (exit code {code}).").format(
            command=inert(" ".join(command)), code=code
        ),
        _("A socket in the range, or another reservation that overlaps, is in the way."),
        Outcome.NOT_DONE,
    )
