"""A service control manager that keeps to what Microsoft documents, which Wine does not.

Every function takes what the one of advapi32.dll takes. A buffer above the documented maximum, a
missing access right, a name that is too long: each fails as documented, and a handle that is not
closed, or closed twice, is told by ``assert_closed``.
"""

from __future__ import annotations

import ctypes
import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portview.actions.service_control import windows_api as scm
from portview.actions.service_control import windows_events as events

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

MOST_CONFIG = 8 * 1024
MOST_DEPENDENTS = 64 * 1024
MOST_ENUMERATED = 256 * 1024
LONGEST_NAME = 256
RPC_X_BAD_STUB_DATA = 1783
ERROR_INSUFFICIENT_BUFFER = 122
ERROR_MORE_DATA = 234
ERROR_INVALID_HANDLE = 6
ERROR_ACCESS_DENIED = 5
ERROR_INVALID_NAME = 123
ERROR_SERVICE_DOES_NOT_EXIST = 1060
ERROR_INVALID_PARAMETER = 87
ERROR_SERVICE_MARKED_FOR_DELETE = 1072
ERROR_ALREADY_REGISTERED = 1242
WAIT_IO_COMPLETION = 0xC0
SC_MANAGER_ENUMERATE_SERVICE = 0x0004
SERVICE_RUNNING, SERVICE_STOPPED = 4, 1


@dataclass
class FakeService:
    """One service. ``denied`` are access rights that nobody gets."""

    name: str
    pid: int = 0
    state: int = SERVICE_RUNNING
    display_name: str = ""
    dependents: tuple[str, ...] = ()
    denied: int = 0
    config_bytes: int = 600
    failure_actions: tuple[int, ...] = ()
    strings: list[Any] = field(default_factory=list)
    is_deleted: bool = False


