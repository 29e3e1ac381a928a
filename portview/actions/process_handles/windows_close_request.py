"""Ask a console program of Windows to close, with CTRL_BREAK or CTRL_C, and nobody else by it.

A process can attach to one console only, and hears what is sent there; so a process of its own
attaches, says who is in the console, and sends. It sends only while the console holds exactly those
by whom the way was chosen. Not verified on Windows so far; Wine sends an interrupt in any case.
"""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Any

from portview.actions.own_command import own_command
from portview.actions.process_handles.console_choice import (
    ConsoleChoice,
    ConsoleWorld,
    choose_console_method,
)
from portview.actions.safety.process_facts import CloseMethod
from portview.domain.facts import Known
from portview.domain.owners.process_tree import ancestors_of, descendants_of
from portview.readers.processes import read_process
from portview.readers.running_processes import running_processes
from portview.readers.windows.dll import bind, load_library
from portview.readers.windows.process_group import process_group_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from portview.domain.owners.attribution import RunningProcess

logger = logging.getLogger(__name__)

CTRL_C_EVENT, CTRL_BREAK_EVENT = 0, 1
DETACHED_PROCESS = 0x00000008
CTRL_BREAK_VERB = "press-ctrl-break"
"""The verb under which PortView starts itself for this."""
INSPECT = "inspect"
"""In place of a method: say who is in the console, and send nothing."""

_DONE, _NOT_DONE, _BAD_INPUT = 0, 1, 2
_TIMEOUT_S = 20
_MOST_PROCESSES = 64
_LARGEST_PID = 2**32 - 1
_EVENTS = {
    CloseMethod.CONSOLE: CTRL_BREAK_EVENT,
    CloseMethod.GROUP: CTRL_BREAK_EVENT,
    CloseMethod.INTERRUPT: CTRL_C_EVENT,
}


def console_choice(pid: int) -> ConsoleChoice:
    """Return how a process can be asked through its console, without doing it.

    Starts a process for a moment; blocks for some tenths of a second.
    """
    answer = _run(pid, INSPECT, ())
    if answer is None:
        return choose_console_method(ConsoleWorld(pid, frozenset()))
    try:
        processes = running_processes()
        attached = frozenset(int(word) for word in answer.split())
    except (OSError, ValueError) as error:
        logger.warning("console of PID %d: %s", pid, error)
        return choose_console_method(ConsoleWorld(pid, frozenset()))
    return choose_console_method(
        ConsoleWorld(
            pid,
            attached,
            [read_process(key) for key in ancestors_of(processes, pid)],
            {key.pid for key in descendants_of(processes, pid)},
            {os.getpid(), *(key.pid for key in ancestors_of(processes, os.getpid()))},
            leads_group=process_group_of(pid) == Known(pid),
            names=_names_of(attached, processes),
        )
    )


def _names_of(pids: Collection[int], processes: Mapping[int, RunningProcess]) -> dict[int, str]:
    """Return the names of processes by PID, without those that could not be read."""
    infos = [read_process(processes[pid].key) for pid in pids if pid in processes]
    return {info.key.pid: info.name for info in infos if info.name}


def ask_through_console(pid: int) -> CloseMethod:
    """Ask a process in the way that fits now, and return which; NONE where nothing was sent.

    The caller holds a handle on the process, so that its PID stays its own meanwhile.
    """
    choice = console_choice(pid)
    if choice.method is CloseMethod.NONE:
        return CloseMethod.NONE
    is_sent = _run(pid, choice.method.value, sorted(choice.attached)) is not None
    return choice.method if is_sent else CloseMethod.NONE


def _run(pid: int, what: str, attached: Sequence[int]) -> str | None:
    """Start PortView for a request; return what it says, None where it could not do it."""
    try:
        done = subprocess.run(  # noqa: S603 - our own executable with numbers
            [*own_command(), CTRL_BREAK_VERB, str(pid), what, *map(str, attached)],
            creationflags=DETACHED_PROCESS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="ascii",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        logger.warning("the console of PID %d could not be reached: %s", pid, error)
        return None
    return done.stdout if done.returncode == _DONE else None


def run_console_request(arguments: Sequence[str]) -> int:
    """Do what ``_run`` asks, in a process without a console of its own; return an exit code."""
    numbers = [*arguments[:1], *arguments[2:]]
    if len(arguments) < 2 or not all(_is_pid(word) for word in numbers):  # noqa: PLR2004
        return _BAD_INPUT
    pid, what = int(arguments[0]), arguments[1]
    others = _attach(pid)
    if others is None:
        return _NOT_DONE
    if what == INSPECT:
        _library().free()
        sys.stdout.write(" ".join(map(str, sorted(others))))
        sys.stdout.flush()
        return _DONE
    if what not in _EVENTS or others != {int(word) for word in arguments[2:]}:
        return _NOT_DONE
    group = pid if what == CloseMethod.GROUP else 0
    is_sent = _library().generate(_EVENTS[CloseMethod(what)], group)
    # The event reaches this process as well, on a thread of its own that needs the handler.
    _library().free()
    return _DONE if is_sent else _NOT_DONE


def _attach(pid: int) -> set[int] | None:
    """Attach to the console of a process and return who else is in it, None where that fails."""
    library = _library()
    # What attaches to a console starts with no handlers there, so that comes first. CTRL_C is
    # ignored by the flag, CTRL_BREAK by a handler that says that it was handled.
    if not (
        library.attach(pid)
        and library.set_handler(library.ignore, 1)
        and library.set_handler(library.no_handler, 1)
    ):
        return None
    attached = (wintypes.DWORD * _MOST_PROCESSES)()
    count = library.process_list(attached, _MOST_PROCESSES)
    if not 0 < count <= _MOST_PROCESSES:
        return None
    return set(attached[:count]) - {library.own_pid()}


def _is_pid(word: str) -> bool:
    return word.isascii() and word.isdecimal() and int(word[:11]) <= _LARGEST_PID


class _Library:
    def __init__(self) -> None:
        kernel32 = load_library("kernel32.dll")
        flag, number = wintypes.BOOL, wintypes.DWORD
        self.handler: Any = ctypes.CFUNCTYPE(flag, number)
        self.no_handler: Any = self.handler()
        self.ignore: Any = self.handler(lambda _event: True)
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
