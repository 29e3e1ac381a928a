"""Acts on the machine stand in the menus, say why not where they can't, and ask in a dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QDialog

from portview.actions.confirmation.actions import (
    CloseAction,
    EndAction,
    FreeAction,
    SuspendAction,
)
from portview.actions.processes.suspend import SuspendVerb
from portview.domain.owners.process import Execution
from portview.domain.sockets.scope import Scope
from portview.ui.confirm.action_dialog import ActionDialog

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.actions.confirmation.action import AnyAction
    from portview.ui.window.main_window import MainWindow

WAIT_MS = 20_000


def select(window: MainWindow, port: int) -> None:
    """Select the row with this local port."""
    window.set_scope(Scope.ALL)
    window.table.clearSelection()
    (entry,) = [one for one in window.model.shown_entries if one.row.local.port == port]
    assert window.table.select_key(entry.row.key)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[AnyAction]:
    """Note the jobs that would be asked about, instead of opening their dialogs."""
    noted: list[AnyAction] = []
    monkeypatch.setattr(
        "portview.ui.confirm.action_dialog.ActionDialog",
        lambda job, *_: noted.append(job) or QDialogThatIsNotShown(),
    )
    return noted


class QDialogThatIsNotShown:
    """Takes the place of the dialog in tests of who opens it."""

    class acted:  # noqa: N801 - a signal's name
        @staticmethod
        def connect(_slot: object) -> None:
            pass

    action_requested = watch_requested = acted

    def open(self) -> None:
        pass


def test_each_act_names_the_row_that_was_seen(window: MainWindow, jobs: list[AnyAction]) -> None:
    select(window, 8080)
    owner = window.views.selection().first.row.owner
    assert owner is not None
    for name in (
        "free_port",
        "end_process",
        "end_process_tree",
        "suspend_process",
    ):
        window.acts[name].trigger()
    window._data_sources.executions._show({owner: Execution.SUSPENDED})
    window.acts["resume_process"].trigger()
    select(window, 51000)
    row = window.views.selection().first.row
    window.acts["close_connection"].trigger()
    assert row.remote is not None
    assert jobs == [
        FreeAction(8080, window.model.shown_entries[0].row.protocol),
        EndAction(owner),
        EndAction(owner, with_tree=True),
        SuspendAction(owner, SuspendVerb.SUSPEND),
        SuspendAction(owner, SuspendVerb.RESUME),
        CloseAction(row.local, row.remote),
    ]


@pytest.mark.parametrize(
    ("port", "name", "reason"),
    [
        (51000, "free_port", "This is a connection"),
        (8080, "close_connection", "not a connection"),
        (9000, "close_connection", "closed already"),
        (53, "close_connection", "UDP has no connections"),
        (445, "end_process", "not known"),
        (445, "suspend_process", "not known"),
        (8080, "resume_process", "not suspended"),
        (8080, "stop_service", "not a service"),
    ],
)
def test_what_can_not_be_done_says_why(
    window: MainWindow, jobs: list[AnyAction], port: int, name: str, reason: str
) -> None:
    select(window, port)
    window.row_actions.refresh()
    action = window.acts[name]
    assert not action.isEnabled()
    assert reason in action.statusTip()
    action.setEnabled(True)
    action.trigger()
    assert reason in window.status.currentMessage()
    assert jobs == []


def test_the_dialog_opens_over_the_window_and_looks_first(window: MainWindow, qtbot: QtBot) -> None:
    select(window, 8080)
    window.acts["end_process"].trigger()
    (dialog,) = window.findChildren(ActionDialog)
    qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)
    # The process of this row was written down by the test: no such one runs here.
    assert dialog.now_text.text().endswith(("nothing was done.", "there is nothing to do."))
    dialog.reject()
    qtbot.waitUntil(lambda: not window.findChildren(ActionDialog), timeout=WAIT_MS)


def test_the_list_of_actions_opens(window: MainWindow, qtbot: QtBot) -> None:
    window.acts["action_list"].trigger()
    dialog = next(one for one in window.findChildren(QDialog) if one.windowTitle() == "Actions")
    qtbot.waitUntil(dialog.isVisible, timeout=WAIT_MS)
    dialog.reject()
