"""Sets Restart= of a unit by a drop-in file of PortView's own (systemd.unit(5))."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from portview.actions.safety.systemd_unit import is_unit_name
from portview.actions.service_control.interface import (
    no_such_service,
    service_failed,
    service_needs_admin,
)
from portview.domain.errors import PortViewError
from portview.files import write_whole
from portview.readers.system_tools import find_tool, tool_environment

_FILE = "50-portview-restart.conf"
_SYSTEM = Path("/etc/systemd/system")
_TIMEOUT_S = 60.0


def drop_in_path(unit: str, *, of_user: bool) -> Path:
    """Return PortView's file for a unit. Raises PortViewError for what is no name of a unit."""
    if not is_unit_name(unit):
        raise no_such_service(unit)
    if not of_user:
        return _SYSTEM / f"{unit}.d" / _FILE
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "systemd" / "user" / f"{unit}.d" / _FILE


def write_drop_in(unit: str, restart_after_s: float | None, *, of_user: bool) -> None:
    """Write the file and have systemd read it. Raises PortViewError."""
    path = drop_in_path(unit, of_user=of_user)
    # untranslated: a file
    lines = ["# Written by PortView. Delete it and run daemon-reload to undo it.", "[Service]"]
    if restart_after_s is None:
        lines.append("Restart=no")
    else:
        lines += ["Restart=on-failure", f"RestartSec={restart_after_s:g}"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, ("\n".join(lines) + "\n").encode())
        path.chmod(0o644)
    except PermissionError as error:
        raise service_needs_admin(unit, "changed") from error
    except OSError as error:
        raise service_failed(unit, "changed", error.strerror or str(error)) from error
    _reload(unit, of_user=of_user)


def _reload(unit: str, *, of_user: bool) -> None:
    program = find_tool("systemctl")
    if program is None:
        raise service_failed(unit, "changed", "systemctl")
    command = [program, *(("--user",) if of_user else ()), "--no-ask-password", "daemon-reload"]
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, the system's own program
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=tool_environment(LC_ALL="C.UTF-8"),
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PortViewError("no_systemctl", str(error)) from error
    if done.returncode:
        reason = done.stderr.strip().splitlines()
        raise service_failed(unit, "changed", reason[0] if reason else str(done.returncode))
