"""Everything that a command of PortView's own has started, to be ended with it."""

from __future__ import annotations

import contextlib
import os
import subprocess

import psutil

_ROUNDS = 20
_LONGEST_WAIT_S = 1.0


class StartedTree:
    """The processes under one that was started, also those that left its tree since.

    psutil compares start times before each act, so that a reused PID is left alone. Belongs to one
    thread.
    """

    def __init__(self, pid: int, mark: tuple[str, str]) -> None:
        """Store the first process, and a variable of its environment that no other has."""
        self._pid = pid
        self._mark = mark
        self._seen: dict[int, psutil.Process] = {}

    def look(self) -> None:
        """Note what runs under it now."""
        self._look_under(self._pid)

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End the process and all that it started, until a reading finds nothing more."""
        for _round in range(_ROUNDS):
            self.look()
            for known in list(self._seen.values()):
                self._look_under(known.pid)
            alive = [one for one in (*self._seen.values(), *self._marked()) if _is_alive(one)]
            if process.poll() is None:
                process.kill()
            if not alive:
                break
            for one in alive:
                with contextlib.suppress(psutil.Error):
                    one.kill()
            psutil.wait_procs(alive, timeout=_LONGEST_WAIT_S)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LONGEST_WAIT_S)

    def _look_under(self, pid: int) -> None:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(pid).children(recursive=True):
                self._seen.setdefault(child.pid, child)

    def _marked(self) -> list[psutil.Process]:
        """Return the processes that carry the mark, sessions of their own included."""
        name, value = self._mark
        found = []
        for process in psutil.process_iter():
            if process.pid == os.getpid():
                continue
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get(name) == value:
                    found.append(process)
        return found


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
