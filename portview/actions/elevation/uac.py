"""Administrator rights through Windows' own prompt (UAC): ShellExecuteExW with "runas".

The elevated request runs in a process of its own. It hands its report back through a named pipe,
to which only this user and administrators may write, and of which this side checks that it is that
process that speaks. Not verified on Windows so far: no bench shows the prompt.
"""

from __future__ import annotations

import ctypes
import importlib
import secrets
import subprocess
import sys
import threading
from contextlib import suppress
from ctypes import wintypes
from functools import cache
from multiprocessing import connection as pipes
from multiprocessing.connection import Client, Listener
from typing import TYPE_CHECKING, Any

from portview.actions.elevation.errors import elevation_cancelled
from portview.actions.elevation.shell_execute import (
    SEE_MASK_NOCLOSEPROCESS,
    SW_HIDE,
    shell_execute,
)
from portview.actions.own_command import elevated_command
from portview.domain.errors import Outcome, PortViewError
from portview.domain.owners.process_tree import parent_of
from portview.i18n import _
from portview.readers.running_processes import running_processes
from portview.readers.windows.dll import bind, last_error, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from portview.actions.elevation.shell_execute import Shell
    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.attribution import RunningProcess

ERROR_PIPE_BUSY = 231
ERROR_CANCELLED = 1223
WAIT_OBJECT_0 = 0
GENERIC_READ, GENERIC_WRITE = 0x8000_0000, 0x4000_0000
OPEN_EXISTING = 3
FILE_FLAG_OVERLAPPED = 0x4000_0000
SECURITY_SQOS_PRESENT, SECURITY_IDENTIFICATION = 0x0010_0000, 0x0001_0000
PIPE_READMODE_MESSAGE = 2
PIPE_PREFIX = r"\\.\pipe\portview-"
LONGEST_ANSWER = 1_000_000

_SLICE_MS = 100
_CONNECT_ATTEMPTS, _CONNECT_WAIT_MS = 10, 1000


def ask_windows(
    arguments: Sequence[str], cancel: CancelToken | None = None, *, verb: str = "runas"
) -> bytes:
    """Run an elevated request through the prompt and return its answer. Raises PortViewError.

    ``verb`` is "runas"; "open" runs it without other rights, which is how the way there and back
    is tried.
    """
    address = f"{PIPE_PREFIX}{secrets.token_hex(16)}"
    with Listener(address, "AF_PIPE") as listener:
        process = _start([*arguments, address], verb)
        try:
            return _hear(listener, address, process, cancel)
        finally:
            _library().close(process)


def answer_through_pipe(address: str, answer: bytes) -> None:
    """Hand an answer back, on the side with rights. Raises OSError.

    Whoever serves the pipe may learn who we are, but not act in our name.
    """
    if not address.startswith(PIPE_PREFIX):
        raise OSError("this is no pipe of PortView's")
    if sys.platform != "win32":
        raise OSError("this system has no such pipes")
    with _connect(address) as connection:
        connection.send_bytes(answer)


def start_elevated(
    arguments: Sequence[str],
    *,
    verb: str = "runas",
    show: int = SW_HIDE,
    shell: Shell | None = None,
) -> int | None:
    """Start this PortView as administrator and return the process's handle, if Windows says it.

    Raises PortViewError; a refusal at the prompt is the error "elevation_cancelled".
    """
    program, *first = elevated_command()
    parameters = subprocess.list2cmdline([*first, *arguments])
    mask = SEE_MASK_NOCLOSEPROCESS
    try:
        return shell_execute(verb, program, parameters, mask=mask, show=show, shell=shell)
    except OSError as error:
        if getattr(error, "winerror", None) == ERROR_CANCELLED:
            raise elevation_cancelled() from error
        raise PortViewError(
            "elevation_failed",
            _("Windows did not start PortView as administrator: {value}.").format(
                value=error.strerror or error
            ),
            _("Start PortView itself as administrator and try again."),
            Outcome.NEEDS_ADMIN,
        ) from error


