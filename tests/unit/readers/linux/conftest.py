"""A /proc of the test's own making, and the picture of who holds which socket there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.readers.linux.socket_holders import SocketHolders
from tests.fakes.proc_folder import FakeProc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def proc(tmp_path: Path) -> FakeProc:
    return FakeProc(tmp_path)


@pytest.fixture
def holders(proc: FakeProc) -> Iterator[SocketHolders]:
    made = SocketHolders(str(proc.folder))
    yield made
    made.close()
