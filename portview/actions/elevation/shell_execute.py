"""Start a program, or have the shell show something, through ShellExecuteExW (Windows).

https://learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-shellexecuteexw asks for COM in
a single-threaded apartment on the calling thread, and for the window that a prompt belongs to: one
without a window may only blink in the taskbar.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import wintypes
from functools import cache
from typing import TYPE_CHECKING, Protocol

from portview.readers.windows.com import COINIT_SINGLE_THREADED, apartment
from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.system_programs import program_folder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

SEE_MASK_NOCLOSEPROCESS = 0x00000040
SEE_MASK_NOASYNC = 0x00000100
SEE_MASK_FLAG_NO_UI = 0x00000400
SEE_MASK_INVOKEIDLIST = 0x0000000C
"""Take the verb from the file's context menu, where "properties" is. Without it the verb is looked
up for the file's type only, and where none is found there the file is *run* (so does Wine)."""
SW_HIDE, SW_SHOWNORMAL, SW_SHOW = 0, 1, 5
LONGEST_PARAMETERS = 32_767
"""Characters of a whole command line (CreateProcessW), its end included."""


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


class Shell(Protocol):
    """What of Windows is called; tests have one that is as strict as the documentation."""

    def apartment(self) -> AbstractContextManager[None]:
        """Have COM ready on this thread for the length of a block."""

    def execute(self, info: ShellExecuteInfo) -> int:
        """Call ShellExecuteExW; return 0 or the error's code."""

    def own_window(self) -> int:
        """Return a window of this process for prompts to belong to, 0 where it shows none."""


def shell_execute(
    verb: str,
    file: str,
    parameters: str = "",
    *,
    mask: int = 0,
    show: int = SW_HIDE,
    shell: Shell | None = None,
) -> int | None:
    """Have the shell do something with a file and return the handle of the process, if it reports.

    Blocks for as long as a person takes to answer a prompt. Any thread. Raises OSError; with
    ``winerror`` 1223 (ERROR_CANCELLED) the person declined.
    """
    if len(file) + len(parameters) + len('"" ') >= LONGEST_PARAMETERS:
        raise OSError("the command line is longer than Windows takes")
    shell = shell or _shell()
    folder = program_folder()
    with shell.apartment():
        info = ShellExecuteInfo(
            size=ctypes.sizeof(ShellExecuteInfo),
            # The thread may end right away, and handles no messages.
            mask=mask | SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
            window=shell.own_window(),
            verb=verb,
            file=file,
            parameters=parameters or None,
            directory=str(folder) if folder else None,
            show=show,
        )
        if code := shell.execute(info):
            raise windows_error(code)
    return int(info.process) if info.process else None


def close_handle(process: int) -> None:
    """Close a handle that ``shell_execute`` returned."""
    bind(load_library("kernel32.dll"), "CloseHandle", wintypes.BOOL, wintypes.HANDLE)(process)


class _WindowsShell:
    def __init__(self) -> None:
        shell32, user32 = load_library("shell32.dll"), load_library("user32.dll")
        kernel32 = load_library("kernel32.dll")
        window, flag, number = wintypes.HWND, wintypes.BOOL, wintypes.DWORD
        self._execute = bind(shell32, "ShellExecuteExW", flag, ctypes.c_void_p)
        self._foreground = bind(user32, "GetForegroundWindow", window)
        self._process_of = bind(
            user32, "GetWindowThreadProcessId", number, window, ctypes.POINTER(number)
        )
        self._is_visible = bind(user32, "IsWindowVisible", flag, window)
        self._console = bind(kernel32, "GetConsoleWindow", window)

    def apartment(self) -> AbstractContextManager[None]:
        return apartment(COINIT_SINGLE_THREADED)

    def execute(self, info: ShellExecuteInfo) -> int:
        return 0 if self._execute(ctypes.byref(info)) else last_error()

    def own_window(self) -> int:
        from portview.actions.process_handles.windows_top_level import main_windows  # noqa: PLC0415

        foreground = self._foreground()
        owner = wintypes.DWORD()
        if foreground:
            self._process_of(foreground, ctypes.byref(owner))
            if owner.value == os.getpid():
                return int(foreground)
        if own := main_windows(os.getpid()):
            return own[0]
        # A terminal has its own window; the console's is hidden then.
        console = self._console()
        return int(console) if console and self._is_visible(console) else 0


@cache
def _shell() -> Shell:
    return _WindowsShell()
