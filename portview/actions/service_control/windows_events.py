"""Hears from the service control manager that a service started or ended.

NotifyServiceStatusChangeW calls back once, on the thread that asked, while that thread waits
alertably; then it is asked again.
https://learn.microsoft.com/windows/win32/api/winsvc/nf-winsvc-notifyservicestatuschangew
"""

from __future__ import annotations

import ctypes
import logging
import threading
from contextlib import ExitStack
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any

from portview.actions.service_control.windows_api import (
    SERVICE_QUERY_STATUS,
    ServiceStatusProcess,
    open_service,
)
from portview.readers.windows.dll import bind, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

logger = logging.getLogger(__name__)

SERVICE_NOTIFY_STATUS_CHANGE = 2
SERVICE_NOTIFY_STOPPED = 0x0001
SERVICE_NOTIFY_STOP_PENDING = 0x0004
SERVICE_NOTIFY_RUNNING = 0x0008
_WANTED = SERVICE_NOTIFY_STOPPED | SERVICE_NOTIFY_STOP_PENDING | SERVICE_NOTIFY_RUNNING
ERROR_SUCCESS = 0
_ALERTABLE = 1
_WAIT_MS = 250
"""How long the thread waits at a time: the end of it is noticed after so long."""

_TRY_AGAIN_WAITS = 40
"""After how many waits a service that could not be followed is tried again."""

_END_S = 5.0

# CFUNCTYPE is for the tests on other systems.
_function_type = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
Callback = _function_type(None, ctypes.c_void_p)
"""PFN_SC_NOTIFY_CALLBACK."""


class ServiceNotify(ctypes.Structure):
    """SERVICE_NOTIFY_2W."""

    _fields_ = (
        ("version", wintypes.DWORD),
        ("callback", Callback),
        ("context", ctypes.c_void_p),
        ("notification_status", wintypes.DWORD),
        ("status", ServiceStatusProcess),
        ("triggered", wintypes.DWORD),
        ("names", ctypes.c_void_p),
    )


class NotifyApi:
    """The two functions, with their types declared."""

    def __init__(self) -> None:
        """Load the libraries. Raises OSError where a function is missing."""
        number, handle = wintypes.DWORD, wintypes.HANDLE
        self.notify: Any = bind(
            load_library("advapi32.dll"), "NotifyServiceStatusChangeW", number, handle, number,
            ctypes.POINTER(ServiceNotify),
        )  # fmt: skip
        self.sleep: Any = bind(
            load_library("kernel32.dll"), "SleepEx", number, number, wintypes.BOOL
        )


@cache
def notify_api() -> NotifyApi:
    """Return the functions, loaded once."""
    return NotifyApi()


class WindowsServiceEvents:
    """One thread that asks about all services, and is called back."""

    def __init__(self, names: Collection[str], on_event: Callable[[str], None]) -> None:
        """Start the thread. Raises OSError where Windows lacks the functions."""
        self._api = notify_api()
        self._names = tuple(names)
        self._on_event = on_event
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="service events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._is_closed.set()
        self._thread.join(_END_S)

    def _run(self) -> None:
        waits = 0
        missing = set(self._names)
        with ExitStack() as handles:
            followed: list[_Followed] = []
            while not self._is_closed.is_set():
                if waits % _TRY_AGAIN_WAITS == 0:
                    for name in sorted(missing):
                        one = _Followed(name, self._api)
                        if one.open(handles):
                            followed.append(one)
                            missing.discard(name)
                waits += 1
                self._api.sleep(_WAIT_MS, _ALERTABLE)
                for one in followed:
                    if one.take():
                        self._on_event(one.name)
                for one in [each for each in followed if each.is_lost]:
                    # It was deleted, or Windows dropped a client that lagged behind.
                    followed.remove(one)
                    missing.add(one.name)
        # Only now that the handles are closed is no callback to come any more.


class _Followed:
    """One service. For the thread that waits."""

    def __init__(self, name: str, api: NotifyApi) -> None:
        self.name = name
        self.is_lost = False
        self._api = api
        self._has_come = False
        self._handle: Any = None
        # Both are kept as long as Windows may write to them or call back.
        self._callback = Callback(self._on_notified)
        self._notify = ServiceNotify(SERVICE_NOTIFY_STATUS_CHANGE, self._callback)

    def open(self, handles: ExitStack) -> bool:
        """Ask for the first time; return whether the service can be followed."""
        try:
            self._handle = handles.enter_context(open_service(self.name, SERVICE_QUERY_STATUS))
        except OSError as error:
            logger.info("the service %s can't be followed: %s", self.name, error)
            return False
        self._ask()
        return not self.is_lost

    def take(self) -> bool:
        """Return whether Windows called back since the last time, and ask again where it did."""
        if not self._has_come:
            return False
        self._has_come = False
        self._ask()
        return True

    def _ask(self) -> None:
        code = self._api.notify(self._handle, _WANTED, ctypes.byref(self._notify))
        if code != ERROR_SUCCESS:
            self.is_lost = True
            logger.info("the service %s is not followed: %s", self.name, windows_error(code))

    def _on_notified(self, _context: int | None) -> None:
        self._has_come = True
