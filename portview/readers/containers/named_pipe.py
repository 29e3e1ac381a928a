"""One request and its answer over a named pipe of Windows."""

from __future__ import annotations

import sys
import threading

_GENERIC_READ_WRITE = 0xC0000000
_OPEN_EXISTING = 3
_SQOS_IDENTIFICATION = 0x00110000
"""SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION: the server must not act as this user."""
_PIECE_BYTES = 1 << 16


def exchange(path: str, request: bytes, deadline_s: float, most_bytes: int) -> bytes:
    """Send a request and return everything until the server closes. Raises OSError.

    CreateFileW, WriteFile and ReadFile block and have no deadline of their own: they run on a
    daemon thread, which is left behind where the server doesn't answer in time.
    """
    answer = bytearray()
    problems: list[OSError] = []

    def work() -> None:
        try:
            _exchange(path, request, most_bytes, answer)
        except OSError as error:
            problems.append(error)

    worker = threading.Thread(target=work, name="container engine", daemon=True)
    worker.start()
    worker.join(deadline_s)
    if problems:
        raise problems[0]
    if worker.is_alive():
        raise TimeoutError(f"{path} doesn't answer")
    return bytes(answer)


def _exchange(path: str, request: bytes, most_bytes: int, answer: bytearray) -> None:
    if sys.platform != "win32":
        raise OSError("only Windows has named pipes like this")
    import _winapi  # noqa: PLC0415 - Windows only

    handle = _winapi.CreateFile(
        path, _GENERIC_READ_WRITE, 0, 0, _OPEN_EXISTING, _SQOS_IDENTIFICATION, 0
    )
    try:
        _winapi.WriteFile(handle, request)
        while True:
            try:
                piece, _unused = _winapi.ReadFile(handle, _PIECE_BYTES)
            except BrokenPipeError:  # the server has closed: the answer is complete
                return
            if not piece:
                return
            answer += piece
            if len(answer) > most_bytes:
                raise OSError(f"{path} sends too much")
    finally:
        _winapi.CloseHandle(handle)
