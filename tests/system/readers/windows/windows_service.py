"""A Windows service that listens on a port: run by the service control manager in a test.

Arguments: the service's name and a file into which the port is written. Standard library only.
"""

from __future__ import annotations

import ctypes
import socket
import sys
import threading
from ctypes import wintypes
from pathlib import Path

SERVICE_WIN32_OWN_PROCESS = 0x10
SERVICE_STOPPED, SERVICE_RUNNING = 1, 4
SERVICE_ACCEPT_STOP = 1
SERVICE_CONTROL_STOP = 1

_main_type = ctypes.CFUNCTYPE(None, wintypes.DWORD, ctypes.c_void_p)
_handler_type = ctypes.CFUNCTYPE(
    wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p
)


class TableEntry(ctypes.Structure):
    """SERVICE_TABLE_ENTRYW."""

    _fields_ = (("name", wintypes.LPWSTR), ("main", _main_type))


def main(name: str, port_file: str) -> None:
    """Serve until the service control manager says stop."""
    advapi32 = ctypes.CDLL("advapi32.dll")
    advapi32.RegisterServiceCtrlHandlerExW.restype = ctypes.c_void_p
    advapi32.RegisterServiceCtrlHandlerExW.argtypes = (
        wintypes.LPCWSTR, _handler_type, ctypes.c_void_p,
    )  # fmt: skip
    advapi32.SetServiceStatus.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    stopped = threading.Event()

    @_handler_type
    def handle(control: int, _event: int, _data: int, _context: int) -> int:
        if control == SERVICE_CONTROL_STOP:
            stopped.set()
        return 0

    @_main_type
    def serve(_count: int, _arguments: int) -> None:
        status_handle = advapi32.RegisterServiceCtrlHandlerExW(name, handle, None)

        def report(state: int) -> None:
            status = (wintypes.DWORD * 7)(SERVICE_WIN32_OWN_PROCESS, state, SERVICE_ACCEPT_STOP)
            advapi32.SetServiceStatus(status_handle, status)

        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            Path(port_file).with_suffix(".part").write_text(str(port), "utf-8")
            Path(port_file).with_suffix(".part").rename(port_file)
            report(SERVICE_RUNNING)
            stopped.wait(60)
        report(SERVICE_STOPPED)

    entries = (TableEntry * 2)(TableEntry(name, serve))
    advapi32.StartServiceCtrlDispatcherW(entries)


if __name__ == "__main__":
    main(*sys.argv[1:])
