"""The dialog asks before it acts, and shows what is true afterwards."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel

from portview.actions.confirmation.action import AS_USER, NO_CHOICES, ExecutionOptions
from portview.actions.confirmation.actions import (
    EndAction,
    FreeAction,
    FreePreview,
    SuspendAction,
)
from portview.actions.confirmation.cards import Card, CardKind
from portview.actions.confirmation.confirmation import Confirmation
from portview.actions.confirmation.history import read_records
from portview.actions.free_port.elevated_holders import HeldSocket
from portview.actions.free_port.execute import free_port
from portview.actions.free_port.plan import FreePlan
from portview.actions.port_usage import FreeRequest
from portview.actions.processes.suspend import SuspendVerb
from portview.domain.errors import ActionReport, Outcome, PortViewError
from portview.domain.owners.process import Execution, ProcessKey
from portview.domain.sockets.socket_row import Endpoint, Family, Protocol, SocketKey
from portview.engine.task_runner import Pool
from portview.readers.execution import read_execution
from portview.readers.process_identity import process_key
from portview.ui.confirm.action_dialog import ActionDialog
from portview.ui.confirm.confirmation_view import CardView
from portview.ui.style.theme import Theme, apply_theme, muted_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.actions.confirmation.action import AnyAction, Choices
    from portview.domain.cancellation import CancelToken
    from portview.engine.task_runner import TaskRunner

    StartServer = Callable[[], tuple[subprocess.Popen[str], int]]
    Open = Callable[[AnyAction], ActionDialog]

WAIT_MS = 20_000


@pytest.fixture
def ask(qtbot: QtBot, runner: TaskRunner) -> Iterator[Open]:
    """Open dialogs that are closed with the test."""
    opened: list[ActionDialog] = []

    def start(job: AnyAction) -> ActionDialog:
        dialog = ActionDialog(job, runner)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        opened.append(dialog)
        dialog.open()
        qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)
        return dialog

    yield start
    for dialog in opened:
        dialog.close()
        dialog.deleteLater()


def test_nothing_is_stopped_before_the_button_and_the_proof_is_shown(
    qtbot: QtBot, ask: Open, server: StartServer
) -> None:
    process, port = server()
    dialog = ask(FreeAction(port, Protocol.TCP))
    assert dialog.headline.text() == f"Free TCP port {port}?"
    titles = [card.accessibleName() for card in dialog.findChildren(CardView)]
    assert len(titles) == 1
    assert titles[0].endswith(f"PID {process.pid}")
    assert process.poll() is None
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        qtbot.mouseClick(dialog.act_button, Qt.MouseButton.LeftButton)
    assert process.wait(10) is not None
    assert f"TCP port {port} is free; freed" in dialog.now_text.text()
    assert not dialog.act_button.isVisible()
    assert read_records()[0].processes[0].pid == process.pid


_WORKERS = """
import os, socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
for _ in range(3):
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.mark.linux_only(reason="forks workers")
def test_a_master_and_its_workers_are_one_card_that_opens(qtbot: QtBot, ask: Open) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WORKERS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as master:
        try:
            assert master.stdout is not None
            dialog = ask(FreeAction(int(master.stdout.readline()), Protocol.TCP))
            (card,) = dialog.findChildren(CardView)
            assert card.accessibleName().endswith(f"PID {master.pid}")
            assert card.opener.text() == "3 more processes of the same program"
            assert not card.members.isVisible()
            before = dialog.cards.height()
            qtbot.keyClick(card.opener, Qt.Key.Key_Space)
            assert card.members.isVisible()
            assert card.members.text().count("PID") == 3
            opened = dialog.cards.height()
            assert opened > before
            assert "4 processes will be stopped." in dialog.notes.text()
            qtbot.keyClick(card.opener, Qt.Key.Key_Space)
            assert not card.members.isVisible()
            assert dialog.cards.height() < opened
        finally:
            os.killpg(master.pid, signal.SIGKILL)


def test_the_steps_are_told_one_by_one_and_stay_with_the_result(
    qtbot: QtBot, ask: Open, server: StartServer
) -> None:
    _process, port = server()
    dialog = ask(FreeAction(port, Protocol.TCP))
    if not dialog.force_box.isVisible():
        pytest.skip("this system has no way of asking it to close")
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.act_button.click()
    assert dialog.windowTitle() == f"Free port {port}: done"
    assert "PortView bound it on" in dialog.done_text.text()
    steps = dialog.checklist.lines
    assert steps[0] == "Checked: still what you saw"
    assert steps[1].startswith("Asked to close")
    assert steps[-1] == "Checking again"
    assert dialog.checklist.isVisible()
    assert dialog.now_text.isVisible()
    dialog.copy_button.click()
    copied = QGuiApplication.clipboard().text()
    assert "Asked to close" in copied
    assert f"TCP port {port} is free" in copied


