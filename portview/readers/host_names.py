"""Names of remote addresses, found in the background and remembered for a while (reverse DNS)."""

from __future__ import annotations

import logging
import socket
import threading
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

logger = logging.getLogger(__name__)

NAME_LASTS_S = 600
"""How long a found name is believed. The system's resolver does not hand on the record's own."""

NO_NAME_LASTS_S = 300
"""How long an address that has no name is not asked for again."""

FAILURE_LASTS_S = 30
"""How long an address is left alone whose question failed for now (no answer, no network)."""

MOST_KNOWN = 4096
MOST_THREADS = 4
IDLE_S = 10.0
"""A thread that finds nothing to do for so long ends."""

CLOSING_WAIT_S = 0.2


class _Answer(NamedTuple):
    name: str
    until_s: float


class HostNames:
    """Asks for the names of the addresses that a person looks at. Safe on any thread.

    The system's resolver can hang for many seconds and can't be interrupted, so it runs on a few
    daemon threads of its own: on a pool it would hold up what shares the pool, and the end of the
    program. A thread that hangs when the program ends is left behind. Only the addresses of the
    last ``want`` are asked for; what scrolled out of sight before its turn came is not.
    """

    def __init__(
        self,
        resolve: Callable[[str], str | None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Store ``resolve``, which returns a name, None for no name, or raises OSError."""
        self._resolve = resolve or resolve_host
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: list[str] = []
        self._in_work: set[str] = set()
        self._answers: dict[str, _Answer] = {}
        self._names: dict[str, str] = {}
        self._threads: set[threading.Thread] = set()
        self._is_closed = False

    def want(self, addresses: Iterable[str]) -> None:
        """Ask for these addresses, first ones first, as far as their names are not known."""
        now_s = self._clock()
        with self._changed:
            if self._is_closed:
                return
            self._waiting = [
                address
                for address in dict.fromkeys(addresses)
                if address not in self._in_work and not self._is_fresh(address, now_s)
            ]
            self._start_threads()
            self._changed.notify_all()

    def known(self) -> Mapping[str, str]:
        """Return the names found so far by address. A mapping that does not change any more."""
        with self._changed:
            return MappingProxyType(self._names)

    def close(self) -> None:
        """Ask no more and end the threads; one that hangs in the resolver is not waited for."""
        with self._changed:
            self._is_closed = True
            self._waiting = []
            self._changed.notify_all()
            threads = list(self._threads)
        until_s = time.monotonic() + CLOSING_WAIT_S
        for thread in threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _is_fresh(self, address: str, now_s: float) -> bool:
        answer = self._answers.get(address)
        return answer is not None and now_s < answer.until_s

    def _start_threads(self) -> None:
        wanted = min(MOST_THREADS, len(self._waiting) + len(self._in_work))
        while len(self._threads) < wanted:
            thread = threading.Thread(target=self._work, name="host-names", daemon=True)
            self._threads.add(thread)
            thread.start()

    def _work(self) -> None:
        while (address := self._next()) is not None:
            try:
                name = self._resolve(address) or ""
                lasts_s = NAME_LASTS_S if name else NO_NAME_LASTS_S
            except OSError as error:
                logger.debug("no answer for the name of an address: %s", error)
                name, lasts_s = None, FAILURE_LASTS_S
            with self._changed:
                self._in_work.discard(address)
                self._remember(address, name, self._clock() + lasts_s)

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed, IDLE_S)
            if self._is_closed or not self._waiting:
                self._threads.discard(threading.current_thread())
                return None
            address = self._waiting.pop(0)
            self._in_work.add(address)
            return address

    def _remember(self, address: str, name: str | None, until_s: float) -> None:
        before = self._answers.pop(address, None)
        if name is None:
            # A name server that is silent for now does not take a name away.
            name = before.name if before else ""
        self._answers[address] = _Answer(name, until_s)
        while len(self._answers) > MOST_KNOWN:
            # The one that was asked for the longest time ago.
            del self._answers[next(iter(self._answers))]
        # Exchanged and not changed: a mapping that was handed out stays as it is.
        self._names = {
            known: reported.name for known, reported in self._answers.items() if reported.name
        }


def resolve_host(address: str) -> str | None:
    """Ask the system's resolver for the name of an address; None where it has none.

    Blocks for as long as the resolver takes. Raises OSError where there is no answer for now.
    """
    bare, _, zone = address.partition("%")
    where = (bare, 0, 0, int(zone)) if zone.isdecimal() else (address, 0)
    try:
        name, _ = socket.getnameinfo(where, socket.NI_NAMEREQD)
    except socket.gaierror as error:
        if error.errno == socket.EAI_NONAME:
            return None
        raise
    except UnicodeError:
        # Whoever runs the zone of an address can write any bytes into it.
        return None
    return name
