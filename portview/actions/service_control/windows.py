"""Services of Windows, through the service control manager."""

from __future__ import annotations

import ctypes
import logging
import time
from ctypes import wintypes
from typing import TYPE_CHECKING, Any

from portview.actions.safety.process_facts import ServiceFacts
from portview.actions.service_control import windows_api as scm
from portview.actions.service_control.interface import (
    no_such_service,
    service_failed,
    service_needs_admin,
)
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Absent, Fact, Known, Remedy, Unreadable
from portview.domain.owners.service import RecoveryAction, RecoveryKind, Service, ServiceState
from portview.i18n import _, without_full_stop
from portview.readers.elevation import is_elevated, unreadable_here
from portview.readers.windows.advapi32 import ServiceManager
from portview.readers.windows.service_table import STATES

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.actions.service_control.interface import ServiceControl

logger = logging.getLogger(__name__)

_START_TYPES = {0: "boot", 1: "system", 2: "auto", 3: "manual", 4: "disabled"}
_RECOVERY_KINDS = {
    scm.SC_ACTION_RESTART: RecoveryKind.RESTART,
    scm.SC_ACTION_REBOOT: RecoveryKind.REBOOT,
    scm.SC_ACTION_RUN_COMMAND: RecoveryKind.RUN_COMMAND,
}
_NEVER_S = 0xFFFFFFFF
"""INFINITE, as a reset period: the count of failures stays."""
_LOOK_EVERY_S = 0.05
_READING = scm.SERVICE_QUERY_CONFIG | scm.SERVICE_QUERY_STATUS | scm.SERVICE_ENUMERATE_DEPENDENTS


class WindowsServiceControl:
    """Asks the service control manager of this machine."""

    def describe(self, name: str) -> ServiceFacts:
        """Read state, start type and the running services that depend on one."""
        try:
            with scm.open_service(name, _READING) as handle:
                status = _status(handle)
                config = _config(handle)
                recovery, reset_s = _recovery(handle)
                return ServiceFacts(
                    Service(
                        name,
                        config[1] or name,
                        STATES.get(status.state),
                        status.pid or None,
                    ),
                    "scm",
                    start_type=config[0],
                    dependents=_dependents(handle),
                    can_be_stopped=_can_be_stopped(status),
                    restarts=any(one.kind is RecoveryKind.RESTART for one in recovery),
                    recovery=recovery,
                    recovery_reset_s=reset_s,
                )
        except OSError as error:
            raise _translated(error, name, "read") from error

    def stop(self, name: str, timeout_s: float) -> None:
        """Send SERVICE_CONTROL_STOP and wait until the service has stopped."""
        try:
            with scm.open_service(name, scm.SERVICE_STOP | scm.SERVICE_QUERY_STATUS) as handle:
                answer = scm.ServiceStatus()
                api = scm.service_api()
                if not api.control(handle, scm.SERVICE_CONTROL_STOP, ctypes.byref(answer)):
                    _pass_over(scm.ERROR_SERVICE_NOT_ACTIVE)
                _wait_for(handle, name, ServiceState.STOPPED, timeout_s)
        except OSError as error:
            raise _translated(error, name, "stopped") from error

    def start(self, name: str, timeout_s: float) -> None:
        """Start the service and wait until it runs."""
        try:
            with scm.open_service(name, scm.SERVICE_START | scm.SERVICE_QUERY_STATUS) as handle:
                if not scm.service_api().start(handle, 0, None):
                    _pass_over(scm.ERROR_SERVICE_ALREADY_RUNNING)
                _wait_for(handle, name, ServiceState.RUNNING, timeout_s)
        except OSError as error:
            raise _translated(error, name, "started") from error


def services_in(
    pid: int,
    *,
    list_services: Callable[[], list[Service]] | None = None,
    control: ServiceControl | None = None,
) -> Fact[tuple[ServiceFacts, ...]]:
    """Return the services that run in a process.

    Unreadable where they can't be listed, or where one of them can't be queried: a process that
    may be a service is not stopped as if it were none.
    """
    control = control or WindowsServiceControl()
    try:
        listed = (list_services or ServiceManager().services)()
    except OSError as error:
        logger.warning("could not list the services for PID %d: %s", pid, error)
        return unreadable_here(
            _("the services can't be listed ({value})").format(value=error.strerror or error), error
        )
    names = sorted(service.name for service in listed if service.pid == pid)
    if not names:
        return Absent()
    found = []
    for name in names:
        try:
            found.append(control.describe(name))
        except PortViewError as error:
            logger.warning("could not read a service of PID %d: %s", pid, error.message)
            return _unreadable_service(name, error)
    return Known(tuple(found))


def _unreadable_service(name: str, error: PortViewError) -> Unreadable:
    reason = _("the service {name} can't be queried ({rstrip})").format(
        name=name, rstrip=without_full_stop(error.message)
    )
    if error.outcome is not Outcome.NEEDS_ADMIN:
        return Unreadable(reason, Remedy.RETRY)
    return Unreadable(reason, Remedy.CAPABILITY if is_elevated() else Remedy.ADMINISTRATOR)


