"""The background process as a Windows service: its definition, installation and removal."""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.actions.own_command import elevated_command
from portview.actions.service_control.windows_api import (
    ERROR_ACCESS_DENIED,
    ERROR_SERVICE_ALREADY_RUNNING,
    ERROR_SERVICE_DOES_NOT_EXIST,
    ERROR_SERVICE_NOT_ACTIVE,
    LARGEST_CONFIG,
    SC_ACTION_RESTART,
    SC_MANAGER_CONNECT,
    SC_STATUS_PROCESS_INFO,
    SERVICE_CONFIG_DELAYED_AUTO_START_INFO,
    SERVICE_CONFIG_FAILURE_ACTIONS,
    SERVICE_QUERY_CONFIG,
    SERVICE_QUERY_STATUS,
    SERVICE_START,
    SERVICE_STOP,
    FailureAction,
    FailureActions,
    ServiceConfig,
    ServiceStatus,
    ServiceStatusProcess,
    check,
    code_of,
    open_service,
    service_api,
)
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.readers.windows.dll import last_error, windows_error
from portview.readers.windows.known_folders import CSIDL_PROGRAM_FILES, known_folder
from portview.watch.background import service_api as scm
from portview.watch.background.event_log import register_source, unregister_source
from portview.watch.background.service_folder import prepare_folder, service_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

SERVICE_NAME = "PortView"
RUN_SERVICE = "run-service"
"""The argument with which the service control manager starts the console program."""

_DAY_S = 86_400
_RESTARTS_MS = (2_000, 5_000, 30_000)
"""After how long the first, the second and every further failure of a day is answered."""
_STOP_PATIENCE_S, _START_PATIENCE_S = 10.0, 30.0
_PAUSE_S = 0.1
_LEAST_PRIVILEGES = ("SeChangeNotifyPrivilege",)
# untranslated: names of accounts
_ACCOUNTS = {
    "localservice": r"NT AUTHORITY\LocalService",
    "networkservice": r"NT AUTHORITY\NetworkService",
    "localsystem": "LocalSystem",
}
"""What ``--user`` takes, beside group managed service accounts, whose names end with a $."""


class ServicePlan(NamedTuple):
    """What is installed."""

    command: tuple[str, ...]
    account: str
    folder: Path

    @property
    def line(self) -> str:
        r"""Return the command line; Windows would look for C:\Program.exe without the quotes."""
        program, *rest = self.command
        return f'"{program}" {subprocess.list2cmdline(rest)}'

    @property
    def has_least_rights(self) -> bool:
        """Return whether the service gives up every privilege that it can do without."""
        return self.account != _ACCOUNTS["localsystem"]


def account_name(user: str) -> str:
    """Return an account as the manager knows it. Raises PortViewError for one with a password."""
    account = _ACCOUNTS.get((user or "LocalService").lower())
    if account is None and user.endswith("$"):
        account = user
    if account is None:
        raise PortViewError(
            "bad_user",
            _("PortView stores no password, and this account would need one."),
            _("LocalService, NetworkService, LocalSystem, or a managed account (DOMAIN\\name$)."),
            Outcome.BAD_INPUT,
        )
    return account


def service_plan(user: str) -> ServicePlan:
    """Return what would be installed for an account. Raises PortViewError."""
    folder = service_folder()
    program, *rest = elevated_command()
    if getattr(sys, "frozen", False):
        # The console program carries no window: it starts the sooner, and needs less memory.
        program = str(Path(program).with_name("portviewc.exe"))
    return ServicePlan((program, *rest, RUN_SERVICE, str(folder)), account_name(user), folder)


