"""Whether the service of Windows' firewall runs: stopped, its rules filter nothing for certain."""

from __future__ import annotations

import ctypes
import logging
from ctypes import wintypes

from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.i18n import _
from portview.readers.windows.dll import bind, load_library

logger = logging.getLogger(__name__)

SERVICE = "MpsSvc"
"""Windows Defender Firewall."""

_SC_MANAGER_CONNECT, _SERVICE_QUERY_STATUS = 0x0001, 0x0004
_SC_STATUS_PROCESS_INFO = 0
_SERVICE_RUNNING = 4
_ERROR_SERVICE_DOES_NOT_EXIST = 1060


class _StatusProcess(ctypes.Structure):
    """SERVICE_STATUS_PROCESS, winsvc.h."""

    _fields_ = tuple(
        (name, wintypes.DWORD)
        for name in (
            *("kind", "state", "accepted", "exit_code", "own_exit_code", "check_point"),
            *("wait_hint", "pid", "flags"),
        )
    )


def is_service_running(name: str = SERVICE) -> Fact[bool]:
    """Return whether a service runs; Absent where there is none. No administrator rights."""
    try:
        return _ask(name)
    except OSError as error:
        logger.debug("the state of %s can't be read: %s", name, error)
        return Unreadable(_("the state of the service {name} can't be read").format(name=name))


def _ask(name: str) -> Fact[bool]:
    library = load_library("advapi32.dll")
    handle, number, text = wintypes.HANDLE, wintypes.DWORD, wintypes.LPCWSTR
    close = bind(library, "CloseServiceHandle", wintypes.BOOL, handle)
    manager = bind(library, "OpenSCManagerW", handle, text, text, number)(
        None, None, _SC_MANAGER_CONNECT
    )
    if not manager:
        raise OSError(f"error {ctypes.get_last_error()}")  # type: ignore[attr-defined,unused-ignore]
    try:
        service = bind(library, "OpenServiceW", handle, handle, text, number)(
            manager, name, _SERVICE_QUERY_STATUS
        )
        if not service:
            code = ctypes.get_last_error()  # type: ignore[attr-defined,unused-ignore]
            if code == _ERROR_SERVICE_DOES_NOT_EXIST:
                return Absent()
            raise OSError(f"error {code}")
        try:
            return Known(_state(library, service) == _SERVICE_RUNNING)
        finally:
            close(service)
    finally:
        close(manager)


def _state(library: ctypes.CDLL, service: int) -> int:
    query = bind(
        library,
        "QueryServiceStatusEx",
        wintypes.BOOL,
        *(wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p),
    )
    status, needed = _StatusProcess(), wintypes.DWORD()
    size = ctypes.sizeof(status)
    if not query(
        service, _SC_STATUS_PROCESS_INFO, ctypes.byref(status), size, ctypes.byref(needed)
    ):
        raise OSError(f"error {ctypes.get_last_error()}")  # type: ignore[attr-defined,unused-ignore]
    return int(status.state)
