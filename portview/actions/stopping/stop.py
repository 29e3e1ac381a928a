"""Stop some processes together: ask, wait, end what is left; each by its own handle."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from portview.actions.inspection.verification import find_changes
from portview.actions.process_handles.choose import open_process_handle
from portview.actions.process_handles.handle import ProcessGoneError
from portview.actions.progress import ActionStep, Stage
from portview.actions.safety.blockage_words import pending_sentence
from portview.actions.safety.process_facts import CloseMethod
from portview.domain.cancellation import Cancelled
from portview.domain.errors import PortViewError
from portview.domain.owners.program import PROGRAM_NOT_READ
from portview.readers.linux.blockage import read_blockage

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from portview.actions.process_handles.handle import ProcessHandle
    from portview.actions.safety.seen_process import SeenProcess
    from portview.domain.cancellation import CancelToken
    from portview.domain.owners.process import ProcessKey
    from portview.domain.owners.program import RunningProgram

logger = logging.getLogger(__name__)

_SLICE_S = 0.1
_LAST_WAIT_S = 5.0
"""How long the kernel may take to clear away a process that was ended; disk waits can be long."""


class Ending(StrEnum):
    """How it went for one process.

    CLOSED: it ended by itself when asked. ENDED: it was ended. GONE: it had ended before.
    RELEASED: it runs on, but let go of the port when asked. NOT_THE_SAME: the PID means another
    process now. CHANGED: it is not as the person saw it any more. DENIED: no right to do it.
    STILL_RUNNING: it does not end. UNTOUCHED: nothing was done, because another one of them could
    not be stopped.
    """

    CLOSED = "closed"
    ENDED = "ended"
    GONE = "gone"
    RELEASED = "released"
    CHANGED = "changed"
    NOT_THE_SAME = "not_the_same"
    DENIED = "denied"
    STILL_RUNNING = "still_running"
    UNTOUCHED = "untouched"

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left to do: it does not run any more, or released the port."""
        return self in {Ending.CLOSED, Ending.ENDED, Ending.GONE, Ending.RELEASED}


@dataclass(frozen=True, slots=True)
class StopResult:
    """How one process ended, how it had been asked, and after how long."""

    process: ProcessKey
    ending: Ending
    asked: CloseMethod = CloseMethod.NONE
    after_ms: int = 0
    detail: str = ""


def stop_processes(
    seen: Sequence[SeenProcess],
    *,
    grace_s: float = 5.0,
    force: bool = False,
    cancel: CancelToken | None = None,
    report: Callable[[ActionStep], None] | None = None,
    end_now: threading.Event | None = None,
) -> tuple[StopResult, ...]:
    """Stop all of these processes, or none if one of them can't be stopped.

    Handles on all of them are opened first, and through these each is compared with what the
    person saw. Then each is asked to close, in order, and what still runs after the grace time is
    compared again and ended; with ``force`` at once, and as soon as ``end_now`` is set. Called off,
    it stops asking and ends nothing more. Blocks; any thread.
    """
    job = _Job(seen, grace_s, force=force, cancel=cancel, report=report, end_now=end_now)
    with ExitStack() as stack:
        job.hold_all(stack)
        job.verify_all()
        if not job.is_refused:
            job.run()
    return tuple(job.results[one.key] for one in seen)


