"""Reading many facts side by side, each with a deadline: one slow source holds up no other."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from portview.diagnosis.facts import Reading
from portview.domain.cancellation import Cancelled
from portview.domain.errors import Outcome, PortViewError
from portview.domain.facts import Absent, Known, Remedy, Unreadable
from portview.i18n import _, without_full_stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from portview.domain.cancellation import CancelToken

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.02


def read_now(source: str, read: Callable[[], Any]) -> Reading[Any]:
    """Read one fact and say how it went. ``read`` may return a value or a Fact. Never raises.

    Only Cancelled passes.
    """
    started = time.perf_counter()
    at_ms = time.time_ns() // 1_000_000
    try:
        value = read()
        fact = value if isinstance(value, Known | Absent | Unreadable) else Known(value)
    except Cancelled:
        raise
    except PermissionError as error:
        fact = Unreadable(
            _("access is denied ({reason})").format(reason=error), Remedy.ADMINISTRATOR
        )
    except PortViewError as error:
        needs = error.outcome is Outcome.NEEDS_ADMIN
        fact = Unreadable(
            without_full_stop(error.message), Remedy.ADMINISTRATOR if needs else Remedy.RETRY
        )
    except OSError as error:
        fact = Unreadable(
            _("the system refused: {reason}").format(reason=error.strerror or error), Remedy.RETRY
        )
    except Exception as error:
        # One reader's mistake must not take the whole answer along.
        logger.exception("reading %s failed", source)
        fact = Unreadable(_("an unexpected failure: {error}").format(error=repr(error)))
    return Reading(fact, source, at_ms, (time.perf_counter() - started) * 1000)


class Gathering:
    """Some readings under way, each on a thread of its own. Used by one thread."""

    def __init__(self, cancel: CancelToken) -> None:
        """Start with nothing under way."""
        self._cancel = cancel
        self._lock = threading.Lock()
        self._done: dict[str, Reading[Any]] = {}
        self._sources: dict[str, str] = {}
        self._arrived = threading.Event()

    def start(self, name: str, source: str, read: Callable[[], Any]) -> None:
        """Begin to read a fact; ``name`` is the field that it is for."""
        self._sources[name] = source

        def work() -> None:
            try:
                reading = read_now(source, read)
            except Cancelled:
                reading = Reading(Unreadable(_("it was cancelled"), Remedy.RETRY), source)
            with self._lock:
                self._done[name] = reading
            self._arrived.set()

        threading.Thread(target=work, name=f"diagnosis-{name}", daemon=True).start()

    def wait_for(self, name: str, deadline: float) -> Reading[Any]:
        """Wait for one of them until a moment of the monotonic clock. Raises Cancelled."""
        while True:
            self._cancel.raise_if_cancelled()
            with self._lock:
                if name in self._done:
                    return self._done[name]
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return self._late(name)
            self._arrived.wait(min(left_s, _LOOK_EVERY_S))
            self._arrived.clear()

    def wait_for_all(self, deadline: float) -> None:
        """Wait until all have arrived, or until a moment. Raises Cancelled."""
        for name in tuple(self._sources):
            self.wait_for(name, deadline)

    @property
    def pending(self) -> tuple[str, ...]:
        """Return the sources that have not answered yet."""
        with self._lock:
            return tuple(source for name, source in self._sources.items() if name not in self._done)

    def readings(self) -> Mapping[str, Reading[Any]]:
        """Return what there is now; what is under way is unreadable for the time being."""
        with self._lock:
            done = dict(self._done)
        return {name: done.get(name) or self._late(name) for name in self._sources}

    def _late(self, name: str) -> Reading[Any]:
        source = self._sources[name]
        return Reading(
            Unreadable(_("{source} has not answered yet").format(source=source), Remedy.RETRY),
            source,
        )
