"""Sockets that a process holds outside of /proc/PID/fd.

That folder shows the descriptor table of the main thread. A socket can be held elsewhere as well:

- by the other threads, where the main thread has exited (pthread_exit(3)): its table is gone;
- by a thread with a table of its own (unshare(2) with CLONE_FILES);
- by an io_uring instance, as a registered file that has no descriptor (io_uring_register(2)).

Reading all of this costs a multiple of reading the usual folder, so it is done only for a socket
that was not found there. A *place* is a path relative to /proc/PID/fd.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.readers.linux.open_process import OpenProcess

_KCMP_FILES = 2
"""linux/kcmp.h"""
_SYS_KCMP = {"x86_64": 312, "aarch64": 272, "riscv64": 272}
_MOST_THREADS = 4096
_MOST_TABLES = 64
_FDINFO_BYTES = 1 << 20
_REGISTERED = re.compile(rb"^\s*(\d+): socket:\[(\d+)\]$", re.MULTILINE)
_USER_FILES = b"\nUserFiles:"
_AFTER_USER_FILES = b"\nUserBufs:"
_THREADS = "../task"


def unlisted_sockets(opened: OpenProcess) -> Iterator[tuple[str, int]]:
    """Yield every place outside of the usual folder and the socket inode there, 0 for no socket.

    A place that is no socket is yielded too, so that a caller can count the cost. Raises OSError:
    PermissionError where the process may not be looked into.
    """
    yield from _registered(opened, "../fdinfo", opened.rings)
    for thread in _threads_with_own_table(opened):
        folder = f"{_THREADS}/{thread}"
        rings: set[int] = set()
        for descriptor in opened.numbers_in(f"{folder}/fd"):
            place = f"{folder}/fd/{descriptor}"
            yield place, opened.inode_of_link(place, rings, descriptor) or 0
        yield from _registered(opened, f"{folder}/fdinfo", rings)


def inode_at(opened: OpenProcess, place: str) -> int | None:
    """Return the socket inode at a place that ``unlisted_sockets`` named, None if it is gone."""
    path, is_ring, slot = place.partition("#")
    if not is_ring:
        return opened.inode_of_link(path)
    return dict(_slots(_fdinfo(opened, path))).get(int(slot))


def _registered(opened: OpenProcess, folder: str, rings: set[int]) -> Iterator[tuple[str, int]]:
    for ring in sorted(rings):
        path = f"{folder}/{ring}"
        yield path, 0
        for slot, inode in _slots(_fdinfo(opened, path)):
            yield f"{path}#{slot}", inode


def _slots(fdinfo: bytes) -> Iterator[tuple[int, int]]:
    """Yield the slots of registered files that are sockets (io_uring/fdinfo.c of the kernel)."""
    files = fdinfo.partition(_USER_FILES)[2].partition(_AFTER_USER_FILES)[0]
    for match in _REGISTERED.finditer(files):
        yield int(match[1]), int(match[2])


def _fdinfo(opened: OpenProcess, path: str) -> bytes:
    try:
        return opened.read(path, _FDINFO_BYTES)
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _threads_with_own_table(opened: OpenProcess) -> list[int]:
    """Return one thread for each descriptor table other than the main thread's."""
    main = opened.key.pid
    threads = opened.numbers_in(_THREADS)[:_MOST_THREADS]
    others = [thread for thread in threads if thread != main]
    if not others:
        return []
    if opened.has_main_table and not _compares_tables(main):
        return others[:_MOST_TABLES]
    known = [main] if opened.has_main_table else []
    own: list[int] = []
    for thread in others:
        if len(own) >= _MOST_TABLES:
            break
        if not any(_share_table(table, thread) for table in known):
            known.append(thread)
            own.append(thread)
    return own


def _compares_tables(thread: int) -> bool:
    """Return whether this kernel compares descriptor tables (CONFIG_KCMP, no seccomp filter)."""
    return _share_table(thread, thread)


def _share_table(first: int, second: int) -> bool:
    """Return whether two threads have the same descriptor table; False where it isn't known."""
    return _kcmp()(first, second) == 0


@cache
def _kcmp() -> Callable[[int, int], int]:
    number = _SYS_KCMP.get(os.uname().machine) if sys.platform == "linux" else None
    if number is None:
        return lambda _first, _second: -1
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    syscall.argtypes = [ctypes.c_long] + [ctypes.c_long] * 5

    def compare(first: int, second: int) -> int:
        with suppress(OSError):
            return int(syscall(number, first, second, _KCMP_FILES, 0, 0))
        return -1

    return compare
