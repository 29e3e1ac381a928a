"""Load: thousands of real TCP connections in child processes, with as much churn as wanted."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

SOCKETS_PER_PROCESS = 9_000
"""Few enough for the usual limit of open files, 1024 * 20 at the least, with room to spare."""

_HOLDER = Path(__file__).with_name("socket_holder.py")
_SECONDS_TO_END = 10


class SocketLoad:
    """``count`` established TCP sockets of child processes, while the ``with`` block runs.

    Every connection counts as two sockets, since both of its ends are here. Each child listens on
    an address of its own within 127.0.0.0/8, so that no pair of addresses runs out of ports.
    """

    def __init__(self, count: int) -> None:
        """Plan the load; it is made on entry."""
        self.count = count
        self._children: list[subprocess.Popen[str]] = []
        self._closing = ExitStack()
        self._turn = 0

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the processes that hold the sockets."""
        return tuple(child.pid for child in self._children)

    def __enter__(self) -> Self:
        """Start the children and wait until every socket is open."""
        with self._closing:
            left = self.count
            while left > 0:
                sockets = min(left, SOCKETS_PER_PROCESS)
                self._children.append(self._start(len(self._children), sockets // 2))
                left -= sockets
            for child in self._children:
                _expect(child, "ready")
            self._closing = self._closing.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all children."""
        self._closing.close()

    def churn(self, sockets: int) -> None:
        """Replace about this many sockets by new ones, spread over all children."""
        shares = [0] * len(self._children)
        for _ in range(sockets // 2):
            shares[self._turn % len(shares)] += 1
            self._turn += 1
        asked = [
            (child, share) for child, share in zip(self._children, shares, strict=True) if share
        ]
        for child, share in asked:
            assert child.stdin is not None
            child.stdin.write(f"{share}\n")
            child.stdin.flush()
        for child, _ in asked:
            _expect(child, "done")

    def _start(self, number: int, pairs: int) -> subprocess.Popen[str]:
        address = f"127.77.{number // 250}.{number % 250 + 1}"
        child = subprocess.Popen(
            [sys.executable, "-I", str(_HOLDER), address, str(pairs)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._closing.callback(_end, child)
        return child


def _expect(child: subprocess.Popen[str], word: str) -> None:
    assert child.stdout is not None
    answer = child.stdout.readline().strip()
    if answer != word:
        raise RuntimeError(f"The socket holder {child.pid} ended instead of saying {word!r}.")


def _end(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    try:
        child.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    child.stdout.close()
