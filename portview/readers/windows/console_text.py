"""What console programs of Windows print, as text: their code page is not PortView's own.

The packaged program has UTF-8 as its active code page (program.manifest), and then GetACP and
GetOEMCP, with them Python's "oem", say 65001. A console program that PortView starts gets a console
of its own, which writes in the code page that a person has set for new consoles (HKEY_CURRENT_USER,
Console), or in that of the system (Nls, CodePage, OEMCP): 936 in China, 850 in much of Europe.
"""

from __future__ import annotations

import codecs
import sys

from portview.readers.windows.registry import open_key

_NLS = r"SYSTEM\CurrentControlSet\Control\Nls\CodePage"
_USER_CONSOLE = "Console"
UTF_8 = 65001
_USUAL = 437
_UTF_16_MARK = b"\xff\xfe"


def console_code_page() -> int:
    """Return the code page in which a console program prints that PortView starts. Any thread.

    65001 (UTF-8) elsewhere than on Windows.
    """
    if sys.platform != "win32":
        return UTF_8
    return _user_code_page() or system_code_page("OEMCP") or _USUAL


def system_code_page(name: str) -> int | None:
    """Return the code page OEMCP or ACP of the system, None where the registry has none."""
    if sys.platform != "win32":
        return None
    import winreg  # noqa: PLC0415 - Windows only

    try:
        key = open_key(_NLS)
        if key is None:
            return None
        with key:
            text = winreg.QueryValueEx(key, name)[0]
        return int(text) or None
    except (OSError, TypeError, ValueError):
        return None


def decode_console(output: bytes, code_page: int | None = None) -> str:
    """Return what a console program printed as text. Any thread; never raises.

    Bytes that are none of the code page's, but UTF-8, are taken for that: some programs write it
    whatever the console is set to. What is neither is replaced character by character.
    """
    if output.startswith(_UTF_16_MARK):
        return output[len(_UTF_16_MARK) :].decode("utf-16-le", "replace")
    page = console_code_page() if code_page is None else code_page
    for one in dict.fromkeys((page, UTF_8)):
        try:
            return _decode(output, one, "strict")
        except (UnicodeError, LookupError, OSError):
            continue
    try:
        return _decode(output, page, "replace")
    except (UnicodeError, LookupError, OSError):
        return output.decode("ascii", "replace")


def _decode(output: bytes, page: int, errors: str) -> str:
    if page == UTF_8:
        return output.decode("utf-8", errors)
    if sys.platform == "win32":
        # Windows' own tables: Python's have no letter for some bytes, and miss some code pages.
        return codecs.code_page_decode(page, output, errors, True)[0]  # noqa: FBT003 - by position only
    return output.decode(f"cp{page}", errors)


def _user_code_page() -> int | None:
    """Return what this user has set for new consoles, None for the system's."""
    if sys.platform != "win32":
        return None
    import winreg  # noqa: PLC0415 - Windows only

    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _USER_CONSOLE) as key:
            value, kind = winreg.QueryValueEx(key, "CodePage")
    except OSError:
        return None
    return int(value) or None if kind == winreg.REG_DWORD else None
