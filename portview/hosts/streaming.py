"""Follows another machine over one connection of the system's ssh: ``portview stream`` there."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import inert
from portview.hosts.asking import NO_WINDOW, SSH_OPTIONS, find_ssh, remote_command
from portview.hosts.remote_sockets import BadDocumentError, RemoteSockets
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.cancellation import CancelToken
    from portview.domain.sockets.snapshot import Snapshot

SILENCE_S = 30.0
"""A stream has a line for each reading; one without is broken, however alive the connection is."""

_LONGEST_LINE = 24_000_000
_MOST_WAITING = 4
_LAST_WORDS = 4_096
_END_S = 2.0


def follow_machine(
    host: str, cancel: CancelToken, *, silence_s: float = SILENCE_S
) -> Iterator[Snapshot]:
    """Yield the sockets of a machine as they change, until ``cancel``.

    Blocks; on any thread. Raises PortViewError with the reason where the stream ends by itself,
    says nothing or is none of PortView's, and Cancelled.
    """
    process = subprocess.Popen(  # noqa: S603 - ssh of the system, and a name that was checked
        [find_ssh(), *SSH_OPTIONS, "--", host, remote_command(["stream"])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        creationflags=NO_WINDOW,
    )
    if process.stdout is None or process.stderr is None:
        raise AssertionError  # Both are pipes.
    lines = _Lines(process.stdout)
    words = _LastWords(process.stderr)
    try:
        with cancel.waking(lines.wake):
            sockets = RemoteSockets()
            while True:
                line = lines.next(silence_s)
                cancel.raise_if_cancelled()
                if line is None:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_END_S)
                    raise _ended(words.text() or _("the connection has ended"))
                yield _taken(sockets, line)
                cancel.raise_if_cancelled()
    finally:
        process.kill()
        process.wait()
        lines.close()
        words.close()


def _taken(sockets: RemoteSockets, line: bytes) -> Snapshot:
    try:
        return sockets.take(json.loads(line))
    except (BadDocumentError, ValueError, RecursionError) as error:
        raise _ended(_("its answer is not what was requested")) from error


def _ended(reason: str) -> PortViewError:
    return PortViewError("machine_unknown", reason, outcome=Outcome.NOT_DONE)


class _Lines:
    """Reads lines on a thread of its own: a pipe of Windows can't be waited for with a limit."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._found: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        self._is_closed = False
        self._thread = threading.Thread(target=self._read, name="machine lines", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while line := self._file.readline(_LONGEST_LINE):
                if not line.endswith(b"\n"):
                    break
                self._put(line)
        self._put(None)

    def _put(self, line: bytes | None) -> None:
        while not self._is_closed:
            with suppress(queue.Full):
                self._found.put(line, timeout=0.2)
                return

    def next(self, silence_s: float) -> bytes | None:
        """Return the next line, None at the end. Raises PortViewError where none comes."""
        try:
            return self._found.get(timeout=silence_s)
        except queue.Empty:
            reason = _("no answer within {limit:.0f} s").format(limit=silence_s)
            raise _ended(reason) from None

    def wake(self) -> None:
        """Have ``next`` return; any thread."""
        with suppress(queue.Full):
            self._found.put_nowait(None)

    def close(self) -> None:
        """Wait for the thread, whose process has ended."""
        self._is_closed = True
        self._thread.join(_END_S)
        self._file.close()


class _LastWords:
    """Keeps the end of what ssh says about a failure."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._kept = b""
        self._thread = threading.Thread(target=self._read, name="machine words", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            while data := self._file.read1(_LAST_WORDS):  # type: ignore[attr-defined]
                self._kept = (self._kept + data)[-_LAST_WORDS:]

    def text(self) -> str:
        """Return the last line that was said."""
        self._thread.join(_END_S)
        lines = [one for one in self._kept.decode("utf-8", "replace").splitlines() if one.strip()]
        return inert(lines[-1].strip(), 300) if lines else ""

    def close(self) -> None:
        """Wait for the thread."""
        self._thread.join(_END_S)
        self._file.close()
