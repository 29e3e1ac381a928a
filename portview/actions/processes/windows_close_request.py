"""Ask a console program of Windows to close, with CTRL_BREAK, and nobody else by it.

GenerateConsoleCtrlEvent reaches all processes of a console, or those of a process group; given the
PID of a process that leads no group, it reaches them all as well. So it is used only where a
console is one process's alone, and from a process of its own that leaves our console for it. Not
verified on Windows so far; Wine sends an interrupt to both instead.
"""

from __future__ import annotations

import ctypes
import logging
import subprocess
from ctypes import wintypes
from functools import cache
from typing import Any

from portview.actions.elevation.own_command import elevated_command
from portview.domain.owners.process_tree import parent_of
from portview.readers.processes import read_process
from portview.readers.running_processes import running_processes
from portview.readers.windows.dll import bind, load_library

logger = logging.getLogger(__name__)

CTRL_BREAK_EVENT = 1
DETACHED_PROCESS = 0x00000008
CTRL_BREAK_VERB = "press-ctrl-break"
"""The verb under which PortView starts itself for this."""

_CONSOLE_HOSTS = frozenset({"conhost.exe", "openconsole.exe"})
_PRESSED, _NOT_ALONE = 0, 1
_TIMEOUT_S = 20
_MOST_PROCESSES = 64


def has_own_console(pid: int) -> bool:
    """Tell whether a process brought a console with it: then a console host runs under it."""
    try:
        processes = running_processes()
    except OSError:
        return False
    return any(
        (read_process(process.key).name or "").lower() in _CONSOLE_HOSTS
        for child, process in processes.items()
        if process.parent_pid == pid and parent_of(processes, child)
    )


def press_ctrl_break(pid: int) -> bool:
    """Send CTRL_BREAK to a process that has its console for itself; tell whether it was sent.

    The caller holds a handle on the process, so that its PID stays its own meanwhile.
    """
    if not has_own_console(pid):
        return False
    try:
        done = subprocess.run(  # noqa: S603 - our own executable with a number
            [*elevated_command(), CTRL_BREAK_VERB, str(pid)],
            creationflags=DETACHED_PROCESS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.warning("could not press CTRL_BREAK: %s", error)
        return False
    return done.returncode == _PRESSED


def run_ctrl_break_request(pid: int) -> int:
    """Attach to a console and press CTRL_BREAK if nobody else is attached; return an exit code.

    Runs in a process without a console of its own.
    """
    library = _library()
    ignore = library.handler(lambda _event: True)
    # A process that attaches to a console starts with no handlers there, so it comes first.
    if not library.attach(pid) or not library.set_handler(ignore, 1):
        return _NOT_ALONE
    attached = (wintypes.DWORD * _MOST_PROCESSES)()
    count = library.process_list(attached, _MOST_PROCESSES)
    if count > _MOST_PROCESSES or set(attached[:count]) != {pid, library.own_pid()}:
        return _NOT_ALONE
    if not library.generate(CTRL_BREAK_EVENT, 0):
        return _NOT_ALONE
    # The event reaches this process as well, on a thread of its own that needs the handler.
    library.free()
    return _PRESSED


class _Library:
    def __init__(self) -> None:
        kernel32 = load_library("kernel32.dll")
        flag, number = wintypes.BOOL, wintypes.DWORD
        self.handler: Any = ctypes.CFUNCTYPE(flag, number)
        self.attach = bind(kernel32, "AttachConsole", flag, number)
        self.set_handler = bind(kernel32, "SetConsoleCtrlHandler", flag, self.handler, flag)
        self.process_list = bind(
            kernel32, "GetConsoleProcessList", number, ctypes.POINTER(number), number
        )
        self.generate = bind(kernel32, "GenerateConsoleCtrlEvent", flag, number, number)
        self.free = bind(kernel32, "FreeConsole", flag)
        self.own_pid = bind(kernel32, "GetCurrentProcessId", number)


@cache
def _library() -> _Library:
    return _Library()
