"""The ways in which a system starts the background process by itself, one class each."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from portview.actions.own_command import own_command
from portview.actions.service_control.systemd import systemd_runs
from portview.autostart import DesktopEntryAutostart, RunKeyAutostart
from portview.domain.errors import Outcome, PortViewError
from portview.files import write_whole
from portview.i18n import _
from portview.private_files import make_folder
from portview.readers.bounded_program import run_bounded
from portview.readers.elevation import is_elevated
from portview.readers.system_tools import find_tool, tool_environment
from portview.watch.background.systemd_unit import UNIT_NAME, unit_text

_SYSTEM_UNITS = Path("/etc/systemd/system")
_KEPT_VARIABLES = ("PORTVIEW_CONFIG_DIR", "PORTVIEW_LOG_DIR")
_READABLE = 0o644
_TIMEOUT_S = 30.0
_LOG_LINES = 100

# untranslated: the name of a value in the registry
LOGIN_VALUE = "PortView watches"
"""The name of the value in Windows' Run key."""


class BackgroundKind(Protocol):
    """One way of starting the background process."""

    @property
    def name(self) -> str:
        """Return the word of ``--kind``."""

    def definition(self) -> str:
        """Return what would be installed, as text."""

    def install(self) -> None:
        """Install and start it. Raises PortViewError; nothing is left behind then."""

    def remove(self) -> None:
        """Stop and remove it. Raises PortViewError."""

    def is_installed(self) -> bool:
        """Return whether it is installed."""

    def state(self) -> str:
        """Return in a word what it does now: "running", "stopped", "unknown"."""

    def log_lines(self) -> list[str] | None:
        """Return what it printed; None where the log file has it."""


