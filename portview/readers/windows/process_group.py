"""Which console process group a process of Windows belongs to.

The group is named when a process is created (CREATE_NEW_PROCESS_GROUP); no documented call says it
afterwards. It stands in RTL_USER_PROCESS_PARAMETERS, whose layout System Informer's ntrtl.h
describes; what does not look like that is unknown. Not verified on Windows so far; Wine keeps the
same structure.
"""

from __future__ import annotations

import ctypes
from ctypes import wintypes
from functools import cache

from portview.domain.facts import Fact, Known, Remedy, Unreadable
from portview.i18n import _
from portview.readers.windows.dll import bind, last_error, load_library, windows_error
from portview.readers.windows.processes import open_process

PROCESS_QUERY_INFORMATION, PROCESS_VM_READ = 0x0400, 0x0010
PROCESS_BASIC_INFORMATION = 0
_PARAMETERS_IN_PEB = 0x20
_GROUP_IN_PARAMETERS = 0x408
_LEAST_LENGTH = 0x410
"""On 64-bit Windows; the parameters begin with the length that is reserved for them."""
_BASIC_INFORMATION_BYTES = 48
_PEB_IN_BASIC_INFORMATION = 8
_POINTER_BYTES, _NUMBER_BYTES = 8, 4


def process_group_of(pid: int) -> Fact[int]:
    """Return the process group of a process, which is the PID of the process that leads it."""
    if ctypes.sizeof(ctypes.c_void_p) != _POINTER_BYTES:
        return Unreadable(_("only 64-bit processes are read"))
    try:
        with open_process(pid, PROCESS_QUERY_INFORMATION | PROCESS_VM_READ) as process:
            parameters = _number(process, _peb_of(process) + _PARAMETERS_IN_PEB, _POINTER_BYTES)
            if _number(process, parameters, _NUMBER_BYTES) < _LEAST_LENGTH:
                return Unreadable(_("this Windows keeps the process group elsewhere"))
            return Known(_number(process, parameters + _GROUP_IN_PARAMETERS, _NUMBER_BYTES))
    except PermissionError:
        return Unreadable(_("its process group can't be read"), Remedy.ADMINISTRATOR)
    except OSError as error:
        return Unreadable(
            _("its process group can't be read: {value}").format(value=error.strerror or error)
        )


def _peb_of(process: int) -> int:
    buffer = ctypes.create_string_buffer(_BASIC_INFORMATION_BYTES)
    status = _library().query(process, PROCESS_BASIC_INFORMATION, buffer, len(buffer), None)
    if status:
        raise OSError(f"NTSTATUS {status & 0xFFFFFFFF:#x}")
    where = slice(_PEB_IN_BASIC_INFORMATION, _PEB_IN_BASIC_INFORMATION + _POINTER_BYTES)
    return int.from_bytes(buffer.raw[where], "little")


def _number(process: int, address: int, size: int) -> int:
    buffer, done = ctypes.create_string_buffer(size), ctypes.c_size_t()
    if not _library().read(process, address, buffer, size, ctypes.byref(done)):
        raise windows_error(last_error())
    if done.value != size:
        raise OSError("only a part of it could be read")
    return int.from_bytes(buffer.raw, "little")


class _Library:
    def __init__(self) -> None:
        handle, data, size = wintypes.HANDLE, ctypes.c_void_p, ctypes.c_size_t
        self.query = bind(
            load_library("ntdll.dll"),
            "NtQueryInformationProcess",
            *(ctypes.c_long, handle, ctypes.c_int, data, wintypes.ULONG),
            ctypes.POINTER(wintypes.ULONG),
        )
        self.read = bind(
            load_library("kernel32.dll"),
            "ReadProcessMemory",
            *(wintypes.BOOL, handle, data, data, size, ctypes.POINTER(size)),
        )


@cache
def _library() -> _Library:
    return _Library()
