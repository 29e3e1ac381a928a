"""What a service calls to be one, and what installs it (winsvc.h), typed. advapi32.dll."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from portview.actions.service_control.windows_api import ServiceStatus
from portview.readers.windows.dll import bind, load_library

SC_MANAGER_CREATE_SERVICE = 0x0002
SERVICE_CHANGE_CONFIG = 0x0002
DELETE = 0x0001_0000
SERVICE_WIN32_OWN_PROCESS = 0x10
SERVICE_AUTO_START = 2
SERVICE_ERROR_NORMAL = 1
SERVICE_CONFIG_DESCRIPTION = 1
SERVICE_CONFIG_FAILURE_ACTIONS_FLAG = 4
SERVICE_CONFIG_SERVICE_SID_INFO = 5
SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO = 6
SERVICE_CONFIG_PRESHUTDOWN_INFO = 7
SERVICE_SID_TYPE_UNRESTRICTED = 1
SERVICE_NO_CHANGE = 0xFFFF_FFFF

SERVICE_STOPPED, SERVICE_START_PENDING, SERVICE_STOP_PENDING, SERVICE_RUNNING = 1, 2, 3, 4
SERVICE_CONTROL_STOP, SERVICE_CONTROL_INTERROGATE = 1, 4
SERVICE_CONTROL_SHUTDOWN, SERVICE_CONTROL_PRESHUTDOWN = 5, 15
SERVICE_ACCEPT_STOP, SERVICE_ACCEPT_PRESHUTDOWN = 0x1, 0x100

NO_ERROR = 0
ERROR_CALL_NOT_IMPLEMENTED = 120
ERROR_INVALID_LEVEL = 124
ERROR_FAILED_SERVICE_CONTROLLER_CONNECT = 1063
ERROR_SERVICE_SPECIFIC_ERROR = 1066
ERROR_SERVICE_MARKED_FOR_DELETE = 1072
ERROR_SERVICE_EXISTS = 1073

_CALLBACK: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
ServiceMain = _CALLBACK(None, wintypes.DWORD, ctypes.c_void_p)
"""LPSERVICE_MAIN_FUNCTIONW."""
ControlHandler = _CALLBACK(
    wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p
)
"""LPHANDLER_FUNCTION_EX."""


class ServiceEntry(ctypes.Structure):
    """SERVICE_TABLE_ENTRYW."""

    _fields_ = (("name", wintypes.LPWSTR), ("main", ServiceMain))


class ServiceDescription(ctypes.Structure):
    """SERVICE_DESCRIPTIONW."""

    _fields_ = (("text", wintypes.LPWSTR),)


class ServiceFlag(ctypes.Structure):
    """SERVICE_DELAYED_AUTO_START_INFO, SERVICE_FAILURE_ACTIONS_FLAG and others of one number."""

    _fields_ = (("value", wintypes.DWORD),)


class RequiredPrivileges(ctypes.Structure):
    """SERVICE_REQUIRED_PRIVILEGES_INFOW: texts one behind the other, the last one empty."""

    _fields_ = (("names", ctypes.c_void_p),)


class ServiceProcessApi:
    """The functions of a running service, with their types declared."""

    def __init__(self) -> None:
        """Load the library. Raises OSError on other systems."""
        library = load_library("advapi32.dll")
        handle, flag = wintypes.HANDLE, wintypes.BOOL
        self.dispatch = bind(
            library, "StartServiceCtrlDispatcherW", flag, ctypes.POINTER(ServiceEntry)
        )
        self.register = bind(
            library,
            "RegisterServiceCtrlHandlerExW",
            *(handle, wintypes.LPCWSTR, ControlHandler, ctypes.c_void_p),
        )
        self.set_status = bind(
            library, "SetServiceStatus", flag, handle, ctypes.POINTER(ServiceStatus)
        )


class ServiceInstallApi:
    """The functions that change what is installed."""

    def __init__(self) -> None:
        """Load the library. Raises OSError on other systems."""
        library = load_library("advapi32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        text, data = wintypes.LPCWSTR, ctypes.c_void_p
        self.create = bind(
            library,
            "CreateServiceW",
            *(handle, handle, text, text, number, number, number, number),
            *(text, text, data, text, text, text),
        )
        self.change = bind(
            library,
            "ChangeServiceConfigW",
            *(flag, handle, number, number, number, text, text, data, text, text, text, text),
        )
        self.change2 = bind(library, "ChangeServiceConfig2W", flag, handle, number, data)
        self.delete = bind(library, "DeleteService", flag, handle)


@cache
def service_process_api() -> ServiceProcessApi:
    """Return the functions, loaded once."""
    return ServiceProcessApi()


@cache
def service_install_api() -> ServiceInstallApi:
    """Return the functions, loaded once."""
    return ServiceInstallApi()
