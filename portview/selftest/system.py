"""Which system this is, in which language and code pages, and with which rights PortView runs."""

from __future__ import annotations

import ctypes
import locale
import os
import platform
import sys
from ctypes import wintypes
from typing import TYPE_CHECKING, Any

from portview.domain.facts import Known
from portview.readers.elevation import is_elevated
from portview.readers.process_rights import read_process_rights
from portview.readers.windows.console_text import console_code_page, system_code_page
from portview.readers.windows.dll import bind, find, load_library
from portview.readers.windows.registry import read_values

if TYPE_CHECKING:
    from portview.selftest.redaction import Redactor

_VERSION_KEY = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_REPORTED = (
    *("ProductName", "EditionID", "InstallationType", "DisplayVersion", "ReleaseId"),
    *("CurrentBuild", "UBR", "BuildLabEx"),
)
_WORDS = ("ID", "VERSION_ID")


def read_system(_redactor: Redactor) -> dict[str, Any]:
    """Return what the system says of itself. Any thread."""
    read: dict[str, Any] = {
        "system": sys.platform,
        "release": platform.release(),
        "version": platform.version(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "pointer_bits": ctypes.sizeof(ctypes.c_void_p) * 8,
        "is_built_program": bool(getattr(sys, "frozen", False)),
        "language": locale.getlocale()[0],
    }
    if sys.platform == "win32":
        read |= _windows()
    elif sys.platform == "linux":
        read["distribution"] = _distribution()
    return read


def read_rights(_redactor: Redactor) -> dict[str, Any]:
    """Return with which rights PortView runs, without significant as whom. Any thread."""
    rights = read_process_rights(os.getpid())
    read: dict[str, Any] = {"is_elevated": is_elevated()}
    if isinstance(rights, Known):
        # Of Windows the integrity level, of Linux the capabilities.
        read |= {"level": rights.value.level, "is_privileged": rights.value.is_privileged}
    if sys.platform == "win32":
        read["session"] = _session()
    return read


def is_wine() -> bool:
    """Return whether what looks like Windows is Wine, which its ntdll.dll says openly."""
    return wine_version() is not None


def wine_version() -> str | None:
    """Return Wine's version, None on Windows and elsewhere."""
    if sys.platform != "win32":
        return None
    ask = find(load_library("ntdll.dll"), "wine_get_version", ctypes.c_char_p)
    return None if ask is None else (ask() or b"").decode("ascii", "replace")


def _windows() -> dict[str, Any]:
    kernel32 = load_library("kernel32.dll")
    values = read_values(_VERSION_KEY) or {}
    pages = {
        name: bind(kernel32, name, wintypes.UINT)()
        for name in ("GetACP", "GetOEMCP", "GetConsoleOutputCP")
    }
    language = bind(kernel32, "GetUserDefaultUILanguage", wintypes.WORD)()
    return {
        "wine": wine_version(),
        "windows": {name: values[name] for name in _REPORTED if name in values},
        "ui_language": f"{language:#06x}",
        "code_pages": {
            **pages,
            "ACP": system_code_page("ACP"),
            "OEMCP": system_code_page("OEMCP"),
            "used_for_console_programs": console_code_page(),
        },
    }


def _session() -> int | None:
    ask = bind(
        load_library("kernel32.dll"),
        "ProcessIdToSessionId",
        wintypes.BOOL,
        *(wintypes.DWORD, ctypes.POINTER(wintypes.DWORD)),
    )
    session = wintypes.DWORD()
    return session.value if ask(os.getpid(), ctypes.byref(session)) else None


def _distribution() -> dict[str, str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return {}
    return {name: release[name] for name in _WORDS if name in release}
