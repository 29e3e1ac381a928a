"""The part of the service control manager that creates, changes and deletes, as documented."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portview.actions.service_control import windows_api as scm
from portview.override import override
from portview.watch.background import service_api as install_api
from tests.fakes.service_control import (
    ERROR_ACCESS_DENIED,
    ERROR_INVALID_HANDLE,
    LONGEST_NAME,
    SERVICE_STOPPED,
    FakeService,
    StrictServiceControl,
    as_windows_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

_FLAGS = frozenset({3, 4, 5, 7})
"""Levels of ChangeServiceConfig2W whose structure is one number."""


@dataclass
class InstalledService(FakeService):
    """A service that was created here; ``settings`` are by the level of ChangeServiceConfig2W."""

    account: str = ""
    line: str = ""
    restarts_ms: tuple[int, ...] = ()
    settings: dict[int, Any] = field(default_factory=dict)


class StrictServiceInstaller(StrictServiceControl):
    """A manager without any service; ``may_create`` is whether an administrator asks."""

    def __init__(self) -> None:
        super().__init__()
        self.may_create = True

    @property
    def installed(self) -> list[InstalledService]:
        """Return what was created and is still there."""
        return [one for one in self.services.values() if isinstance(one, InstalledService)]

    @override
    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().install(monkeypatch)
        install_api.service_install_api.cache_clear()
        place = "portview.watch.background"
        monkeypatch.setattr(f"{place}.service_api.load_library", lambda name: self)
        monkeypatch.setattr(f"{place}.service_api.bind", self._bind)
        monkeypatch.setattr(f"{place}.windows_service.last_error", lambda: self.error)
        monkeypatch.setattr(f"{place}.windows_service.windows_error", as_windows_error)

    @override
    def remove(self) -> None:
        super().remove()
        install_api.service_install_api.cache_clear()

    @override
    def _bind(self, library: object, name: str, *_types: object) -> Callable[..., Any]:
        own: dict[str, Callable[..., Any]] = {
            "CreateServiceW": self.create,
            "ChangeServiceConfigW": self.change_config,
            "ChangeServiceConfig2W": self.change_config2,
            "DeleteService": self.delete,
        }
        return own.get(name) or super()._bind(library, name, *_types)

    @override
    def open_manager(self, machine: object, database: object, access: int) -> int:
        if access & install_api.SC_MANAGER_CREATE_SERVICE and not self.may_create:
            return self._fail(ERROR_ACCESS_DENIED)
        return super().open_manager(machine, database, access)

    @override
    def close(self, handle: int) -> int:
        """Drop a service that was deleted with the last handle on it, when it has stopped."""
        service, _access = self._handles.get(handle, (None, 0))
        closed = super().close(handle)
        is_open = any(held is service for held, _granted in self._handles.values())
        if service is not None and service.is_deleted and not is_open:
            self.services.pop(service.name, None)
        return closed

    @override
    def query_config(self, handle: int, buffer: Any, size: int, needed: Any) -> int:
        done = super().query_config(handle, buffer, size, needed)
        service, _access = self._handles.get(handle, (None, 0))
        if done and isinstance(service, InstalledService):
            config = scm.ServiceConfig.from_buffer(buffer)
            config.program = service.line
            # It keeps the text alive to which the buffer points.
            service.strings.append(config)
        return done

    def create(self, manager: int, name: str, title: str, access: int, *rest: Any) -> int:
        """Create a service; the handle on the manager must have been opened for that."""
        kind, start, control, line, _group, _tag, _needs, account, password = rest
        held = self._handles.get(manager)
        if held is None:
            return self._fail(ERROR_INVALID_HANDLE)
        if not held[1] & install_api.SC_MANAGER_CREATE_SERVICE:
            return self._fail(ERROR_ACCESS_DENIED)
        assert (kind, start, control) == (0x10, 2, 1)
        assert max(len(name), len(title)) <= LONGEST_NAME
        # Without quotes a path with blanks would be looked for in the wrong places first.
        assert line.startswith('"')
        assert password is None
        found = self.services.get(name)
        if found is not None:
            return self._fail(
                install_api.ERROR_SERVICE_MARKED_FOR_DELETE
                if found.is_deleted
                else install_api.ERROR_SERVICE_EXISTS
            )
        made = InstalledService(name, state=SERVICE_STOPPED, account=account, line=line)
        self.services[name] = made
        return self._open(made, access)

    def change_config(self, handle: int, *rest: Any) -> int:
        service = self._service(handle, install_api.SERVICE_CHANGE_CONFIG)
        if not isinstance(service, InstalledService):
            return 0
        _kind, _start, _control, line, _group, _tag, _needs, account, _password, _title = rest
        service.line, service.account = line, account
        return 1

    def change_config2(self, handle: int, level: int, data: Any) -> int:
        """Keep a setting. A restart on failure needs SERVICE_START on the handle as well."""
        service = self._service(handle, install_api.SERVICE_CHANGE_CONFIG)
        if not isinstance(service, InstalledService):
            return 0
        if level == scm.SERVICE_CONFIG_FAILURE_ACTIONS:
            if not self._handles[handle][1] & scm.SERVICE_START:
                return self._fail(ERROR_ACCESS_DENIED)
            actions = data._obj
            service.restarts_ms = tuple(
                actions.actions[number].delay_ms for number in range(actions.count)
            )
        elif level == install_api.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO:
            service.settings[level] = _texts(data._obj.names)
        elif level == install_api.SERVICE_CONFIG_DESCRIPTION:
            service.settings[level] = data._obj.text
        elif level in _FLAGS:
            service.settings[level] = data._obj.value
        else:
            return self._fail(install_api.ERROR_INVALID_LEVEL)
        return 1

    def delete(self, handle: int) -> int:
        service = self._service(handle, install_api.DELETE)
        if service is None:
            return 0
        if service.is_deleted:
            return self._fail(install_api.ERROR_SERVICE_MARKED_FOR_DELETE)
        service.is_deleted = True
        return 1


def _texts(address: int) -> list[str]:
    """Read texts one behind the other, of which the last one is empty."""
    found = []
    while text := ctypes.wstring_at(address):
        found.append(text)
        address += (len(text) + 1) * ctypes.sizeof(ctypes.c_wchar)
    return found
