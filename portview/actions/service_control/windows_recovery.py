"""Sets the failure actions of a service (ChangeServiceConfig2W)."""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache
from typing import Any

from portview.actions.service_control import windows_api as scm
from portview.actions.service_control.interface import (
    no_such_service,
    service_failed,
    service_needs_admin,
)
from portview.readers.windows.dll import bind, load_library

SERVICE_CHANGE_CONFIG = 0x0002
SC_ACTION_NONE = 0
_ACTIONS = 3
"""First, second, and every later failure, as the Recovery tab has them."""


@cache
def change_config2() -> Any:
    """Return the function, loaded once. Raises OSError on other systems."""
    return bind(
        load_library("advapi32.dll"), "ChangeServiceConfig2W", wintypes.BOOL, wintypes.HANDLE,
        wintypes.DWORD, ctypes.c_void_p,
    )  # fmt: skip


def set_failure_actions(name: str, restart_after_s: float | None, reset_s: int) -> None:
    """Set all failure actions of a service; its command and message stay.

    A handle that sets a restart needs the right to start the service as well. Raises PortViewError.
    """
    actions = (scm.FailureAction * _ACTIONS)()
    for action in actions:
        action.kind = SC_ACTION_NONE if restart_after_s is None else scm.SC_ACTION_RESTART
        action.delay_ms = 0 if restart_after_s is None else round(restart_after_s * 1000)
    wanted = scm.FailureActions()
    wanted.reset_period = reset_s
    # None for the message and the command leaves them as they are.
    wanted.count = _ACTIONS
    wanted.actions = ctypes.cast(actions, ctypes.POINTER(scm.FailureAction))
    access = SERVICE_CHANGE_CONFIG | scm.SERVICE_START
    try:
        with scm.open_service(name, access) as handle:
            level = scm.SERVICE_CONFIG_FAILURE_ACTIONS
            scm.check(change_config2()(handle, level, ctypes.byref(wanted)))
    except OSError as error:
        code = scm.code_of(error)
        if code == scm.ERROR_ACCESS_DENIED:
            raise service_needs_admin(name, "changed") from error
        if code in {scm.ERROR_SERVICE_DOES_NOT_EXIST, scm.ERROR_INVALID_NAME}:
            raise no_such_service(name) from error
        raise service_failed(name, "changed", error.strerror or str(error)) from error
