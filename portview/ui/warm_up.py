"""Loads early what the first dialog would otherwise make a click wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.engine.task_runner import Pool

if TYPE_CHECKING:
    from portview.engine.task_runner import Task, TaskRunner


def warm_up(runner: TaskRunner) -> Task:
    """Load what changes the machine, off the UI thread; it then opens without a pause.

    Nothing that knows Qt is loaded there: the widgets of a dialog take a tenth of the time.
    """
    return runner.run(lambda _work: _load(), pool=Pool.ACTIONS, on_done=lambda _none: None)


def _load() -> None:
    import portview.actions.firewall_jobs  # noqa: PLC0415 - loading is the point
    import portview.actions.jobs  # noqa: F401, PLC0415 - likewise
