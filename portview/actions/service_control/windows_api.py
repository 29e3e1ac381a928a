"""The service control manager's functions and structures (winsvc.h), typed."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any

from portview.readers.windows.dll import bind, last_error, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Iterator

SC_MANAGER_CONNECT = 0x0001
SERVICE_QUERY_CONFIG = 0x0001
SERVICE_QUERY_STATUS = 0x0004
SERVICE_ENUMERATE_DEPENDENTS = 0x0008
SERVICE_START = 0x0010
SERVICE_STOP = 0x0020
SERVICE_CONTROL_STOP = 1
SERVICE_ACCEPT_STOP = 0x0001
SERVICE_ACTIVE = 1
SC_STATUS_PROCESS_INFO = 0
SERVICE_CONFIG_FAILURE_ACTIONS = 2
SERVICE_CONFIG_DELAYED_AUTO_START_INFO = 3
SC_ACTION_RESTART = 1
SC_ACTION_REBOOT = 2
SC_ACTION_RUN_COMMAND = 3

ERROR_ACCESS_DENIED = 5
ERROR_DEPENDENT_SERVICES_RUNNING = 1051
ERROR_SERVICE_ALREADY_RUNNING = 1056
ERROR_SERVICE_DOES_NOT_EXIST = 1060
ERROR_SERVICE_NOT_ACTIVE = 1062
ERROR_INVALID_NAME = 123

LARGEST_CONFIG = 8 * 1024
"""The most that QueryServiceConfigW and QueryServiceConfig2W take; a larger buffer is an error."""
LARGEST_DEPENDENTS = 64 * 1024
"""The most that EnumDependentServicesW takes."""
LONGEST_NAME = 256
"""The most UTF-16 units that the name of a service has (CreateServiceW)."""


class ServiceStatus(ctypes.Structure):
    """SERVICE_STATUS."""

    _fields_ = tuple(
        (name, wintypes.DWORD)
        for name in ("kind", "state", "accepted", "exit_code", "own_code", "checkpoint", "wait_ms")
    )


class ServiceStatusProcess(ServiceStatus):
    """SERVICE_STATUS_PROCESS."""

    _fields_ = (("pid", wintypes.DWORD), ("flags", wintypes.DWORD))


class ServiceConfig(ctypes.Structure):
    """QUERY_SERVICE_CONFIGW."""

    _fields_ = (
        ("kind", wintypes.DWORD),
        ("start_type", wintypes.DWORD),
        ("error_control", wintypes.DWORD),
        ("program", wintypes.LPWSTR),
        ("group", wintypes.LPWSTR),
        ("tag", wintypes.DWORD),
        ("dependencies", ctypes.c_void_p),
        ("account", wintypes.LPWSTR),
        ("display_name", wintypes.LPWSTR),
    )


class FailureAction(ctypes.Structure):
    """SC_ACTION."""

    _fields_ = (("kind", ctypes.c_int), ("delay_ms", wintypes.DWORD))


class FailureActions(ctypes.Structure):
    """SERVICE_FAILURE_ACTIONSW."""

    _fields_ = (
        ("reset_period", wintypes.DWORD),
        ("reboot_message", ctypes.c_void_p),
        ("command", ctypes.c_void_p),
        ("count", wintypes.DWORD),
        ("actions", ctypes.POINTER(FailureAction)),
    )


class DependentService(ctypes.Structure):
    """ENUM_SERVICE_STATUSW."""

    _fields_ = (
        ("name", wintypes.LPWSTR),
        ("display_name", wintypes.LPWSTR),
        ("status", ServiceStatus),
    )


class ServiceApi:
    """The functions, with their types declared."""

    def __init__(self) -> None:
        """Load the library. Raises OSError on other systems."""
        library = load_library("advapi32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        text, data, out = wintypes.LPCWSTR, ctypes.c_void_p, ctypes.POINTER(wintypes.DWORD)
        self.open_manager = bind(library, "OpenSCManagerW", handle, text, text, number)
        self.open_service = bind(library, "OpenServiceW", handle, handle, text, number)
        self.close = bind(library, "CloseServiceHandle", flag, handle)
        self.status = bind(
            library, "QueryServiceStatusEx", flag, handle, ctypes.c_int, data, number, out
        )
        self.config = bind(library, "QueryServiceConfigW", flag, handle, data, number, out)
        self.config2 = bind(
            library, "QueryServiceConfig2W", flag, handle, number, data, number, out
        )
        self.dependents = bind(
            library, "EnumDependentServicesW", flag, handle, number, data, number, out, out
        )
        self.control = bind(library, "ControlService", flag, handle, number, data)
        self.start = bind(library, "StartServiceW", flag, handle, number, data)


@cache
def service_api() -> ServiceApi:
    """Return the functions, loaded once."""
    return ServiceApi()


@contextmanager
def open_service(name: str, access: int) -> Iterator[Any]:
    """Hold a handle on a service. Raises OSError with the system's code in ``winerror``."""
    if not 0 < len(name.encode("utf-16-le")) // 2 <= LONGEST_NAME:
        raise windows_error(ERROR_INVALID_NAME)
    api = service_api()
    manager = api.open_manager(None, None, SC_MANAGER_CONNECT)
    if not manager:
        raise windows_error(last_error())
    try:
        service = api.open_service(manager, name, access)
        if not service:
            raise windows_error(last_error())
        try:
            yield service
        finally:
            api.close(service)
    finally:
        api.close(manager)


def check(succeeded: object) -> None:
    """Raise the last error as OSError where a call failed."""
    if not succeeded:
        raise windows_error(last_error())


def code_of(error: OSError) -> int:
    """Return the Windows error code of an exception, 0 if it has none."""
    return int(getattr(error, "winerror", 0) or 0)
