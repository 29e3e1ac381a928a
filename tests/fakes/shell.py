"""A shell of Windows that is as strict as its documentation, where Wine lets much pass."""

from __future__ import annotations

import ctypes
import threading
from contextlib import contextmanager
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.actions.elevation.shell_execute import ShellExecuteInfo

ERROR_INVALID_PARAMETER, ERROR_CANCELLED, ERROR_FILENAME_EXCED_RANGE = 87, 1223, 206
SIZE_ON_X64 = 112
_KNOWN_MASKS = 0x3FF_FFFF
_NOASYNC, _NO_UI, _NOCLOSEPROCESS = 0x100, 0x400, 0x40
_MAX_PATH = 260
_LONGEST_COMMAND_LINE = 32_767
_SW_MAX = 11


class StrictShell:
    """Does nothing but hold each call to what Microsoft documents of ShellExecuteExW.

    ``outcome`` is the error's code; ``calls`` what was asked for.
    """

    def __init__(self, outcome: int = 0, *, window: int = 0x2_0042, process: int = 77) -> None:
        self.outcome = outcome
        self.window = window
        self.process = process
        self.calls: list[dict[str, Any]] = []
        self._apartments: dict[int, int] = {}

    @contextmanager
    def apartment(self) -> Iterator[None]:
        thread = threading.get_ident()
        self._apartments[thread] = self._apartments.get(thread, 0) + 1
        try:
            yield
        finally:
            self._apartments[thread] -= 1

    @property
    def open_apartments(self) -> int:
        return sum(self._apartments.values())

    def own_window(self) -> int:
        return self.window

    def execute(self, info: ShellExecuteInfo) -> int:
        assert self._apartments.get(threading.get_ident()), "COM is not initialised on this thread"
        assert info.size == ctypes.sizeof(info), "cbSize is the size of the structure"
        if ctypes.sizeof(ctypes.c_void_p) == 8 and ctypes.sizeof(ctypes.c_ulong) == 4:
            assert info.size == SIZE_ON_X64
        assert not info.mask & ~_KNOWN_MASKS
        assert info.mask & _NOASYNC, "a thread without a message loop needs SEE_MASK_NOASYNC"
        assert (info.window or 0) == self.window, "prompts belong to the window of the caller"
        assert info.verb in {"runas", "open", "properties"}
        assert 0 <= info.show <= _SW_MAX
        parameters = info.parameters or ""
        if len(info.file) >= _MAX_PATH:
            return ERROR_FILENAME_EXCED_RANGE
        assert len(info.file) + len(parameters) + 4 <= _LONGEST_COMMAND_LINE
        assert "\0" not in info.file + parameters
        if info.directory is not None:
            assert PureWindowsPath(info.directory).is_absolute()
        self.calls.append(
            {
                name: getattr(info, name)
                for name in ("verb", "file", "parameters", "directory", "show", "mask")
            }
        )
        if self.outcome:
            assert info.mask & _NO_UI
            return self.outcome
        if info.mask & _NOCLOSEPROCESS:
            info.process = self.process
        return 0
