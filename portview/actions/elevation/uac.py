"""Administrator rights through Windows' own prompt (UAC): ShellExecuteExW with "runas".

The errand runs in a process of its own. It hands its report back through a named pipe, to which
only this user and administrators may write, and of which this side checks that it is that process
that speaks. Not verified on Windows so far: no bench shows the prompt.
"""

from __future__ import annotations

import ctypes
import secrets
import subprocess
import threading
from contextlib import suppress
from ctypes import wintypes
from functools import cache
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, Any

from portview.actions.elevation.errors import elevation_cancelled
from portview.actions.elevation.own_command import elevated_command
from portview.domain.errors import Outcome, PortViewError
from portview.readers.windows.dll import bind, last_error, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.cancellation import CancelToken

ERROR_CANCELLED = 1223
SEE_MASK_NOCLOSEPROCESS = 0x00000040
SEE_MASK_NOASYNC = 0x00000100
SEE_MASK_FLAG_NO_UI = 0x00000400
SW_HIDE = 0
WAIT_OBJECT_0 = 0
PIPE_PREFIX = r"\\.\pipe\portview-"
LONGEST_ANSWER = 1_000_000

_SLICE_MS = 100


class ShellExecuteInfo(ctypes.Structure):
    """SHELLEXECUTEINFOW."""

    _fields_ = (
        ("size", wintypes.DWORD),
        ("mask", wintypes.ULONG),
        ("window", wintypes.HWND),
        ("verb", wintypes.LPCWSTR),
        ("file", wintypes.LPCWSTR),
        ("parameters", wintypes.LPCWSTR),
        ("directory", wintypes.LPCWSTR),
        ("show", ctypes.c_int),
        ("instance", wintypes.HINSTANCE),
        ("id_list", ctypes.c_void_p),
        ("class_name", wintypes.LPCWSTR),
        ("class_key", wintypes.HKEY),
        ("hot_key", wintypes.DWORD),
        ("icon", wintypes.HANDLE),
        ("process", wintypes.HANDLE),
    )


def ask_windows(
    arguments: Sequence[str], cancel: CancelToken | None = None, *, verb: str = "runas"
) -> bytes:
    """Run an errand through the prompt and return its answer. Raises PortViewError.

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
    """Hand an answer back, on the errand's side. Raises OSError."""
    if not address.startswith(PIPE_PREFIX):
        raise OSError("this is no pipe of PortView's")
    with Client(address, "AF_PIPE") as connection:
        connection.send_bytes(answer)


def _start(arguments: Sequence[str], verb: str) -> int:
    program, *first = elevated_command()
    info = ShellExecuteInfo(
        size=ctypes.sizeof(ShellExecuteInfo),
        mask=SEE_MASK_NOCLOSEPROCESS | SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
        verb=verb,
        file=program,
        parameters=subprocess.list2cmdline([*first, *arguments]),
        show=SW_HIDE,
    )
    if not _library().execute(ctypes.byref(info)):
        code = last_error()
        if code == ERROR_CANCELLED:
            raise elevation_cancelled()
        raise PortViewError(
            "elevation_failed",
            f"Windows did not start PortView as administrator: {windows_error(code)}.",
            "Start PortView itself as administrator and try again.",
            Outcome.NEEDS_ADMIN,
        )
    if not info.process:
        raise PortViewError(
            "elevation_failed",
            "Windows started the errand but does not say as which process.",
            "Look again at what is true now.",
            Outcome.NOT_DONE,
        )
    return int(info.process)


def _hear(listener: Listener, address: str, process: int, cancel: CancelToken | None) -> bytes:
    """Wait until the errand speaks or ends."""
    heard: list[bytes] = []
    expected = _library().process_id(process)

    def accept() -> None:
        with suppress(OSError, EOFError), listener.accept() as connection:
            if _client_of(connection) == expected:
                heard.append(connection.recv_bytes(LONGEST_ANSWER))

    thread = threading.Thread(target=accept, name="elevated errand", daemon=True)
    thread.start()
    while thread.is_alive():
        has_ended = _library().wait(process, _SLICE_MS) == WAIT_OBJECT_0
        is_cancelled = cancel is not None and cancel.is_cancelled
        if has_ended or is_cancelled:
            thread.join(_SLICE_MS / 1000)
            # The listener can't be told to stop waiting; being met by ourselves ends it.
            with suppress(OSError):
                Client(address, "AF_PIPE").close()
            thread.join()
    if not heard:
        raise PortViewError(
            "no_answer",
            "The errand as administrator ended without an answer.",
            "Look again at what is true now; the log may tell more.",
            Outcome.NOT_DONE,
        )
    return heard[0]


def _client_of(connection: Connection[Any, Any]) -> int:
    pid = wintypes.ULONG()
    _library().client_of(connection.fileno(), ctypes.byref(pid))
    return pid.value


class _Library:
    def __init__(self) -> None:
        kernel32, shell32 = load_library("kernel32.dll"), load_library("shell32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        self.execute = bind(shell32, "ShellExecuteExW", flag, ctypes.c_void_p)
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