def test_nobody_has_to_wait_for_a_program_that_ignores_the_request(
    qtbot: QtBot, ask: Open, stubborn: StartServer
) -> None:
    process, port = stubborn()
    dialog = ask(FreeAction(port, Protocol.TCP))
    if not dialog.force_box.isVisible():
        pytest.skip("this system has no way of asking it to close")
    dialog.act_button.click()
    qtbot.waitUntil(dialog.checklist.end_button.isVisible, timeout=WAIT_MS)
    assert dialog.windowTitle() == f"Free port {port}\u2026"
    assert "s left" in dialog.checklist.lines[-1]
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.checklist.end_button.click()
    assert process.wait(10) is not None
    assert any(line.startswith("Ending it") for line in dialog.checklist.lines)
    assert "did not close when asked, and was ended" in dialog.done_text.text()


def test_what_was_freed_can_be_watched_from_now_on(
    qtbot: QtBot, ask: Open, server: StartServer
) -> None:
    _process, port = server()
    dialog = ask(FreeAction(port, Protocol.TCP))
    assert not dialog.watch_button.isVisible()
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.act_button.click()
    with qtbot.waitSignal(dialog.watch_requested, timeout=WAIT_MS) as wanted:
        dialog.watch_button.click()
    assert wanted.args == [port, "tcp"]
    assert not dialog.isVisible()


def test_cards_follow_the_theme_while_they_are_shown(ask: Open) -> None:
    dialog = ask(FakeAction([]))
    [card] = dialog.findChildren(CardView)
    try:
        apply_theme(Theme.DARK)
        QApplication.processEvents()
        [quiet] = card._quiet
        assert quiet.palette().windowText().color() == muted_text(card.palette())
    finally:
        apply_theme(Theme.SYSTEM)


def test_suspending_is_asked_about_and_can_be_taken_back(
    qtbot: QtBot, ask: Open, server: StartServer
) -> None:
    process, port = server()
    key = process_key(process.pid)
    assert isinstance(key, ProcessKey)
    dialog = ask(SuspendAction(key, SuspendVerb.SUSPEND))
    assert dialog.headline.text().startswith("Suspend ")
    texts = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert f"at 127.0.0.1:{port}" in texts
    assert read_execution(process.pid) is Execution.RUNNING
    execute(qtbot, dialog)
    assert read_execution(process.pid) is Execution.SUSPENDED
    assert "is suspended" in dialog.now_text.text()
    again = ask(SuspendAction(key, SuspendVerb.SUSPEND))
    assert "already" in again.headline.text()
    assert not again.act_button.isVisible()
    execute(qtbot, ask(SuspendAction(key, SuspendVerb.RESUME)))
    assert read_execution(process.pid) is Execution.RUNNING


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space])
def test_a_tired_hand_stops_nothing_that_serves_others(
    qtbot: QtBot, ask: Open, serving: StartServer, key: Qt.Key
) -> None:
    process, port = serving()
    with socket.create_connection(("127.0.0.1", port)) as client:
        assert client.recv(2) == b"hi"
        dialog = ask(FreeAction(port, Protocol.TCP))
        qtbot.keyClick(dialog.focusWidget() or dialog, key)
        qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=WAIT_MS)
    assert process.poll() is None
    assert read_records() == ()


def test_enter_frees_a_port_where_that_harms_nobody_else(
    qtbot: QtBot, ask: Open, server: StartServer
) -> None:
    process, port = server()
    dialog = ask(FreeAction(port, Protocol.TCP))
    assert dialog.act_button.isDefault()
    held_down = QKeyEvent(
        QKeyEvent.Type.KeyPress,
        Qt.Key.Key_Return,
        Qt.KeyboardModifier.NoModifier,
        "\r",
        autorep=True,
    )
    QApplication.sendEvent(dialog.act_button, held_down)
    assert process.poll() is None, "the key that opened the dialog is still held down"
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        qtbot.keyClick(dialog.focusWidget() or dialog, Qt.Key.Key_Return)
    assert process.wait(10) is not None


@pytest.mark.linux_only(reason="Wine lists no client that was not accepted")
def test_a_client_that_was_not_accepted_yet_counts(ask: Open, server: StartServer) -> None:
    _process, port = server()
    with socket.create_connection(("127.0.0.1", port)):
        assert ask(FreeAction(port, Protocol.TCP)).cancel_button.isDefault()