class _Job:
    def __init__(
        self,
        seen: Sequence[SeenProcess],
        grace_s: float,
        *,
        force: bool,
        cancel: CancelToken | None,
        report: Callable[[ActionStep], None] | None,
        end_now: threading.Event | None,
    ) -> None:
        self.results: dict[ProcessKey, StopResult] = {}
        self.is_refused = False
        self._seen = {one.key: one for one in seen}
        self._grace_s = grace_s
        self._force = force
        self._cancel = cancel
        self._report = report
        self._end_now = end_now
        self._holds: dict[ProcessKey, ProcessHandle] = {}
        self._asked: dict[ProcessKey, CloseMethod] = {}
        self._ended: set[ProcessKey] = set()
        self._started = time.monotonic()

    def hold_all(self, stack: ExitStack) -> None:
        """Open every handle before anything is done."""
        for key in self._seen:
            try:
                hold = stack.enter_context(open_process_handle(key))
                hold.check_rights()
                self._holds[key] = hold
            except (ProcessGoneError, ProcessLookupError):
                self._note(key, Ending.GONE)
            except PortViewError as error:
                self._note(key, Ending.NOT_THE_SAME, error.message)
            except OSError as error:
                self._note(key, Ending.DENIED, str(error.strerror or error))
        self._refuse_all_if_one_is()

    def verify_all(self) -> None:
        """Compare each process with what the person saw, through its handle."""
        running = {} if self.is_refused else self._running()
        seen = [self._seen[key] for key in running]
        for change in find_changes(seen, self._program) if seen else ():
            has_ended = self._holds[change.process].wait(0)
            ending = Ending.GONE if has_ended else Ending.CHANGED
            self._note(change.process, ending, "" if has_ended else change.sentence)
        self._refuse_all_if_one_is()

    def _refuse_all_if_one_is(self) -> None:
        self.is_refused = any(not result.ending.is_over for result in self.results.values())
        if self.is_refused:
            for key in self._holds.keys() - self.results.keys():
                self._note(key, Ending.UNTOUCHED)

    def _program(self, key: ProcessKey) -> RunningProgram:
        try:
            return self._holds[key].program()
        except OSError:
            return PROGRAM_NOT_READ

    def run(self) -> None:
        """Ask, wait and end."""
        self._notify(Stage.CHECKED, len(self._holds))
        try:
            if not self._force:
                self._each(self._ask)
                self._notify(Stage.ASKED, len(self._asked))
                # What can't be asked has nothing to wait for.
                self._await_all(self._grace_s if any(self._asked.values()) else 0, is_grace=True)
            self._raise_if_cancelled()
            if not self._force:
                self._spare_what_changed()
            if self._running():
                self._notify(Stage.ENDING, len(self._running()))
                self._each(self._end)
                self._await_all(_LAST_WAIT_S)
        except Cancelled:
            logger.info("called off")
        for key in self._running():
            self._note(key, Ending.STILL_RUNNING, pending_sentence(read_blockage(key.pid)))

    def _spare_what_changed(self) -> None:
        """Compare again what still runs after the grace time: ending it is an act of its own."""
        seen = [self._seen[key] for key in self._running()]
        for change in find_changes(seen, self._program, has_begun=True) if seen else ():
            if self._holds[change.process].wait(0):
                continue  # It ended while it was looked at.
            ending = Ending.RELEASED if change.is_released else Ending.CHANGED
            self._note(change.process, ending, change.sentence)

    def _ask(self, hold: ProcessHandle) -> None:
        way = hold.ask()
        if way is not CloseMethod.NONE:
            self._asked[hold.key] = way

    def _end(self, hold: ProcessHandle) -> None:
        hold.end()
        self._ended.add(hold.key)

    def _each(self, act: Callable[[ProcessHandle], None]) -> None:
        for hold in self._running().values():
            self._raise_if_cancelled()
            try:
                act(hold)
            except ProcessLookupError:
                continue
            except OSError as error:
                logger.warning("PID %d: %s", hold.key.pid, error)

    def _await_all(self, seconds: float, *, is_grace: bool = False) -> None:
        deadline = time.monotonic() + seconds
        reported = 0
        while True:
            running = self._running()
            left = deadline - time.monotonic()
            if not running or left <= 0 or (is_grace and self._is_hurried()):
                return
            if is_grace and ceil(left) != reported:
                reported = ceil(left)
                self._notify(Stage.WAITING, len(running), left)
            self._raise_if_cancelled()
            next(iter(running.values())).wait(min(left, _SLICE_S))

    def _running(self) -> dict[ProcessKey, ProcessHandle]:
        for key, hold in self._holds.items():
            if key not in self.results and hold.wait(0):
                is_closed = key in self._asked and key not in self._ended
                self._note(key, Ending.CLOSED if is_closed else Ending.ENDED)
        return {key: hold for key, hold in self._holds.items() if key not in self.results}

    def _note(self, key: ProcessKey, ending: Ending, detail: str = "") -> None:
        after_ms = round((time.monotonic() - self._started) * 1000)
        asked = self._asked.get(key, CloseMethod.NONE)
        self.results[key] = StopResult(key, ending, asked, after_ms, detail)
        logger.info("PID %d (%d): %s %s", key.pid, key.started_ms, ending, detail)

    def _is_hurried(self) -> bool:
        return self._end_now is not None and self._end_now.is_set()

    def _notify(self, stage: Stage, count: int, left_s: float = 0.0) -> None:
        if self._report and count:
            self._report(ActionStep(stage, count, left_s))

    def _raise_if_cancelled(self) -> None:
        if self._cancel:
            self._cancel.raise_if_cancelled()