class SystemdUnit:
    """A unit of systemd, the system's or this user's own."""

    def __init__(self, *, of_user: bool, user: str = "") -> None:
        """``user`` is the account of a unit of the system; empty for root."""
        self._of_user = of_user
        self._user = user
        self._manager = ("--user",) if of_user else ()

    @property
    def name(self) -> str:
        """Return the word of ``--kind``."""
        return "user-unit" if self._of_user else "service"

    @property
    def path(self) -> Path:
        """Return the unit's file."""
        if not self._of_user:
            return _SYSTEM_UNITS / UNIT_NAME
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return Path(base, "systemd", "user", UNIT_NAME)

    def definition(self) -> str:
        """Return the unit's text."""
        return unit_text(
            watch_command(), kept_environment(), of_user=self._of_user, user=self._user
        )

    def install(self) -> None:
        """Write the unit, enable and start it."""
        self._require_systemd()
        if not self._of_user and sys.platform != "win32" and os.geteuid() != 0:
            raise PortViewError(
                "needs_admin",
                _("A service of the system is installed by an administrator."),
                _("Or install it for your account alone: --kind user-unit"),
                Outcome.NEEDS_ADMIN,
            )
        try:
            make_folder(self.path.parent)
        except OSError as error:
            raise _not_installed(str(error)) from error
        write_whole(self.path, self.definition().encode(), mode=_READABLE)
        try:
            self._systemctl("daemon-reload")
            self._systemctl("enable", "--now", UNIT_NAME)
        except PortViewError:
            with contextlib.suppress(PortViewError):
                self.remove()
            raise

    def remove(self) -> None:
        """Stop and disable the unit and delete its file."""
        with contextlib.suppress(PortViewError):
            self._systemctl("disable", "--now", UNIT_NAME)
        try:
            self.path.unlink(missing_ok=True)
        except PermissionError as error:
            raise PortViewError(
                "needs_admin",
                _("A service of the system is removed by an administrator."),
                outcome=Outcome.NEEDS_ADMIN,
            ) from error
        with contextlib.suppress(PortViewError):
            self._systemctl("daemon-reload")

    def is_installed(self) -> bool:
        """Return whether the unit's file is there."""
        return self.path.exists()

    def state(self) -> str:
        """Return what systemd says."""
        try:
            shown = self._systemctl("show", "--property=ActiveState", "--value", UNIT_NAME)
        except PortViewError:
            return "unknown"
        return "running" if shown.strip() == "active" else shown.strip() or "unknown"

    def log_lines(self) -> list[str] | None:
        """Return the last lines of the journal."""
        program = find_tool("journalctl")
        if program is None:
            return None
        end = run_bounded(
            [program, *self._manager, "--unit", UNIT_NAME, "--no-pager", "-n", str(_LOG_LINES)],
            timeout_s=_TIMEOUT_S,
            env=tool_environment(),
        )
        return end.output.decode("utf-8", "replace").splitlines()

    def _require_systemd(self) -> None:
        if not systemd_runs():
            raise PortViewError(
                "no_systemd",
                _("systemd does not run here, so that no unit can be installed."),
                _("Start PortView at log-in instead: --kind login"),
                Outcome.NOT_DONE,
            )

    def _systemctl(self, *arguments: str) -> str:
        self._require_systemd()
        program = find_tool("systemctl")
        if program is None:
            raise _not_installed(_("systemctl, a program of systemd, is missing"))
        try:
            end = run_bounded(
                [program, *self._manager, *arguments], timeout_s=_TIMEOUT_S, env=tool_environment()
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            # untranslated: what systemctl said
            raise _not_installed(f"systemctl: {error}") from error
        if end.code:
            raise _not_installed(end.error.decode("utf-8", "replace").strip() or "systemctl")
        return end.output.decode("utf-8", "replace")


class StartAtLogin:
    """A start when this user logs in: a desktop entry, or a value of Windows' Run key."""

    name = "login"

    def __init__(self) -> None:
        command = watch_command()
        if sys.platform == "win32":
            self._entry: RunKeyAutostart | DesktopEntryAutostart = RunKeyAutostart(
                command, value=LOGIN_VALUE
            )
        else:
            base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
            file = Path(base, "autostart", "portview-watch.desktop")
            self._entry = DesktopEntryAutostart(command, file)

    def definition(self) -> str:
        """Return the entry."""
        return self._entry.definition()

    def install(self) -> None:
        """Write the entry; it starts with the next log-in."""
        self._entry.set_on(True)

    def remove(self) -> None:
        """Delete the entry."""
        self._entry.set_on(False)

    def is_installed(self) -> bool:
        """Return whether the entry is there."""
        return self._entry.is_on()

    def state(self) -> str:
        """Return that it starts at log-in: who evaluates now is another question."""
        # untranslated: a code of the JSON
        return "at log-in"

    def log_lines(self) -> list[str] | None:
        """Return None: the log file has it."""
        return None


def watch_command() -> tuple[str, ...]:
    """Return the command that evaluates, without a console where there is a window's program."""
    program, *rest = own_command()
    if getattr(sys, "frozen", False) and sys.platform == "win32":
        program = str(Path(program).with_name("portview.exe"))
    return (program, *rest, "watch", "run")


def kept_environment() -> dict[str, str]:
    """Return the variables of this process that say where PortView keeps things."""
    return {name: os.environ[name] for name in _KEPT_VARIABLES if os.environ.get(name)}


def all_kinds() -> tuple[BackgroundKind, ...]:
    """Return every way of this system."""
    if sys.platform == "linux":
        return (SystemdUnit(of_user=False), SystemdUnit(of_user=True), StartAtLogin())
    if sys.platform == "win32":
        return (_windows_service(), StartAtLogin())
    return (StartAtLogin(),)


def _windows_service(user: str = "") -> BackgroundKind:
    from portview.watch.background.windows_service import (  # noqa: PLC0415 - Windows only
        WindowsService,
    )

    return WindowsService(user)


def choose_kind(name: str | None, user: str) -> BackgroundKind:
    """Return the way that is asked for, or the best one that works here. Raises PortViewError."""
    if name is None:
        if sys.platform == "linux" and systemd_runs():
            return SystemdUnit(of_user=os.geteuid() != 0, user=user)
        if sys.platform == "win32" and is_elevated():
            return _windows_service(user)
        return StartAtLogin()
    if user and name != "service":
        raise PortViewError(
            "bad_usage",
            _("--user belongs to --kind service."),
            outcome=Outcome.BAD_INPUT,
        )
    if name == "login":
        return StartAtLogin()
    if sys.platform == "win32" and name == "service":
        return _windows_service(user)
    if sys.platform != "linux":
        raise PortViewError(
            "no_such_kind",
            _("PortView can't install this kind here: it needs systemd."),
            _("Start PortView at log-in instead: --kind login"),
            Outcome.NOT_DONE,
        )
    return SystemdUnit(of_user=name == "user-unit", user=user)


def _not_installed(reason: str) -> PortViewError:
    return PortViewError(
        "background_not_changed",
        _("The background process could not be installed or removed: {reason}.").format(
            reason=reason
        ),
        _("Nothing was left behind."),
        Outcome.NOT_DONE,
    )
