"""What processes are, read in the background for those that a person looks at."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from portview.domain.owners.program_identity import ProgramIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from portview.domain.owners.process import ProcessInfo, ProcessKey

logger = logging.getLogger(__name__)

MOST_KNOWN = 4096
IDLE_S = 10.0
"""The thread ends where it finds nothing to do for so long."""
CLOSING_WAIT_S = 0.2
RELAY_LASTS_S = 10.0
"""How long the list of containers behind a relay's ports is believed."""


class _Reader(Protocol):
    """What the thread asks (``IdentityReader``)."""

    def begin(self) -> None: ...

    def read(self, info: ProcessInfo) -> ProgramIdentity: ...


class _Known:
    """An identity, the description of the process that it was made from, and its end."""

    __slots__ = ("identity", "info", "until_s")

    def __init__(self, info: ProcessInfo, identity: ProgramIdentity, until_s: float) -> None:
        self.info = info
        self.identity = identity
        self.until_s = until_s


class ProgramIdentities:
    """Recognises the processes of the last ``want``, each once. Safe on any thread.

    Reading a folder can hang, as network drives do, and can't be interrupted: it runs on a daemon
    thread of its own, which is left behind at the end of the program if it hangs.
    """

    def __init__(
        self,
        open_reader: Callable[[], _Reader] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read nothing yet. ``open_reader`` is called on the thread, with the first question."""
        self._open_reader = open_reader or _open_reader
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: dict[ProcessKey, ProcessInfo] = {}
        self._known: dict[ProcessKey, _Known] = {}
        self._generation = 0
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._is_started = False
        self._joined: tuple[object, int, Mapping[ProcessKey, ProcessInfo]] | None = None

    def start(self) -> None:
        """Begin with what is wanted; until then a start has the machine to itself."""
        with self._changed:
            self._is_started = True
            self._run()

    def want(self, infos: Iterable[ProcessInfo]) -> None:
        """Recognise these processes, first ones first, as far as that was not done yet."""
        now_s = self._clock()
        with self._changed:
            if self._is_closed:
                return
            self._waiting = {info.key: info for info in infos if not self._is_fresh(info, now_s)}
            self._run()

    def join_to(
        self, processes: Mapping[ProcessKey, ProcessInfo]
    ) -> Mapping[ProcessKey, ProcessInfo]:
        """Return the processes with what is known of their identities.

        The same object as before where neither changed; a process that did not change is the
        same object as well. To be called by one thread at a time.
        """
        with self._changed:
            generation, known = self._generation, dict(self._known)
        if self._joined and self._joined[0] is processes and self._joined[1] == generation:
            return self._joined[2]
        before = self._joined[2] if self._joined else {}
        joined: dict[ProcessKey, ProcessInfo] = {}
        for key, info in processes.items():
            found = known.get(key)
            identity = found.identity if found and _is_same(found.info, info) else None
            old = before.get(key)
            if identity is None:
                joined[key] = info
            elif old is not None and old.identity is identity and _is_same(old, info):
                joined[key] = old
            else:
                joined[key] = replace(info, identity=identity)
        self._joined = (processes, generation, joined)
        return joined

    def close(self) -> None:
        """Read no more; a thread that hangs is not waited for."""
        with self._changed:
            self._is_closed = True
            self._waiting = {}
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(CLOSING_WAIT_S)

    def _run(self) -> None:
        if self._is_started and self._waiting and self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="program-identities", daemon=True
            )
            self._thread.start()
        self._changed.notify_all()

    def _is_fresh(self, info: ProcessInfo, now_s: float) -> bool:
        known = self._known.get(info.key)
        return known is not None and _is_same(known.info, info) and now_s < known.until_s

    def _work(self) -> None:
        reader: _Reader | None = None
        while (batch := self._next()) is not None:
            try:
                if reader is None:
                    reader = self._open_reader()
                reader.begin()
            except (OSError, ValueError, KeyError) as error:
                logger.warning("programs can't be recognised: %r", error)
                continue
            for info in batch:
                with self._changed:
                    if self._is_closed or info.key not in self._waiting:
                        continue  # it is out of sight again
                    del self._waiting[info.key]
                self._remember(info, _read(reader, info))

    def _next(self) -> list[ProcessInfo] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed, IDLE_S)
            if self._is_closed or not self._waiting:
                self._thread = None
                return None
            return list(self._waiting.values())

    def _remember(self, info: ProcessInfo, identity: ProgramIdentity) -> None:
        lasts_s = RELAY_LASTS_S if identity.published else float("inf")
        with self._changed:
            before = self._known.pop(info.key, None)
            if before is not None and before.identity == identity:
                identity = before.identity
            else:
                self._generation += 1
            self._known[info.key] = _Known(info, identity, self._clock() + lasts_s)
            while len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]


def _read(reader: _Reader, info: ProcessInfo) -> ProgramIdentity:
    try:
        return reader.read(info)
    except Exception:
        # A strange program must not keep the others from being recognised.
        logger.exception("PID %d could not be recognised", info.pid)
        return ProgramIdentity()


def _is_same(one: ProcessInfo, other: ProcessInfo) -> bool:
    """Return whether two descriptions of a process are of the same program (exec changes it)."""
    return one.command_line == other.command_line and one.executable == other.executable


def _open_reader() -> _Reader:
    # Loaded on the thread: a start needs none of it.
    from portview.readers.recognition.identities import IdentityReader  # noqa: PLC0415

    return IdentityReader()
