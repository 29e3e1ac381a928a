"""Services of systemd, through ``systemctl`` with argument lists only."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from portview.actions.safety.process_facts import ServiceFacts
from portview.actions.safety.systemd_unit import is_unit_name
from portview.actions.service_control.interface import (
    no_such_service,
    service_failed,
    service_needs_admin,
    service_unreadable,
)
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.service import RecoveryAction, RecoveryKind, Service, ServiceState
from portview.i18n import _
from portview.readers.system_tools import find_tool, tool_environment

_PROPERTIES = (
    "Id,Description,LoadState,ActiveState,MainPID,UnitFileState,Restart,RestartUSec,TriggeredBy,"
    "RequiredBy,BoundBy,ConsistsOf,RefuseManualStop"
)
_STATES = {
    "active": ServiceState.RUNNING,
    "reloading": ServiceState.RUNNING,
    "inactive": ServiceState.STOPPED,
    "failed": ServiceState.STOPPED,
    "activating": ServiceState.STARTING,
    "deactivating": ServiceState.STOPPING,
}
# untranslated: what systemctl prints
_DENIALS = ("Access denied", "Interactive authentication required", "Permission denied")
_QUESTION_TIMEOUT_S = 10.0
_MOST_DEPENDENTS = 50


def systemd_runs(folder: Path = Path("/run/systemd/system")) -> bool:
    """Return whether systemd is this system's manager, as sd_booted(3) does."""
    return folder.is_dir()


class SystemdControl:
    """Asks systemd, the system's or this user's own, through ``systemctl``."""

    def __init__(self, *, of_user: bool = False) -> None:
        """Find ``systemctl``. Raises PortViewError where it is missing."""
        program = find_tool("systemctl")
        if program is None:
            raise PortViewError(
                "no_systemctl", _("systemctl, through which services are stopped, is missing.")
            )
        self._command = (program, *(("--user",) if of_user else ()))
        self._manager = "systemd --user" if of_user else "systemd"

    def describe(self, name: str) -> ServiceFacts:
        """Read what systemd knows about a service, and which running units stop with it."""
        values = self._show(name)
        needing = {
            unit
            for kind in ("RequiredBy", "BoundBy", "ConsistsOf")
            for unit in values.get(kind, "").split()
            if is_unit_name(unit) and unit.endswith(".service")
        }
        dependents = [
            _service(self._show(unit)) for unit in sorted(needing - {name})[:_MOST_DEPENDENTS]
        ]
        restarts = values.get("Restart", "no") not in {"no", ""}
        return ServiceFacts(
            _service(values),
            self._manager,
            start_type=values.get("UnitFileState") or None,
            dependents=tuple(s for s in dependents if s.state is ServiceState.RUNNING),
            can_be_stopped=values.get("RefuseManualStop") != "yes",
            restarts=restarts,
            recovery=(RecoveryAction(RecoveryKind.RESTART, _seconds(values)),) if restarts else (),
            triggers=tuple(sorted(values.get("TriggeredBy", "").split())),
        )

    def stop(self, name: str, timeout_s: float) -> None:
        """Run ``systemctl stop``."""
        self._order("stop", name, "stopped", timeout_s)

    def start(self, name: str, timeout_s: float) -> None:
        """Run ``systemctl start``."""
        self._order("start", name, "started", timeout_s)

    def _show(self, name: str) -> dict[str, str]:
        if not is_unit_name(name):
            raise no_such_service(name)
        answer = self._run(
            "show", f"--property={_PROPERTIES}", "--", name, timeout_s=_QUESTION_TIMEOUT_S
        )
        values = dict(
            line.partition("=")[::2] for line in answer.stdout.splitlines() if "=" in line
        )
        if answer.returncode or "LoadState" not in values:
            reason = next(
                iter(answer.stderr.strip().splitlines()),
                _("exit {returncode}").format(returncode=answer.returncode),
            )
            raise service_unreadable(name, reason, is_denied=_is_denied(answer.stderr))
        if values["LoadState"] == "not-found":
            raise no_such_service(name)
        return values

    def _order(self, verb: str, name: str, done: str, timeout_s: float) -> None:
        if not is_unit_name(name):
            raise no_such_service(name)
        answer = self._run(verb, "--", name, timeout_s=timeout_s)
        if answer.returncode == 0:
            return
        if _is_denied(answer.stderr):
            raise service_needs_admin(name, done)
        reason = answer.stderr.strip().splitlines()
        raise service_failed(
            name,
            done,
            reason[0] if reason else _("exit {returncode}").format(returncode=answer.returncode),
        )

    def _run(self, *arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - an argument list, the system's own program
                [*self._command, "--no-pager", "--no-ask-password", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                env=tool_environment(LC_ALL="C.UTF-8", SYSTEMD_COLORS="0"),
                cwd="/",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise PortViewError(
                "service_timeout",
                _("systemctl did not respond within {timeout_s:.0f} s.").format(
                    timeout_s=timeout_s
                ),
                _("systemd is still working on it; check again later."),
                Outcome.NOT_DONE,
            ) from error
        except OSError as error:
            raise PortViewError(
                "no_systemctl", _("systemctl can't be run: {error}.").format(error=error)
            ) from error


def _seconds(values: dict[str, str]) -> float:
    """Read ``RestartUSec`` as systemctl writes it: ``100ms``, ``5s``, ``1min 30s``."""
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
    parts = re.findall(r"(\d+)\s*(us|ms|min|s|h)", values.get("RestartUSec", ""))
    return sum(int(count) * units[unit] for count, unit in parts)


def _is_denied(message: str) -> bool:
    return any(words in message for words in _DENIALS)


def _service(values: dict[str, str]) -> Service:
    pid = values.get("MainPID", "0")
    name = values.get("Id", "")
    return Service(
        name,
        values.get("Description") or name,
        _STATES.get(values.get("ActiveState", "")),
        int(pid) if pid.isdecimal() and pid != "0" else None,
    )