def _status(handle: Any) -> scm.ServiceStatusProcess:
    status, needed = scm.ServiceStatusProcess(), wintypes.DWORD()
    scm.check(
        scm.service_api().status(
            handle,
            scm.SC_STATUS_PROCESS_INFO,
            ctypes.byref(status),
            ctypes.sizeof(status),
            ctypes.byref(needed),
        )
    )
    return status


def _config(handle: Any) -> tuple[str | None, str]:
    """Return the start type and the display name."""
    api, needed = scm.service_api(), wintypes.DWORD()
    buffer = ctypes.create_string_buffer(scm.LARGEST_CONFIG)
    scm.check(api.config(handle, buffer, len(buffer), ctypes.byref(needed)))
    config = scm.ServiceConfig.from_buffer(buffer)
    start_type = _START_TYPES.get(config.start_type)
    is_delayed = wintypes.BOOL()
    has_delay = api.config2(
        handle,
        scm.SERVICE_CONFIG_DELAYED_AUTO_START_INFO,
        ctypes.byref(is_delayed),
        ctypes.sizeof(is_delayed),
        ctypes.byref(needed),
    )
    if start_type == "auto" and has_delay and is_delayed.value:
        start_type = "auto (delayed)"
    return start_type, str(config.display_name or "")


def _recovery(handle: Any) -> tuple[tuple[RecoveryAction, ...], int | None]:
    """Return what the service manager does when a service ends by itself, and when it forgets.

    These are its failure actions, as the Recovery tab of services.msc shows them. A service whose
    actions can't be read is shown without any: stopping it through its manager runs none.
    """
    buffer, needed = ctypes.create_string_buffer(scm.LARGEST_CONFIG), wintypes.DWORD()
    level = scm.SERVICE_CONFIG_FAILURE_ACTIONS
    size = len(buffer)
    if not scm.service_api().config2(handle, level, buffer, size, ctypes.byref(needed)):
        return (), None
    found = scm.FailureActions.from_buffer(buffer)
    if not found.actions:
        return (), None
    most = min(found.count, size // ctypes.sizeof(scm.FailureAction))
    read = [found.actions[number] for number in range(most)]
    actions = tuple(
        RecoveryAction(_RECOVERY_KINDS.get(one.kind, RecoveryKind.NOTHING), one.delay_ms / 1000)
        for one in read
    )
    reset_s = None if found.reset_period == _NEVER_S else int(found.reset_period)
    return actions, reset_s


def _dependents(handle: Any) -> tuple[Service, ...]:
    """Return the running services that depend on one, in the order in which they must stop."""
    needed, count = wintypes.DWORD(), wintypes.DWORD()
    buffer = ctypes.create_string_buffer(scm.LARGEST_DEPENDENTS)
    scm.check(
        scm.service_api().dependents(
            handle,
            scm.SERVICE_ACTIVE,
            buffer,
            len(buffer),
            ctypes.byref(needed),
            ctypes.byref(count),
        )
    )
    most = len(buffer) // ctypes.sizeof(scm.DependentService)
    rows = (scm.DependentService * min(count.value, most)).from_buffer(buffer)
    return tuple(
        Service(row.name, row.display_name or row.name, STATES.get(row.status.state))
        for row in rows
        if row.name
    )


def _can_be_stopped(status: scm.ServiceStatusProcess) -> bool:
    # A service that is starting or stopping accepts nothing for the moment.
    is_running = STATES.get(status.state) is ServiceState.RUNNING
    return not is_running or bool(status.accepted & scm.SERVICE_ACCEPT_STOP)


def _wait_for(handle: Any, name: str, state: ServiceState, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    done = "stopped" if state is ServiceState.STOPPED else "started"
    while STATES.get(_status(handle).state) is not state:
        now = STATES.get(_status(handle).state)
        if time.monotonic() > deadline:
            raise service_failed(
                name,
                done,
                _("after {timeout_s:.0f} s it is still {now}.").format(
                    timeout_s=timeout_s, now=now
                ),
            )
        if state is ServiceState.RUNNING and now is ServiceState.STOPPED:
            raise service_failed(name, done, _("it stopped again at once."))
        time.sleep(_LOOK_EVERY_S)


def _pass_over(code: int) -> None:
    """Raise the last error unless it says that what was wanted is so already."""
    try:
        scm.check(succeeded=False)
    except OSError as error:
        if scm.code_of(error) != code:
            raise


def _translated(error: OSError, name: str, verb: str) -> PortViewError:
    match scm.code_of(error):
        case scm.ERROR_ACCESS_DENIED:
            return service_needs_admin(name, verb)
        case scm.ERROR_SERVICE_DOES_NOT_EXIST | scm.ERROR_INVALID_NAME:
            return no_such_service(name)
    return service_failed(name, verb, str(error.strerror or error))
