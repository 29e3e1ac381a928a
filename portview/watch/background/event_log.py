"""The Windows Event Log: the source, the numbers of events, and the handler that writes them.

The text of an event is whole in the event itself. Its source names the message file of Windows' own
``eventcreate``, in which each of the numbers 1 to 1,000 stands for just the text it was given; so
the viewer shows readable text, and PortView needs no library of messages.
https://learn.microsoft.com/windows-server/administration/windows-commands/eventcreate
"""

from __future__ import annotations

import ctypes
import logging
import sys
from ctypes import wintypes
from functools import cache
from typing import Any

from portview.domain.plain_text import inert
from portview.log_json import FIELDS
from portview.override import override
from portview.readers.windows.dll import bind, load_library

SOURCE = "PortView"
SOURCE_KEY = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{SOURCE}"
# untranslated: a path
MESSAGE_FILE = r"%SystemRoot%\System32\EventCreate.exe"

STARTED, STOPPED, PROBLEM, NOTE = 1, 2, 3, 4
EVENT_NUMBERS = {
    "firing": 10,
    "resolved": 11,
    "reminder": 12,
    "cannot_tell": 13,
    "flapping": 14,
}
"""Numbers of the transitions of a watch; ``portview help background`` lists them all."""
_OTHER_TRANSITION = 19

NUMBER_FIELD = "event_number"
"""The key of ``extra`` under which a record has a number of its own."""

_ERROR_TYPE, _WARNING_TYPE, _INFORMATION_TYPE = 1, 2, 4
_ALL_TYPES = 7
_WARNING_TRANSITIONS = frozenset({"cannot_tell", "flapping", "reminder"})
_LONGEST_TEXT = 31_000
"""ReportEventW takes texts of at most 31,839 characters."""


def register_source() -> None:
    """Write the source's key, which an administrator may. Raises OSError."""
    if sys.platform != "win32":
        raise OSError("the registry is a part of Windows")
    import winreg  # noqa: PLC0415 - Windows only

    access = winreg.KEY_WRITE | winreg.KEY_WOW64_64KEY
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, SOURCE_KEY, 0, access) as key:
        winreg.SetValueEx(key, "EventMessageFile", 0, winreg.REG_EXPAND_SZ, MESSAGE_FILE)
        winreg.SetValueEx(key, "TypesSupported", 0, winreg.REG_DWORD, _ALL_TYPES)


def unregister_source() -> None:
    """Delete the source's key, if there is one. Raises OSError."""
    if sys.platform != "win32":
        raise OSError("the registry is a part of Windows")
    import winreg  # noqa: PLC0415 - Windows only

    try:
        winreg.DeleteKeyEx(winreg.HKEY_LOCAL_MACHINE, SOURCE_KEY, winreg.KEY_WOW64_64KEY)
    except FileNotFoundError:
        return


def number_of(record: logging.LogRecord) -> int:
    """Return the number of an event, by which the viewer and subscriptions filter. Pure."""
    action = _fields(record).get("event.action")
    if action is not None:
        return EVENT_NUMBERS.get(str(action), _OTHER_TRANSITION)
    number = getattr(record, NUMBER_FIELD, None)
    if isinstance(number, int):
        return number
    return PROBLEM if record.levelno >= logging.WARNING else NOTE


def type_of(record: logging.LogRecord) -> int:
    """Return whether an event is an error, a warning or information. Pure."""
    action = _fields(record).get("event.action")
    if action == "firing" or record.levelno >= logging.ERROR:
        return _ERROR_TYPE
    if action in _WARNING_TRANSITIONS or record.levelno >= logging.WARNING:
        return _WARNING_TYPE
    return _INFORMATION_TYPE


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = getattr(record, FIELDS, None)
    return fields if isinstance(fields, dict) else {}


class EventLogHandler(logging.Handler):
    """Writes records to the application log. A log that refuses is no reason to stop."""

    def __init__(self) -> None:
        """Open the log by its source. Raises OSError where there is none."""
        super().__init__(logging.INFO)
        self._source = _library().register(None, SOURCE)
        if not self._source:
            raise OSError("the event log can't be opened")

    @override
    def emit(self, record: logging.LogRecord) -> None:
        text = inert(self.format(record), _LONGEST_TEXT)
        texts = (wintypes.LPCWSTR * 1)(text)
        _library().report(
            *(self._source, type_of(record), 0, number_of(record), None, 1, 0, texts, None)
        )

    @override
    def close(self) -> None:
        if self._source:
            _library().deregister(self._source)
            self._source = None
        super().close()


class _Library:
    def __init__(self) -> None:
        advapi32 = load_library("advapi32.dll")
        handle, flag, number = wintypes.HANDLE, wintypes.BOOL, wintypes.DWORD
        word, text, data = wintypes.WORD, wintypes.LPCWSTR, ctypes.c_void_p
        self.register = bind(advapi32, "RegisterEventSourceW", handle, text, text)
        self.deregister = bind(advapi32, "DeregisterEventSource", flag, handle)
        self.report = bind(
            advapi32,
            "ReportEventW",
            *(flag, handle, word, word, number, data, word, number),
            *(ctypes.POINTER(text), data),
        )


@cache
def _library() -> _Library:
    return _Library()
