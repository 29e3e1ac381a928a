"""A service control manager as a service sees it, which holds it to what Microsoft documents.

https://learn.microsoft.com/windows/win32/services/service-servicemain-function
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.watch.background import service_api as scm

if TYPE_CHECKING:
    from collections.abc import Callable

HANDLE = 0x5EC


class Report(NamedTuple):
    """What one call of SetServiceStatus said."""

    state: int
    accepted: int
    checkpoint: int
    wait_ms: int
    exit_code: int
    own_code: int


class StrictDispatcher:
    """Calls ServiceMain on one thread and the handler on another, and judges every report."""

    def __init__(self, *, is_manager: bool = True) -> None:
        self.reports: list[Report] = []
        self.faults: list[str] = []
        self.error = 0
        self.changed = threading.Condition()
        self._is_manager = is_manager
        self._handler: Callable[..., int] | None = None

    def dispatch(self, table: Any) -> int:
        """Return when the service has stopped, as StartServiceCtrlDispatcherW does."""
        if not self._is_manager:
            self.error = scm.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT
            return 0
        if table[1].name is not None:
            self.faults.append("the table has no end")
        main = threading.Thread(target=table[0].main, args=(0, None), name="ServiceMain")
        main.start()
        main.join()
        if not self.reports or self.reports[-1].state != scm.SERVICE_STOPPED:
            self.faults.append("ServiceMain returned before the service was stopped")
        return 1

    def register(self, name: str, handler: Any, context: object) -> int:
        del name, context
        self._handler = handler
        return HANDLE

    def set_status(self, handle: int, reference: Any) -> int:
        status = reference._obj
        report = Report(
            *(status.state, status.accepted, status.checkpoint, status.wait_ms),
            *(status.exit_code, status.own_code),
        )
        with self.changed:
            self._judge(handle, status.kind, report)
            self.reports.append(report)
            self.changed.notify_all()
        return 1

    def _judge(self, handle: int, kind: int, report: Report) -> None:
        is_pending = report.state in {scm.SERVICE_START_PENDING, scm.SERVICE_STOP_PENDING}
        before = self.reports[-1] if self.reports else None
        rules = {
            "the handle is another one": handle == HANDLE,
            "a process of its own": kind == scm.SERVICE_WIN32_OWN_PROCESS,
            "no controls while it starts": not (
                report.accepted and report.state == scm.SERVICE_START_PENDING
            ),
            "a checkpoint only while something is pending": bool(report.checkpoint) == is_pending,
            "a wait hint only while something is pending": is_pending or not report.wait_ms,
            "nothing after STOPPED": before is None or before.state != scm.SERVICE_STOPPED,
            "an own code only with 1066": not report.own_code
            or report.exit_code == scm.ERROR_SERVICE_SPECIFIC_ERROR,
            "PRESHUTDOWN and SHUTDOWN are not accepted together": report.accepted & 0x104 != 0x104,
        }
        self.faults += [rule for rule, holds in rules.items() if not holds]

    def wait_for(self, state: int) -> None:
        """Wait until the service has reported a state."""
        with self.changed:
            assert self.changed.wait_for(
                lambda: any(one.state == state for one in self.reports), timeout=60
            )

    def send(self, control: int) -> int:
        """Send a control and return the handler's answer."""
        assert self._handler is not None
        return int(self._handler(control, 0, None, None))