class WindowsService:
    """A service of Windows, from boot on."""

    name = "service"

    def __init__(self, user: str = "") -> None:
        """``user`` is the account; empty for LocalService."""
        self._user = user

    def definition(self) -> str:
        """Return what would be installed."""
        plan = service_plan(self._user)
        seconds = ", ".join(str(ms // 1000) for ms in _RESTARTS_MS)
        # untranslated: the words of the service control manager
        return (
            f"SERVICE_NAME: {SERVICE_NAME}\n"
            f"BINARY_PATH_NAME: {plan.line}\n"
            f"SERVICE_START_NAME: {plan.account}\n"
            "START_TYPE: AUTO_START (DELAYED)\n"
            f"FAILURE_ACTIONS: RESTART after {seconds} s\n"
            f"WATCHES: {plan.folder / 'watches.toml'}\n"
        )

    def install(self) -> None:
        """Create or change the service, and start it. Raises PortViewError."""
        plan = service_plan(self._user)
        _require_safe_place(plan)
        try:
            is_new = not self.is_installed()
            prepare_folder(plan.folder, SERVICE_NAME, _own_sid(), is_in_use=not is_new)
            register_source()
            _write(plan)
        except OSError as error:
            raise _refused(error) from error
        try:
            self.start()
        except PortViewError:
            if is_new:
                with suppress(PortViewError):
                    self.remove()
            raise

    def start(self) -> None:
        """Start it and wait until it runs. Raises PortViewError."""
        try:
            with open_service(SERVICE_NAME, SERVICE_START | SERVICE_QUERY_STATUS) as service:
                if not service_api().start(service, 0, None):
                    code = last_error()
                    if code != ERROR_SERVICE_ALREADY_RUNNING:
                        raise windows_error(code)
                state = _wait_for(service, scm.SERVICE_RUNNING, _START_PATIENCE_S)
        except OSError as error:
            raise _refused(error) from error
        if state != scm.SERVICE_RUNNING:
            raise PortViewError(
                "service_not_started",
                _("The service was installed, but it does not start."),
                _("The Event Viewer and `portview background logs` say why."),
                Outcome.NOT_DONE,
            )

    def stop(self) -> None:
        """Stop it and wait until it has ended. Raises PortViewError."""
        try:
            with open_service(SERVICE_NAME, SERVICE_STOP | SERVICE_QUERY_STATUS) as service:
                _stop(service)
        except OSError as error:
            raise _refused(error) from error

    def remove(self) -> None:
        """Stop and delete it; its watches and its history stay. Raises PortViewError."""
        try:
            access = scm.DELETE | SERVICE_STOP | SERVICE_QUERY_STATUS
            with open_service(SERVICE_NAME, access) as service:
                _stop(service)
                check(scm.service_install_api().delete(service))
            unregister_source()
        except OSError as error:
            raise _refused(error) from error

    def is_installed(self) -> bool:
        """Return whether there is such a service."""
        try:
            with open_service(SERVICE_NAME, SERVICE_QUERY_STATUS):
                return True
        except OSError as error:
            # Denied: there is one that this account may not ask about.
            return code_of(error) == ERROR_ACCESS_DENIED

    def is_own(self) -> bool:
        """Return whether the service that is installed runs this very PortView. Raises OSError."""
        try:
            with open_service(SERVICE_NAME, SERVICE_QUERY_CONFIG) as service:
                buffer, needed = ctypes.create_string_buffer(LARGEST_CONFIG), ctypes.c_ulong()
                check(service_api().config(service, buffer, LARGEST_CONFIG, ctypes.byref(needed)))
                line = str(ServiceConfig.from_buffer(buffer).program or "")
        except OSError as error:
            if code_of(error) == ERROR_SERVICE_DOES_NOT_EXIST:
                return False
            raise
        return line.lower() == service_plan("").line.lower()

    def state(self) -> str:
        """Return what the manager says."""
        try:
            with open_service(SERVICE_NAME, SERVICE_QUERY_STATUS) as service:
                return _STATES.get(_status(service).state, "unknown")
        except OSError:
            return "unknown"

    def log_lines(self) -> list[str] | None:
        """Return the last lines of the service's own log file. Raises PortViewError."""
        from portview.private_files import read_whole  # noqa: PLC0415 - loaded when wanted

        try:
            text = read_whole(service_folder() / "portview.log").decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _refused(error) from error
        return text.splitlines()[-100:]


_STATES = {
    scm.SERVICE_STOPPED: "stopped",
    scm.SERVICE_START_PENDING: "starting",
    scm.SERVICE_STOP_PENDING: "stopping",
    scm.SERVICE_RUNNING: "running",
}


def _require_safe_place(plan: ServicePlan) -> None:
    """Refuse a program that others could exchange: it would run with the service's rights."""
    if not getattr(sys, "frozen", False):
        return
    programs = known_folder(CSIDL_PROGRAM_FILES)
    if not Path(plan.command[0]).is_relative_to(programs):
        raise PortViewError(
            "unsafe_place",
            _("A service needs a program that administrators alone can change."),
            _("Install PortView for everyone first; it is then in {folder}.").format(
                folder=programs
            ),
            Outcome.NOT_DONE,
        )


def _write(plan: ServicePlan) -> None:
    """Create the service, or bring the one that is there up to date. Raises OSError."""
    api = service_api()
    manager = api.open_manager(None, None, SC_MANAGER_CONNECT | scm.SC_MANAGER_CREATE_SERVICE)
    check(manager)
    try:
        with _created_or_open(manager, plan) as service:
            _configure(service, plan)
    finally:
        api.close(manager)


@contextmanager
def _created_or_open(manager: Any, plan: ServicePlan) -> Iterator[Any]:
    access = scm.SERVICE_CHANGE_CONFIG | SERVICE_START | SERVICE_QUERY_STATUS
    install = scm.service_install_api()
    service = install.create(
        *(manager, SERVICE_NAME, SERVICE_NAME, access, scm.SERVICE_WIN32_OWN_PROCESS),
        *(scm.SERVICE_AUTO_START, scm.SERVICE_ERROR_NORMAL, plan.line),
        *(None, None, None, plan.account, None),
    )
    if service:
        try:
            yield service
        finally:
            service_api().close(service)
        return
    code = last_error()
    if code != scm.ERROR_SERVICE_EXISTS:
        raise windows_error(code)
    with open_service(SERVICE_NAME, access) as found:
        check(
            install.change(
                *(found, scm.SERVICE_WIN32_OWN_PROCESS, scm.SERVICE_AUTO_START),
                *(scm.SERVICE_ERROR_NORMAL, plan.line),
                *(None, None, None, plan.account, None, SERVICE_NAME),
            )
        )
        yield found


def _configure(service: Any, plan: ServicePlan) -> None:
    """Set what CreateServiceW has no argument for. Raises OSError."""
    actions = (FailureAction * len(_RESTARTS_MS))(
        *(FailureAction(SC_ACTION_RESTART, delay_ms) for delay_ms in _RESTARTS_MS)
    )
    description = _(
        "Watches ports, records who listens, and sends a message when something is wrong."
    )
    _set(service, scm.SERVICE_CONFIG_DESCRIPTION, scm.ServiceDescription(description))
    _set(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, scm.ServiceFlag(1))
    _set(
        service,
        SERVICE_CONFIG_FAILURE_ACTIONS,
        FailureActions(_DAY_S, None, None, len(actions), actions),
    )
    # A service that reports a failure and ends is restarted as well as one that was killed.
    _set(service, scm.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, scm.ServiceFlag(1))
    _set(service, scm.SERVICE_CONFIG_PRESHUTDOWN_INFO, scm.ServiceFlag(5_000))
    # The folder's access list names this SID, which no other service has.
    _set(
        service,
        scm.SERVICE_CONFIG_SERVICE_SID_INFO,
        scm.ServiceFlag(scm.SERVICE_SID_TYPE_UNRESTRICTED),
    )
    if plan.has_least_rights:
        names = ctypes.create_unicode_buffer("\0".join(_LEAST_PRIVILEGES) + "\0")
        privileges = scm.RequiredPrivileges(ctypes.addressof(names))
        _set(service, scm.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, privileges)


def _set(service: Any, level: int, value: ctypes.Structure) -> None:
    if scm.service_install_api().change2(service, level, ctypes.byref(value)):
        return
    code = last_error()
    if code != scm.ERROR_INVALID_LEVEL:
        raise windows_error(code)
    # Windows has known them all since Vista; Wine's manager lacks some.
    logger.warning("the service control manager does not know level %d", level)


def _status(service: Any) -> ServiceStatusProcess:
    status, needed = ServiceStatusProcess(), ctypes.c_ulong()
    check(
        service_api().status(
            *(service, SC_STATUS_PROCESS_INFO, ctypes.byref(status)),
            *(ctypes.sizeof(status), ctypes.byref(needed)),
        )
    )
    return status


def _stop(service: Any) -> None:
    if not service_api().control(service, scm.SERVICE_CONTROL_STOP, ctypes.byref(ServiceStatus())):
        code = last_error()
        if code != ERROR_SERVICE_NOT_ACTIVE:
            raise windows_error(code)
    _wait_for(service, scm.SERVICE_STOPPED, _STOP_PATIENCE_S)


def _wait_for(service: Any, wanted: int, patience_s: float) -> int:
    """Wait until the service is in a state, or has stopped; return the state. Raises OSError."""
    ends = time.monotonic() + patience_s
    while True:
        state = int(_status(service).state)
        is_over = state in {wanted, scm.SERVICE_STOPPED}
        if is_over or time.monotonic() > ends:
            return state
        time.sleep(_PAUSE_S)


def _own_sid() -> str:
    from portview.readers.windows.tokens import read_token_rights  # noqa: PLC0415 - when wanted

    return read_token_rights(os.getpid()).user_id


def _refused(error: OSError) -> PortViewError:
    code = code_of(error)
    if code == ERROR_ACCESS_DENIED or isinstance(error, PermissionError):
        return PortViewError(
            "needs_admin",
            _("A service of the system is installed and removed by an administrator."),
            _('Open a terminal with "Run as administrator" and try again.'),
            Outcome.NEEDS_ADMIN,
        )
    if code == scm.ERROR_SERVICE_MARKED_FOR_DELETE:
        return PortViewError(
            "service_in_use",
            _("The service was removed, but a program still has it open."),
            _("Close the Services window, then try again."),
            Outcome.NOT_DONE,
        )
    if code == ERROR_SERVICE_DOES_NOT_EXIST:
        return PortViewError(
            "no_such_service",
            _("PortView is not installed as a service."),
            outcome=Outcome.NOT_DONE,
        )
    return PortViewError(
        "background_not_changed",
        _("The service could not be installed, started or removed: {reason}.").format(
            reason=error.strerror or error
        ),
        outcome=Outcome.NOT_DONE,
    )
