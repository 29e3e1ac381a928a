"""One process's open files under /proc, safe against its PID passing on to another process."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from portview.readers.process_identity import key_from_stat

if TYPE_CHECKING:
    from types import TracebackType

    from portview.domain.owners.process import ProcessKey

_SOCKET = "socket:["
_STAT_BYTES = 4096


class OpenProcess:
    """A process whose /proc folder is held open.

    The folder stays that of this very process: once the process has ended, everything in it fails
    with ProcessLookupError or FileNotFoundError, even if its PID is in use again.
    """

    def __init__(self, pid: int, proc: str = "/proc") -> None:
        """Open it. Raises OSError: PermissionError where its files are not for this user."""
        process = os.open(f"{proc}/{pid}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.key: ProcessKey = _read_key(pid, process)
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
        try:
            # By descriptor: a path would look the process up by its PID again.
            return [int(name) for name in os.listdir(self._files)]  # noqa: PTH208
        except (FileNotFoundError, ProcessLookupError):
            return []

    def socket_inode(self, descriptor: int) -> int | None:
        """Return the inode of the socket with this number, 0 for another file, None for no file.

        Raises OSError otherwise: PermissionError where the process may not be looked into.
        """
        try:
            link = os.readlink(str(descriptor), dir_fd=self._files)
        except (FileNotFoundError, ProcessLookupError):
            return None
        return int(link[len(_SOCKET) : -1]) if link.startswith(_SOCKET) else 0


def _read_key(pid: int, process: int) -> ProcessKey:
    stat = os.open("stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=process)
    try:
        return key_from_stat(pid, os.read(stat, _STAT_BYTES))
    except (ValueError, IndexError) as error:
        raise OSError(f"/proc/{pid}/stat can't be understood") from error
    finally:
        os.close(stat)
