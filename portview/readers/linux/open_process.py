"""One process's open files under /proc, safe against its PID passing on to another process."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from portview.readers.process_identity import key_from_stat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from portview.domain.owners.process import ProcessKey

_SOCKET = "socket:["
_RING = "anon_inode:[io_uring]"
_STAT_BYTES = 4096


class OpenProcess:
    """A process whose /proc folder is held open.

    The folder stays that of this very process: once the process has ended, everything in it fails
    with ProcessLookupError or FileNotFoundError, even if its PID is in use again.
    """

    def __init__(self, pid: int, proc: str = "/proc") -> None:
        """Open it. Raises OSError: PermissionError where its files are not for this user."""
        self.rings: set[int] = set()
        """Descriptors of io_uring instances that were seen; they may hold sockets."""
        process = os.open(f"{proc}/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.key: ProcessKey
            self.has_main_table: bool
            self.key, self.has_main_table = _read_stat(pid, process)
            self._files = os.open("fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=process)
        finally:
            os.close(process)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the folder."""
        self.close()

    def close(self) -> None:
        """Close the folder."""
        with suppress(OSError):
            os.close(self._files)

    def descriptors(self) -> list[int]:
        """Return the numbers of the open files; none for a process that has ended."""
        return self.numbers_in(".")

    def numbers_in(self, folder: str) -> list[int]:
        """Return the names in a folder that are numbers; ``folder`` is relative to that of files.

        None for what has ended. Raises OSError otherwise.
        """
        try:
            # By descriptor: a path from the root would look the process up by its PID again.
            if folder == ".":
                return [int(name) for name in os.listdir(self._files)]  # noqa: PTH208
            opened = os.open(
                folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._files
            )
        except (FileNotFoundError, ProcessLookupError):
            return []
        try:
            return [int(name) for name in os.listdir(opened)]  # noqa: PTH208 - likewise
        except (FileNotFoundError, ProcessLookupError):
            return []
        finally:
            os.close(opened)

    def socket_inode(self, descriptor: int) -> int | None:
        """Return the inode of the socket with this number, 0 for another file, None for no file.

        Raises OSError otherwise: PermissionError where the process may not be looked into.
        """
        try:
            link = os.readlink(str(descriptor), dir_fd=self._files)
        except (FileNotFoundError, ProcessLookupError):
            return None
        if link.startswith(_SOCKET):
            return int(link[len(_SOCKET) : -1])
        if link == _RING:
            self.rings.add(descriptor)
        return 0

    def socket_inodes(self, descriptors: Iterable[int]) -> dict[int, int]:
        """Return the sockets among these numbers, with their inodes, in one go. Raises OSError.

        What one call for each number would find, in a third of the time: a first reading asks for
        every descriptor of the machine.
        """
        found: dict[int, int] = {}
        readlink, files, length = os.readlink, self._files, len(_SOCKET)
        for descriptor in descriptors:
            try:
                link = readlink(f"{descriptor}", dir_fd=files)
            except (FileNotFoundError, ProcessLookupError):
                continue
            if link[:length] == _SOCKET:
                found[descriptor] = int(link[length:-1])
            elif link == _RING:
                self.rings.add(descriptor)
        return found

    def inode_of_link(
        self, path: str, rings: set[int] | None = None, descriptor: int = 0
    ) -> int | None:
        """Return the same for a path relative to the folder of files; note rings in ``rings``."""
        try:
            link = os.readlink(path, dir_fd=self._files)
        except (FileNotFoundError, ProcessLookupError):
            return None
        if link.startswith(_SOCKET):
            return int(link[len(_SOCKET) : -1])
        if link == _RING and rings is not None:
            rings.add(descriptor)
        return 0

    def read(self, path: str, size: int) -> bytes:
        """Return the beginning of a file by its path relative to the folder of files."""
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._files)
        try:
            parts = []
            while size > 0 and (part := os.read(opened, min(size, 1 << 16))):
                parts.append(part)
                size -= len(part)
            return b"".join(parts)
        finally:
            os.close(opened)


def _read_stat(pid: int, process: int) -> tuple[ProcessKey, bool]:
    """Return the identity of a process and whether its main thread has a descriptor table."""
    stat = os.open("stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process)
    try:
        text = os.read(stat, _STAT_BYTES)
        # A main thread that exited is a zombie until the last thread has; its table is gone.
        state = text[text.rindex(b")") + 2 :][:1]
        return key_from_stat(pid, text), state not in {b"Z", b"X"}
    except (ValueError, IndexError) as error:
        raise OSError(f"/proc/{pid}/stat can't be understood") from error
    finally:
        os.close(stat)
