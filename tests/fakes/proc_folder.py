"""A /proc of a test's own making: folders of processes, with links as descriptors."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from portview.readers.linux.open_process import OpenProcess
from portview.readers.process_identity import key_from_stat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pytest

    from portview.domain.owners.process import ProcessKey


class FakeProc:
    """Folders as /proc has them, with links as descriptors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put(1, 1, {})

    def put(self, pid: int, started: int, descriptors: dict[int, int]) -> ProcessKey:
        """Start a process with this PID: its folder is a new one, as the kernel makes it."""
        old = self.folder / str(pid)
        if old.exists():
            # The old folder stays until the new one is there, so that they differ.
            old.rename(self.folder / "ended")
        (old / "fd").mkdir(parents=True)
        shutil.rmtree(self.folder / "ended", ignore_errors=True)
        for number, inode in descriptors.items():
            self.open(pid, number, inode)
        return self.begin(pid, started)

    def begin(self, pid: int, started: int) -> ProcessKey:
        """Give a process its start time, in the same folder."""
        numbers = " ".join(str(started if field == 22 else field) for field in range(4, 53))
        stat = f"{pid} (a name) S {numbers}\n".encode()
        (self.folder / str(pid) / "stat").write_bytes(stat)
        return key_from_stat(pid, stat)

    def open(self, pid: int, number: int, inode: int) -> None:
        (self.folder / str(pid) / "fd" / str(number)).symlink_to(f"socket:[{inode}]")

    def close(self, pid: int, number: int) -> None:
        (self.folder / str(pid) / "fd" / str(number)).unlink()

    def end(self, pid: int) -> None:
        shutil.rmtree(self.folder / str(pid))


class Refusals:
    """Failures of some processes' folders that root can't provoke: a set of PIDs for each.

    ``opening`` fails as a whole folder does, ``listing`` as its list of descriptors, ``reading``
    as each single descriptor. ``error_number`` is the kernel's reason.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: object, error_number: int) -> None:
        self.opening: set[int] = set()
        self.listing: set[int] = set()
        self.reading: set[int] = set()
        refusals = self

        def refuse(pid: int, pids: set[int]) -> None:
            if pid in pids:
                raise OSError(error_number, os.strerror(error_number))

        class Refusing(OpenProcess):
            def __init__(self, pid: int, proc: str) -> None:
                refuse(pid, refusals.opening)
                super().__init__(pid, proc)

            def numbers_in(self, folder: str) -> list[int]:
                refuse(self.key.pid, refusals.listing)
                return super().numbers_in(folder)

            def socket_inode(self, descriptor: int) -> int | None:
                refuse(self.key.pid, refusals.reading)
                return super().socket_inode(descriptor)

            def socket_inodes(self, descriptors: Iterable[int]) -> dict[int, int]:
                refuse(self.key.pid, refusals.reading)
                return super().socket_inodes(descriptors)

        monkeypatch.setattr(module, "OpenProcess", Refusing)
