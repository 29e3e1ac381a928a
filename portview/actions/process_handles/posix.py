"""Processes where the system has no handles on them that PortView knows: macOS and others."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from portview.actions.process_handles.handle import ProcessGoneError, not_the_same
from portview.actions.safety.process_facts import CloseMethod
from portview.domain.owners.process import FieldProblem
from portview.readers.process_identity import process_key
from portview.readers.running_program import read_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.program import RunningProgram


class PsutilProcess:
    """A process by PID, whose start time is compared again right before each act.

    Between the comparison and the act the PID could pass on; only a handle rules that out.
    """

    def __init__(self, key: ProcessKey, process: psutil.Process) -> None:
        """Store the identity and psutil's view of the process."""
        self.key = key
        self._process = process

    def check_rights(self) -> None:
        """Do nothing: psutil can't determine before the act."""

    def program(self) -> RunningProgram:
        """Return what psutil says about the executable and the command line."""
        return read_program(self.key)

    def ask(self) -> CloseMethod:
        """Send SIGTERM."""
        self._act(self._process.terminate)
        return CloseMethod.SIGNAL

    def end(self) -> None:
        """Send SIGKILL."""
        self._act(self._process.kill)

    def suspend(self) -> None:
        """Send SIGSTOP."""
        self._act(self._process.suspend)

    def resume(self) -> None:
        """Send SIGCONT."""
        self._act(self._process.resume)

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end; a zombie has ended."""
        try:
            self._process.wait(seconds)
        except psutil.TimeoutExpired:
            return not self._process.is_running() or (
                self._process.status() == psutil.STATUS_ZOMBIE
            )
        return True

    def _act(self, act: Callable[[], None]) -> None:
        if process_key(self.key.pid) != self.key:
            raise ProcessLookupError(self.key.pid)
        try:
            act()
        except psutil.NoSuchProcess as error:
            raise ProcessLookupError(self.key.pid) from error
        except psutil.AccessDenied as error:
            raise PermissionError(self.key.pid) from error


@contextmanager
def open_psutil_process(key: ProcessKey) -> Iterator[PsutilProcess]:
    """Take hold of a process, provided that the PID still means this one."""
    now = process_key(key.pid)
    if now is FieldProblem.PROCESS_GONE:
        raise ProcessGoneError
    if now != key:
        raise not_the_same(key.pid)
    try:
        process = psutil.Process(key.pid)
    except psutil.NoSuchProcess as error:
        raise ProcessGoneError from error
    yield PsutilProcess(key, process)
