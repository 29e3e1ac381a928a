"""Whether PortView has administrator rights, asked by processes with and without them."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from ctypes import wintypes
from pathlib import Path

import pytest

from portview.readers.elevation import is_elevated
from portview.readers.windows.dll import bind, load_library

ROOT = Path(__file__).resolve().parents[3]
ASK = "from portview.readers.elevation import is_elevated; print(is_elevated())"
NOBODY = 65534


@pytest.mark.root_only("starts a process as another user")
def test_root_is_elevated_and_nobody_is_not() -> None:
    assert is_elevated()
    drop_rights = f"import os; os.setgid({NOBODY}); os.setuid({NOBODY})"
    answer = subprocess.check_output(
        # Imported before the rights are dropped: nobody may not read everybody's folders.
        [sys.executable, "-c", f"import portview.readers.elevation; {drop_rights}; {ASK}"],
        cwd=ROOT,
        text=True,
    )
    assert answer.strip() == "False"


@pytest.mark.windows_only("asks for the token of this process")
def test_the_kind_of_token_does_not_contradict_the_answer() -> None:
    advapi32, kernel32 = load_library("advapi32.dll"), load_library("kernel32.dll")
    handle, number = wintypes.HANDLE, wintypes.DWORD
    token, kind, size = handle(), number(), number()
    open_token = bind(advapi32, "OpenProcessToken", number, handle, number, ctypes.c_void_p)
    query = bind(
        advapi32,
        "GetTokenInformation",
        number,
        *(handle, ctypes.c_int, ctypes.c_void_p, number, ctypes.c_void_p),
    )
    token_elevation_type = 18
    assert open_token(handle(-1), 0x0008, ctypes.byref(token))
    try:
        assert query(token, token_elevation_type, ctypes.byref(kind), 4, ctypes.byref(size))
    finally:
        bind(kernel32, "CloseHandle", number, handle)(token)
    full, limited = 2, 3
    if kind.value in {full, limited}:
        assert is_elevated() == (kind.value == full)
    else:
        assert isinstance(is_elevated(), bool)  # no split token: one user, with rights or without