def test_enter_presses_the_button_that_has_the_focus(
    qtbot: QtBot, ask: Open, serving: StartServer
) -> None:
    process, port = serving()
    with socket.create_connection(("127.0.0.1", port)) as client:
        assert client.recv(2) == b"hi"
        dialog = ask(FreeAction(port, Protocol.TCP))
        assert dialog.cancel_button.isDefault()
        dialog.act_button.setFocus()
        with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
            qtbot.keyClick(dialog.act_button, Qt.Key.Key_Return)
    assert process.wait(10) is not None


def test_the_options_make_a_new_plan(qtbot: QtBot, ask: Open, server: StartServer) -> None:
    process, port = server()
    dialog = ask(FreeAction(port, Protocol.TCP))
    if not dialog.force_box.isVisible():
        pytest.skip("this system has no way of asking it to close")
    dialog.force_box.setChecked(True)
    qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert any("ended at once" in text for text in texts)
    assert dialog.act_button.isVisible()
    assert process.poll() is None


def test_a_dialog_that_is_closed_while_it_looks_is_left_in_peace(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    dialog = ActionDialog(FreeAction(1, Protocol.TCP), runner)
    dialog.open()
    with qtbot.waitSignal(dialog.destroyed, timeout=WAIT_MS):
        dialog.reject()
    told: list[object] = []
    runner.run(lambda _work: None, pool=Pool.ACTIONS, on_done=told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)


def test_what_must_stay_has_no_button(ask: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        dialog = ask(FreeAction(own.getsockname()[1], Protocol.TCP))
        assert "Nothing will be done" in dialog.headline.text()
        assert not dialog.act_button.isVisible()
        assert not dialog.force_box.isVisible()
        assert dialog.cancel_button.text() == "Close"


def test_who_asks_for_the_tree_is_not_asked_for_it_again(ask: Open, server: StartServer) -> None:
    process, _port = server()
    key = process_key(process.pid)
    assert isinstance(key, ProcessKey)
    one = ask(EndAction(key))
    assert one.tree_box.isVisible()
    whole = ask(EndAction(key, with_tree=True))
    assert not whole.tree_box.isVisible()
    assert whole.notes.text() == "Nothing runs under it."
    assert whole.act_button.isVisible()


def test_a_port_that_is_free_by_now_is_told_as_that(ask: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
    dialog = ask(FreeAction(port, Protocol.TCP))
    assert dialog.headline.text() == f"TCP port {port} is free."
    assert not dialog.act_button.isVisible()
    assert not dialog.cards.isVisible()


def test_what_sums_up_the_cards_stands_above_them(ask: Open) -> None:
    job = FakeAction([])
    cards = tuple(Card(CardKind.STOPS, f"node, PID {number}") for number in range(40))
    job.confirmation = Confirmation("Free it?", cards, "Free", ("40 processes will be stopped.",))
    dialog = ask(job)
    assert dialog.notes.text() == "40 processes will be stopped."
    assert dialog.notes.geometry().bottom() < dialog.cards.geometry().top()
    # However many there are, the buttons stay on the screen.
    assert dialog.height() <= dialog.screen().availableSize().height()
    assert dialog.act_button.isVisible()


MARKED_UP = Confirmation(
    "<i>plain?</i>", (Card(CardKind.STOPS, "<b>not bold</b>", ("<img src=x>",)),), "Do & it"
)


@dataclass
class FakeAction:
    """A job whose ends no machine here can bring about: refusals and administrator rights."""

    ends: list[ActionReport | PortViewError]
    all_options: list[ExecutionOptions] = field(default_factory=list)
    title: str = "Action"
    confirmation: Confirmation = MARKED_UP

    def preview(self, choices: Choices = NO_CHOICES) -> Confirmation:
        return self.confirmation

    def confirm(self, plan: Confirmation) -> Confirmation:
        return plan

    def execute(self, plan: Confirmation, options: ExecutionOptions = AS_USER) -> ActionReport:
        self.all_options.append(options)
        end = self.ends.pop(0)
        if isinstance(end, PortViewError):
            raise end
        return end


class OnlyForAdministrators(FakeAction):
    """One that is refused here, because what the decision needs can't be read."""

    def confirm(self, plan: Confirmation) -> Confirmation:
        return replace(plan, verb="", is_for_admin=True)


def test_what_starts_a_server_again_can_be_stopped_next(
    qtbot: QtBot, ask: Open, supervised: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slow machine is given longer to start it again; who came is seen at once.
    monkeypatch.setattr(
        "portview.actions.confirmation.actions.free_port", partial(free_port, watch_s=20)
    )
    supervisor, port = supervised()
    dialog = ask(FreeAction(port, Protocol.TCP))
    execute(qtbot, dialog)
    assert "was taken again by" in dialog.now_text.text()
    assert dialog.next_button.isVisible()
    with qtbot.waitSignal(dialog.action_requested) as asked:
        dialog.next_button.click()
    (job,) = asked.args
    assert isinstance(job, EndAction)
    assert job.process.pid == supervisor.pid
    assert supervisor.poll() is None
    assert not dialog.isVisible()


@dataclass(frozen=True)
class FakeHiddenAction(FreeAction):
    """A job whose holder only administrators are told, as no test that runs as root has one."""

    def preview(self, choices: Choices = NO_CHOICES) -> FreePreview:
        return FreePreview(FreePlan(FreeRequest(self.port)), None, None)

    def confirm(self, plan: FreePreview) -> Confirmation:
        if not self.held:
            card = Card(CardKind.REFUSED, "An unknown process")
            return Confirmation("Hidden.", (card,), is_hidden=True)
        card = Card(CardKind.STOPS, f"PID {self.held[0].owner.pid}")
        return Confirmation("Free it?", (card,), "Free", can_be_forced=True)

    def seen_by_admin(self, cancel: CancelToken | None = None) -> FreeAction:
        socket_key = SocketKey(
            Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", self.port), None, None
        )
        return replace(self, held=(HeldSocket(socket_key, ProcessKey(4242, 1)),))


def test_a_hidden_holder_can_be_looked_up_as_administrator(qtbot: QtBot, ask: Open) -> None:
    dialog = ask(FakeHiddenAction(80, Protocol.TCP))
    assert not dialog.act_button.isVisible()
    for _ in range(2):
        button = dialog.inspect_button
        button.click() if button.isVisible() else dialog.force_box.click()
        qtbot.waitUntil(dialog.act_button.isVisible, timeout=WAIT_MS)
        # Once seen it stays seen: the options ask for no rights again.
        assert dialog.headline.text() == "Free it?"
        assert not dialog.inspect_button.isVisible()


def error(code: str, outcome: Outcome) -> PortViewError:
    return PortViewError(code, f"It is {code}.", "A hint.", outcome)


def execute(qtbot: QtBot, dialog: ActionDialog) -> None:
    dialog.act_button.click()
    qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)


def test_a_want_of_rights_leads_to_one_errand_as_administrator(qtbot: QtBot, ask: Open) -> None:
    done = ActionReport(Outcome.DONE, "Asked.", "Done.", "True now.")
    job = FakeAction([error("access_denied", Outcome.NEEDS_ADMIN), done])
    dialog = ask(job)
    execute(qtbot, dialog)
    assert dialog.admin_button.isVisible()
    dialog.admin_button.click()
    qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)
    assert dialog.now_text.text() == "True now."
    assert not dialog.admin_button.isVisible()
    assert [options.as_admin for options in job.all_options] == [False, True]


def test_what_only_an_administrator_can_decide_is_offered_as_that_at_once(
    qtbot: QtBot, ask: Open
) -> None:
    done = ActionReport(Outcome.DONE, "Asked.", "Done.", "True now.")
    job = OnlyForAdministrators([done])
    dialog = ask(job)
    assert not dialog.act_button.isVisible()
    assert dialog.admin_button.isVisible()
    dialog.admin_button.click()
    qtbot.waitUntil(lambda: not dialog.progress_bar.isVisible(), timeout=WAIT_MS)
    assert dialog.now_text.text() == "True now."
    assert [options.as_admin for options in job.all_options] == [True]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("elevation_cancelled", Outcome.NOT_DONE),
        ("elevation_unavailable", Outcome.NEEDS_ADMIN),
        ("pid_reused", Outcome.NOT_DONE),
    ],
)
def test_other_ends_are_told_and_offer_nothing(
    qtbot: QtBot, ask: Open, code: str, outcome: Outcome
) -> None:
    dialog = ask(FakeAction([error(code, outcome)]))
    execute(qtbot, dialog)
    assert dialog.now_text.text() == f"It is {code}."
    assert dialog.next_text.text() == "A hint."
    assert not dialog.admin_button.isVisible()


def test_text_of_the_machine_stays_plain(ask: Open) -> None:
    dialog = ask(FakeAction([]))
    for label in dialog.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText or not label.text()
    assert dialog.act_button.text() == "Do && it"
