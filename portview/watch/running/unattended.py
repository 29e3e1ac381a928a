"""Evaluates the watches and records who listens, without a window: a command or a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.readers.choose import open_reader
from portview.readers.recognition.background import ProgramIdentities
from portview.watch.history.recorder import HistoryRecorder
from portview.watch.running.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.watch.running.turns import WatcherHooks


class Unattended:
    """What runs where nobody looks on. ``run`` blocks; ``cancel`` may come from any thread."""

    def __init__(self, hooks: WatcherHooks, *, on_end: Callable[[], None] | None = None) -> None:
        """Start nothing yet; ``on_end`` is called as soon as ``run`` begins to end."""
        self._hooks = hooks
        self._on_end = on_end
        self._watcher = Watcher(hooks)

    def run(self) -> None:
        """Evaluate and record until ``cancel`` or an exception. Raises PortViewError."""
        identities = ProgramIdentities()
        identities.start()
        recorder = HistoryRecorder(
            open_reader, "background", on_problem=self._hooks.on_problem, identities=identities
        )
        try:
            self._watcher.run()
        finally:
            if self._on_end is not None:
                self._on_end()
            recorder.close()
            identities.close()

    def cancel(self) -> None:
        """Have it end soon; wait for nothing."""
        self._watcher.cancel()