def _connect(address: str) -> Any:
    """Open the pipe as ``multiprocessing.connection.Client`` does, but to be identified only."""
    api = importlib.import_module("_winapi")
    flags = SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION | FILE_FLAG_OVERLAPPED
    access = GENERIC_READ | GENERIC_WRITE
    for attempt in range(_CONNECT_ATTEMPTS):
        try:
            handle = api.CreateFile(address, access, 0, 0, OPEN_EXISTING, flags, 0)
            break
        except OSError as error:
            # Somebody else is being served just now.
            is_busy = getattr(error, "winerror", None) == ERROR_PIPE_BUSY
            if not is_busy or attempt == _CONNECT_ATTEMPTS - 1:
                raise
            with suppress(OSError):
                api.WaitNamedPipe(address, _CONNECT_WAIT_MS)
    api.SetNamedPipeHandleState(handle, PIPE_READMODE_MESSAGE, None, None)
    made: Any = pipes.PipeConnection(handle)  # type: ignore[attr-defined,unused-ignore]
    return made


def _start(arguments: Sequence[str], verb: str) -> int:
    process = start_elevated(arguments, verb=verb)
    if process is None:
        raise PortViewError(
            "elevation_failed",
            _("Windows started the elevated process but returned no handle to it."),
            _("Check the current state before you try again."),
            Outcome.NOT_DONE,
        )
    return process


def _hear(listener: Listener, address: str, process: int, cancel: CancelToken | None) -> bytes:
    """Wait until the elevated process speaks or ends; other visitors are sent away."""
    heard: list[bytes] = []
    is_over = threading.Event()
    expected = _library().process_id(process)

    def accept() -> None:
        while not heard and not is_over.is_set():
            with suppress(OSError, EOFError), listener.accept() as connection:
                if speaks_for(expected, _client_of(connection), running_processes):
                    heard.append(connection.recv_bytes(LONGEST_ANSWER))

    thread = threading.Thread(target=accept, name="elevated request", daemon=True)
    thread.start()
    while thread.is_alive():
        has_ended = _library().wait(process, _SLICE_MS) == WAIT_OBJECT_0
        is_cancelled = cancel is not None and cancel.is_cancelled
        if has_ended or is_cancelled:
            thread.join(_SLICE_MS / 1000)
            is_over.set()
            # The listener can't be determined to stop waiting; being met by ourselves ends it.
            with suppress(OSError):
                Client(address, "AF_PIPE").close()
            thread.join()
    if not heard:
        raise PortViewError(
            "no_answer",
            _("The elevated process exited without a response."),
            _("Check the current state before you try again; the log may have details."),
            Outcome.NOT_DONE,
        )
    return heard[0]


def speaks_for(
    started: int, client: int, processes: Callable[[], Mapping[int, RunningProcess]]
) -> bool:
    """Return whether a process is the one that was started, or its direct child.

    python.exe of a virtual environment is a redirector: it starts the base interpreter as its
    child and waits for it.
    """
    if client == started:
        return True
    try:
        parent = parent_of(processes(), client)
    except OSError:
        return False
    return parent is not None and parent.pid == started


def _client_of(connection: Any) -> int:
    pid = wintypes.ULONG()
    if not _library().client_of(connection.fileno(), ctypes.byref(pid)):
        raise windows_error(last_error())
    return pid.value


class _Library:
    def __init__(self) -> None:
        kernel32 = load_library("kernel32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        self.close = bind(kernel32, "CloseHandle", flag, handle)
        self.wait = bind(kernel32, "WaitForSingleObject", number, handle, number)
        self.process_id = bind(kernel32, "GetProcessId", number, handle)
        self.client_of = bind(
            kernel32,
            "GetNamedPipeClientProcessId",
            flag,
            handle,
            ctypes.POINTER(wintypes.ULONG),
        )


@cache
def _library() -> _Library:
    return _Library()
