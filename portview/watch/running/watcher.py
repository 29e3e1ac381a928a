"""Goes on evaluating: the loop behind ``watch run``, the background service and the window."""

from __future__ import annotations

import logging
import sqlite3
import threading

from portview.domain.cancellation import CancelToken
from portview.domain.errors import Outcome, PortViewError
from portview.i18n import _
from portview.watch.running.lock import EvaluationLock
from portview.watch.running.turns import Turns, WatcherHooks

logger = logging.getLogger(__name__)

LOCK_PATIENCE_S = 15.0


class Watcher:
    """Evaluates every watch at its interval until it is stopped.

    ``run`` blocks its thread, ``start`` makes one.
    """

    def __init__(
        self, hooks: WatcherHooks | None = None, *, lock_patience_s: float = LOCK_PATIENCE_S
    ) -> None:
        self._lock_patience_s = lock_patience_s
        self._hooks = hooks or WatcherHooks()
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Evaluate on a thread; what ends it is reported through ``hooks``."""
        self._thread = threading.Thread(target=self._run_on_thread, name="watcher")
        self._thread.start()

    def cancel(self) -> None:
        """Have it end soon; wait for nothing. Any thread."""
        self._cancel.cancel()

    def stop(self) -> None:
        """Have it end, and wait for that where a thread was started. Any thread."""
        self._cancel.cancel()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run_on_thread(self) -> None:
        try:
            self.run()
        except PortViewError as error:
            self._hooks.notify(error.message)
        except sqlite3.Error as error:
            logger.exception("the watches can't be evaluated any more")
            self._hooks.notify(str(error))

    def run(self) -> None:
        """Evaluate until ``stop``. Raises PortViewError where another process evaluates."""
        lock = EvaluationLock()
        try:
            has_lock = lock.wait(self._lock_patience_s, self._cancel)
        except OSError as error:
            text = _("The lock can't be used: {reason}.").format(reason=error.strerror or error)
            raise PortViewError("no_lock", text) from error
        if self._cancel.is_cancelled and not has_lock:
            return
        if not has_lock:
            raise PortViewError(
                "already_evaluating",
                _("Another process of this user evaluates the watches."),
                _("See what it found: portview watch check"),
                Outcome.NOT_DONE,
            )
        try:
            turns = Turns(self._hooks, self._cancel)
            try:
                while not self._cancel.is_cancelled:
                    turns.turn()
            finally:
                turns.close()
        finally:
            lock.release()