class StrictServiceControl:
    """The functions, by name; ``install`` puts them where PortView looks for Windows' own."""

    def __init__(self, *services: FakeService) -> None:
        self.services = {service.name: service for service in services}
        self.may_enumerate = True
        self.error = 0
        self._handles: dict[int, tuple[FakeService | None, int]] = {}
        self._numbers = itertools.count(100)
        self.closed_twice = False
        self._registered: dict[int, tuple[FakeService, int, Any]] = {}
        self._waiting: list[tuple[int, Any, int]] = []
        self._changes = threading.Condition()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in for advapi32.dll in both modules that bind its service functions."""
        scm.service_api.cache_clear()
        events.notify_api.cache_clear()
        for module in (
            "actions.service_control.windows_api",
            "actions.service_control.windows_events",
            "readers.windows.advapi32",
        ):
            place = f"portview.{module}"
            monkeypatch.setattr(f"{place}.load_library", lambda name: self)
            monkeypatch.setattr(f"{place}.bind", self._bind)
            if not module.endswith("_events"):
                monkeypatch.setattr(f"{place}.last_error", lambda: self.error)
            monkeypatch.setattr(f"{place}.windows_error", as_windows_error)
        monkeypatch.setattr("portview.readers.windows.advapi32.find", lambda *_: None)
        # The token of this process is no part of this stand-in.
        monkeypatch.setattr("portview.readers.windows.advapi32.is_token_elevated", lambda: False)

    def remove(self) -> None:
        """Forget the bound functions, so that no later test meets this stand-in."""
        scm.service_api.cache_clear()
        events.notify_api.cache_clear()

    def assert_closed(self) -> None:
        """Fail where a handle was left open or closed twice."""
        assert not self._handles, "handles were left open"
        assert not self.closed_twice

    def _bind(self, library: object, name: str, *_types: object) -> Callable[..., Any]:
        assert library is self
        functions: dict[str, Callable[..., Any]] = {
            "OpenSCManagerW": self.open_manager,
            "OpenServiceW": self.open_service,
            "CloseServiceHandle": self.close,
            "QueryServiceStatusEx": self.query_status,
            "QueryServiceConfigW": self.query_config,
            "QueryServiceConfig2W": self.query_config2,
            "EnumDependentServicesW": self.enum_dependents,
            "EnumServicesStatusExW": self.enum_services,
            "ControlService": self.control,
            "StartServiceW": self.start,
            "NotifyServiceStatusChangeW": self.notify,
            "SleepEx": self.sleep,
            "LocalFree": lambda _address: None,
        }
        return functions[name]

    def _fail(self, code: int) -> int:
        self.error = code
        return 0

    def _service(self, handle: int, access: int) -> FakeService | None:
        service, granted = self._handles.get(handle, (None, 0))
        if service is None:
            self._fail(ERROR_INVALID_HANDLE)
            return None
        if granted & access != access:
            self._fail(ERROR_ACCESS_DENIED)
            return None
        return service

    def open_manager(self, machine: object, database: object, access: int) -> int:
        assert machine is None
        assert database is None
        if access & SC_MANAGER_ENUMERATE_SERVICE and not self.may_enumerate:
            return self._fail(ERROR_ACCESS_DENIED)
        return self._open(None, access)

    def _open(self, service: FakeService | None, access: int) -> int:
        handle = next(self._numbers)
        self._handles[handle] = (service, access)
        return handle

    def open_service(self, manager: int, name: str, access: int) -> int:
        if manager not in self._handles:
            return self._fail(ERROR_INVALID_HANDLE)
        if not 0 < len(name) <= LONGEST_NAME:
            return self._fail(ERROR_INVALID_NAME)
        service = self.services.get(name)
        if service is None:
            return self._fail(ERROR_SERVICE_DOES_NOT_EXIST)
        if access & service.denied:
            return self._fail(ERROR_ACCESS_DENIED)
        return self._open(service, access)

    def close(self, handle: int) -> int:
        with self._changes:
            # "To stop receiving notifications, close the handle."
            self._registered.pop(handle, None)
            self._waiting = [one for one in self._waiting if one[0] != handle]
        if self._handles.pop(handle, None) is None:
            self.closed_twice = True
            return self._fail(ERROR_INVALID_HANDLE)
        return 1

    def query_status(self, handle: int, level: int, out: Any, size: int, needed: Any) -> int:
        del needed
        service = self._service(handle, scm.SERVICE_QUERY_STATUS)
        if service is None:
            return 0
        if level != scm.SC_STATUS_PROCESS_INFO:
            return self._fail(124)
        if size < ctypes.sizeof(scm.ServiceStatusProcess):
            return self._fail(ERROR_INSUFFICIENT_BUFFER)
        status = _target(out, scm.ServiceStatusProcess)
        status.state, status.pid = service.state, service.pid
        status.accepted = scm.SERVICE_ACCEPT_STOP
        return 1

    def query_config(self, handle: int, buffer: Any, size: int, needed: Any) -> int:
        """Fail above 8 KiB: "The maximum size of this array is 8K bytes"."""
        service = self._service(handle, scm.SERVICE_QUERY_CONFIG)
        if service is None:
            return 0
        if size > MOST_CONFIG:
            return self._fail(RPC_X_BAD_STUB_DATA)
        _target(needed, ctypes.c_uint32).value = service.config_bytes
        if size < service.config_bytes:
            return self._fail(ERROR_INSUFFICIENT_BUFFER)
        config = scm.ServiceConfig.from_buffer(buffer)
        config.start_type = 2
        title = ctypes.c_wchar_p(service.display_name or service.name)
        service.strings.append(title)
        config.display_name = title.value
        service.strings.append(config)
        return 1

    def query_config2(self, handle: int, level: int, out: Any, size: int, needed: Any) -> int:
        del needed
        service = self._service(handle, scm.SERVICE_QUERY_CONFIG)
        if service is None:
            return 0
        if size > MOST_CONFIG:
            return self._fail(RPC_X_BAD_STUB_DATA)
        if level == scm.SERVICE_CONFIG_FAILURE_ACTIONS:
            actions = (scm.FailureAction * len(service.failure_actions))()
            for action, kind in zip(actions, service.failure_actions, strict=True):
                action.kind = kind
            service.strings.append(actions)
            found = scm.FailureActions.from_buffer(out)
            found.count = len(actions)
            if service.failure_actions:
                found.actions = ctypes.cast(actions, ctypes.POINTER(scm.FailureAction))
            return 1
        return 1 if level == scm.SERVICE_CONFIG_DELAYED_AUTO_START_INFO else self._fail(124)

    def enum_dependents(
        self, handle: int, state: int, buffer: Any, size: int, needed: Any, count: Any
    ) -> int:
        """Fail above 64 KiB: "The maximum size of this array is 64K bytes"."""
        service = self._service(handle, scm.SERVICE_ENUMERATE_DEPENDENTS)
        if service is None:
            return 0
        if size > MOST_DEPENDENTS or not 1 <= state <= 3:
            return self._fail(RPC_X_BAD_STUB_DATA)
        wanted = len(service.dependents) * ctypes.sizeof(scm.DependentService)
        _target(needed, ctypes.c_uint32).value = wanted
        if wanted > size:
            return self._fail(ERROR_MORE_DATA)
        if service.dependents:
            rows = (scm.DependentService * len(service.dependents)).from_buffer(buffer)
            for row, name in zip(rows, service.dependents, strict=True):
                row.name = row.display_name = name
                row.status.state = SERVICE_RUNNING
            service.strings.append(rows)
        _target(count, ctypes.c_uint32).value = len(service.dependents)
        return 1

    def enum_services(self, manager: int, *arguments: Any) -> int:
        """Fail above 256 KiB: "The maximum size of this array is 256K bytes"."""
        _level, _kinds, _state, buffer, size, _needed, count, resume, _group = arguments
        held = self._handles.get(manager)
        if held is None or not held[1] & SC_MANAGER_ENUMERATE_SERVICE:
            return self._fail(ERROR_ACCESS_DENIED)
        if size > MOST_ENUMERATED:
            return self._fail(RPC_X_BAD_STUB_DATA)
        address = ctypes.addressof(buffer)
        rows, texts = b"", b""
        start = len(self.services) * 56
        for service in self.services.values():
            place = address + start + len(texts)
            texts += service.name.encode("utf-16-le") + b"\0\0"
            rows += place.to_bytes(8, "little") * 2 + bytes(4)
            rows += service.state.to_bytes(4, "little") + bytes(20)
            rows += service.pid.to_bytes(4, "little") + bytes(8)
        ctypes.memmove(buffer, rows + texts, len(rows + texts))
        _target(count, ctypes.c_uint32).value = len(self.services)
        _target(resume, ctypes.c_uint32).value = 0
        self.error = 0
        return 1

    def control(self, handle: int, code: int, status: Any) -> int:
        del status
        service = self._service(handle, scm.SERVICE_STOP)
        if service is None:
            return 0
        assert code == scm.SERVICE_CONTROL_STOP
        if service.state == SERVICE_STOPPED:
            return self._fail(scm.ERROR_SERVICE_NOT_ACTIVE)
        service.state, service.pid = SERVICE_STOPPED, 0
        return 1

    def notify(self, handle: int, mask: int, reference: Any) -> int:
        """Register once for one change; a second time before it has come is an error."""
        service, granted = self._handles.get(handle, (None, 0))
        if service is None:
            return ERROR_INVALID_HANDLE
        if not granted & scm.SERVICE_QUERY_STATUS:
            return ERROR_ACCESS_DENIED
        if service.is_deleted:
            return ERROR_SERVICE_MARKED_FOR_DELETE
        wanted = _target(reference, events.ServiceNotify)
        if wanted.version != events.SERVICE_NOTIFY_STATUS_CHANGE or not mask:
            return ERROR_INVALID_PARAMETER
        with self._changes:
            if handle in self._registered:
                return ERROR_ALREADY_REGISTERED
            self._registered[handle] = (service, mask, wanted)
        return 0

    def change(self, name: str, state: int) -> None:
        """Have a service come into a state, on a thread of the test."""
        service = self.services[name]
        service.state = state
        bit = 1 << (state - 1)
        with self._changes:
            for handle, (registered, mask, wanted) in list(self._registered.items()):
                if registered is service and mask & bit:
                    del self._registered[handle]
                    self._waiting.append((handle, wanted, bit))
            self._changes.notify_all()

    def sleep(self, milliseconds: int, is_alertable: int) -> int:
        """Call back what waits, on this thread and only while it waits alertably."""
        with self._changes:
            self._changes.wait_for(lambda: bool(self._waiting), milliseconds / 1000)
            due, self._waiting = (self._waiting, []) if is_alertable else ([], self._waiting)
        for _handle, wanted, bit in due:
            wanted.notification_status, wanted.triggered = 0, bit
            wanted.callback(ctypes.addressof(wanted))
        return WAIT_IO_COMPLETION if due else 0

    def start(self, handle: int, count: int, arguments: object) -> int:
        service = self._service(handle, scm.SERVICE_START)
        if service is None:
            return 0
        assert (count, arguments) == (0, None)
        if service.state == SERVICE_RUNNING:
            return self._fail(scm.ERROR_SERVICE_ALREADY_RUNNING)
        service.state = SERVICE_RUNNING
        return 1


def as_windows_error(code: int) -> OSError:
    """Return the exception as Windows' Python makes it."""
    denied = code == ERROR_ACCESS_DENIED
    error = PermissionError(13, "access denied") if denied else OSError(22, f"error {code}")
    error.winerror = code  # type: ignore[attr-defined,unused-ignore]
    return error


def _target(reference: Any, kind: Any) -> Any:
    """Return what a ``byref`` or a structure refers to."""
    return kind.from_address(ctypes.addressof(getattr(reference, "_obj", reference)))
