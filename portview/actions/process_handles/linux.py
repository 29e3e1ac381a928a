"""Processes of Linux, held by a pidfd (pidfd_open(2), Linux 5.3)."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from portview.actions.process_handles.handle import ProcessGoneError, not_the_same, number_unsure
from portview.actions.safety.process_facts import CloseMethod
from portview.domain.facts import Known, Unreadable
from portview.readers.linux.proc_mount import number_of_pidfd, own_number
from portview.readers.linux.running_program import read_linux_program
from portview.readers.process_identity import process_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.program import RunningProgram


class LinuxProcess:
    """One process behind a pidfd. A signal sent through it can reach no other process."""

    def __init__(self, key: ProcessKey, pidfd: int) -> None:
        """Store the identity and the descriptor, which stays the caller's to close."""
        self.key = key
        self._pidfd = pidfd

    def check_rights(self) -> None:
        """Raise PermissionError where this user may not send a signal."""
        self._send(0)

    def program(self) -> RunningProgram:
        """Read it from /proc, and make sure that the process had its PID all the while."""
        program = read_linux_program(self.key.pid)
        if self.wait(0):
            raise ProcessLookupError(self.key.pid)
        return program

    def ask(self) -> CloseMethod:
        """Send SIGTERM, and SIGCONT so that a stopped process notices it (as systemd does)."""
        self._send(signal.SIGTERM)
        # It may have ended by now, and its parent may know: it was asked all the same.
        with suppress(ProcessLookupError):
            self._send(signal.SIGCONT)
        return CloseMethod.SIGNAL

    def end(self) -> None:
        """Send SIGKILL."""
        self._send(signal.SIGKILL)

    def suspend(self) -> None:
        """Send SIGSTOP."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Send SIGCONT."""
        self._send(signal.SIGCONT)

    def wait(self, seconds: float) -> bool:
        """Wait for the process to end; a zombie has ended."""
        return _has_ended(self._pidfd, seconds)

    def _send(self, number: int) -> None:
        if sys.platform == "linux":
            signal.pidfd_send_signal(self._pidfd, number)


@contextmanager
def open_linux_process(key: ProcessKey) -> Iterator[LinuxProcess]:
    """Hold a process by a pidfd whose identity was checked after it was opened."""
    if sys.platform != "linux" or key.pid <= 0:
        raise not_the_same(key.pid)
    if isinstance(own := own_number(), Unreadable):
        raise number_unsure(key.pid, own)
    try:
        pidfd = os.pidfd_open(key.pid)
    except ProcessLookupError as error:
        raise ProcessGoneError from error
    try:
        now = process_key(key.pid)
        number = number_of_pidfd(pidfd)
        if _has_ended(pidfd, 0):
            raise ProcessGoneError
        if isinstance(number, Unreadable):
            raise number_unsure(key.pid, number)
        if number != Known(key.pid):
            raise not_the_same(key.pid)
        # It still ran after the start time was read, so it had the PID all the while and the time
        # is its own.
        if now != key:
            raise not_the_same(key.pid)
        yield LinuxProcess(key, pidfd)
    finally:
        os.close(pidfd)


def _has_ended(pidfd: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(max(0, round(seconds * 1000))))
