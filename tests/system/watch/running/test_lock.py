"""One process evaluates: the lock is another process's until that ends, however it ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.watch.running.lock import EvaluationLock

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from portview.watch.running.lock import EvaluationLock
lock = EvaluationLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_it_is_held_by_one_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "config" / "watch.lock"
    own = EvaluationLock(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "True"
        assert not own.acquire()
        assert not own.wait(0.2, CancelToken())
        other.kill()
        other.wait()
        assert own.acquire()
        assert own.acquire()
    second = EvaluationLock(path)
    assert not second.acquire()
    own.release()
    own.release()
    assert second.wait(5.0, CancelToken())
    second.release()
