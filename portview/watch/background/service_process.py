"""A process that the service control manager of Windows starts, controls and stops.

The manager calls ``ServiceMain`` on a thread of its own, and the handler of controls on another;
``StartServiceCtrlDispatcherW`` returns when the service has reported that it is stopped.
https://learn.microsoft.com/windows/win32/services/service-servicemain-function
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

from portview.actions.service_control.windows_api import ServiceStatus
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.readers.windows.dll import last_error, windows_error
from portview.watch.background import service_api as scm

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

START_WAIT_MS = 20_000
"""How long the manager waits for the first evaluation."""
STOP_WAIT_MS = 2_000
_END_S = 1.8
_FAILED = 1

_STOPPING = frozenset(
    {scm.SERVICE_CONTROL_STOP, scm.SERVICE_CONTROL_SHUTDOWN, scm.SERVICE_CONTROL_PRESHUTDOWN}
)


class Work(Protocol):
    """What the service does: ``run`` blocks until ``cancel`` is called, on any thread."""

    def run(self) -> None:
        """Do it. An exception counts as a failure of the service, which has it restarted."""

    def cancel(self) -> None:
        """Have it end soon; wait for nothing."""


class ServiceProcess:
    """Connects work to the service control manager. ``run`` belongs to the main thread."""

    def __init__(
        self,
        name: str,
        make_work: Callable[[Callable[[], None]], Work],
        *,
        leave: Callable[[int], Any] = os._exit,
    ) -> None:
        """``make_work`` is given what the work calls as soon as it is ready, and later again.

        ``leave`` ends this process where the work does not end in time.
        """
        self._name = name
        self._make_work = make_work
        self._leave = leave
        self._api = scm.service_process_api()
        self._lock = threading.Lock()
        self._status = ServiceStatus(kind=scm.SERVICE_WIN32_OWN_PROCESS)
        self._handle: Any = None
        self._work: Work | None = None
        self._is_stopping = False
        self._code = 0
        # The manager calls them as long as the process lives.
        self._main = scm.ServiceMain(self._service_main)
        self._handler = scm.ControlHandler(self._control)

    def run(self) -> int:
        """Serve until the service is stopped; return an exit code. Raises PortViewError."""
        table = (scm.ServiceEntry * 2)()
        table[0].name, table[0].main = self._name, self._main
        if not self._api.dispatch(table):
            code = last_error()
            if code == scm.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT:
                raise PortViewError(
                    "no_service",
                    _("Only Windows starts this, as a service."),
                    _("To evaluate from here: portview watch run"),
                    Outcome.BAD_INPUT,
                )
            raise windows_error(code)
        return self._code

    def _service_main(self, count: int, arguments: object) -> None:
        del count, arguments
        self._handle = self._api.register(self._name, self._handler, None)
        if not self._handle:
            logger.error("the handler of the service's controls was refused: %d", last_error())
            self._code = _FAILED
            return
        self._report(scm.SERVICE_START_PENDING, wait_ms=START_WAIT_MS)
        try:
            work = self._make_work(self._ready)
            with self._lock:
                self._work = work
                is_stopping = self._is_stopping
            if not is_stopping:
                work.run()
        except Exception:
            # Whatever it is: the manager has to know that the service failed.
            logger.exception("the service failed")
            self._code = _FAILED
        self._report(scm.SERVICE_STOPPED)

    def _ready(self) -> None:
        """Report that the service runs, with its first turn."""
        with self._lock:
            is_first = self._status.state == scm.SERVICE_START_PENDING and not self._is_stopping
        if is_first:
            self._report(scm.SERVICE_RUNNING)

    def _control(self, control: int, kind: int, data: object, context: object) -> int:
        """Answer a control, on the dispatcher's thread; it must return soon."""
        del kind, data, context
        if control in _STOPPING:
            self._stop()
            return scm.NO_ERROR
        if control == scm.SERVICE_CONTROL_INTERROGATE:
            return scm.NO_ERROR
        return scm.ERROR_CALL_NOT_IMPLEMENTED

    def _stop(self) -> None:
        with self._lock:
            if self._is_stopping:
                return
            self._is_stopping = True
            work = self._work
        self._report(scm.SERVICE_STOP_PENDING, wait_ms=STOP_WAIT_MS)
        # What hangs must not keep the computer from shutting down: transactions are whole.
        late = threading.Timer(_END_S, self._end_late)
        late.daemon = True
        late.start()
        if work is not None:
            work.cancel()

    def _end_late(self) -> None:
        with self._lock:
            is_over = self._status.state == scm.SERVICE_STOPPED
        if not is_over:
            logger.warning("the service did not end in time")
            self._report(scm.SERVICE_STOPPED)
            self._leave(0)

    def _report(self, state: int, *, wait_ms: int = 0) -> None:
        """Report a state. STOPPED is the last one: the manager may end the process after it."""
        with self._lock:
            status = self._status
            if status.state == scm.SERVICE_STOPPED:
                return
            is_pending = state in {scm.SERVICE_START_PENDING, scm.SERVICE_STOP_PENDING}
            status.state = state
            status.checkpoint = status.checkpoint + 1 if is_pending else 0
            status.wait_ms = wait_ms
            status.accepted = (
                scm.SERVICE_ACCEPT_STOP | scm.SERVICE_ACCEPT_PRESHUTDOWN
                if state == scm.SERVICE_RUNNING
                else 0
            )
            if state == scm.SERVICE_STOPPED and self._code:
                status.exit_code = scm.ERROR_SERVICE_SPECIFIC_ERROR
                status.own_code = self._code
            done = self._api.set_status(self._handle, ctypes.byref(status))
        if not done:
            logger.warning("the service's state was refused: %d", last_error())
