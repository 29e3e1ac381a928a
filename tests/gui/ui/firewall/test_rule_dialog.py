"""A rule is shown before it is made, and what is true afterwards is what was read."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from portview.actions.confirmation.history import read_records
from portview.actions.firewall_rules.plan import command_lines
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.owners.process import ProcessInfo
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import BadInputError
from portview.engine.task_runner import Pool
from portview.ui.firewall.rule_dialog import RuleDialog
from portview.ui.firewall.rule_form import HOUR_MS, Remote, Until, parse_remote
from tests.fakes.firewall import FakeFirewall, needs_admin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.engine.task_runner import TaskRunner

    Open = Callable[..., RuleDialog]

PROGRAM = "/opt/node/bin/node"
WAIT_MS = 20_000


@pytest.fixture
def entry(listening: Callable[..., SocketRow]) -> SocketEntry:
    row = listening(61_080)
    assert row.owner is not None
    return SocketEntry(row, ProcessInfo(row.owner, name="node", executable=PROGRAM))


@pytest.fixture
def ask(
    qtbot: QtBot, runner: TaskRunner, firewall: FakeFirewall, entry: SocketEntry
) -> Iterator[Open]:
    """Open dialogs that are closed with the test."""
    opened: list[RuleDialog] = []

    def start(effect: RuleEffect = RuleEffect.ALLOW, of: SocketEntry = entry) -> RuleDialog:
        dialog = RuleDialog(effect, of, runner, lambda: firewall)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        opened.append(dialog)
        dialog.open()
        settle(qtbot, dialog)
        return dialog

    yield start
    for dialog in opened:
        dialog.close()
        dialog.deleteLater()


def settle(qtbot: QtBot, dialog: RuleDialog) -> None:
    qtbot.waitUntil(
        lambda: not dialog.is_planning and not dialog.progress_bar.isVisible(), timeout=WAIT_MS
    )


def execute(qtbot: QtBot, dialog: RuleDialog) -> None:
    with qtbot.waitSignal(dialog.acted, timeout=WAIT_MS):
        dialog.act_button.click()


def rule_spec_of(dialog: RuleDialog) -> RuleSpec:
    return dialog.form.rule_spec()


def test_the_dialog_is_as_high_as_what_a_choice_brings(qtbot: QtBot, ask: Open) -> None:
    dialog = ask()
    before = dialog.height()
    dialog.form.until_box.setCurrentIndex(Until.HOUR)
    settle(qtbot, dialog)
    assert dialog.preview.note_texts
    assert dialog.height() > before
    # Laid out once more, when the event loop had its turn, nothing has to scroll.
    qtbot.waitUntil(dialog.preview.remarks.isVisible)
    dialog.asked.widget().layout().activate()
    assert dialog.asked.verticalScrollBar().maximum() == 0


def test_the_rule_is_narrow_shown_whole_and_made_only_when_asked(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall
) -> None:
    dialog = ask()
    assert dialog.headline.text() == "Allow TCP port 61080 through the firewall?"
    assert rule_spec_of(dialog) == RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 61_080, PROGRAM)
    assert not dialog.form.profile_boxes["public"].isChecked()
    assert dialog.form.remote_box.currentText() == "The local network (192.0.2.0/24)"
    assert dialog.form.name.text() == "PortView: allow tcp 61080"
    assert dialog.preview.now.text().startswith("Now, for any other machine: blocked.")
    assert "A warning." in dialog.preview.warning_texts
    dialog.preview.copy_button.click()
    assert QGuiApplication.clipboard().text() == dialog.preview.command.full_text
    assert firewall.applied == []
    execute(qtbot, dialog)
    assert "is now allowed for 192.0.2.0/24" in dialog.now_text.text()
    assert not dialog.act_button.isVisible()
    (made,) = firewall.applied
    assert dialog.preview.command.full_text == "\n".join(command_lines(made))
    assert read_records()[0].made_rules == (made.id,)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Space])
def test_a_tired_hand_makes_no_rule(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall, key: Qt.Key
) -> None:
    dialog = ask()
    qtbot.keyClick(dialog.focusWidget() or dialog, key)
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=WAIT_MS)
    assert firewall.applied == []


def test_every_choice_is_part_of_the_wish_and_of_what_is_made(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall, entry: SocketEntry
) -> None:
    dialog = ask()
    form = dialog.form
    form.port_button.setChecked(True)
    form.remote_box.setCurrentIndex(Remote.ANY)
    form.profile_boxes["domain"].setChecked(False)
    form.until_box.setCurrentIndex(form.until_box.findData(Until.HOUR))
    settle(qtbot, dialog)
    rule_spec = rule_spec_of(dialog)
    assert (rule_spec.program, rule_spec.remotes, rule_spec.profiles) == (
        None,
        ("any",),
        ("private",),
    )
    assert rule_spec.expires_at_ms is not None
    assert rule_spec.until is None
    execute(qtbot, dialog)
    (own,) = firewall.read().managed_rules
    assert own.rule_spec == rule_spec
    assert dialog.now_text.text() == "TCP port 61080 is now allowed for any other machine."


def test_a_rule_can_end_with_the_program_or_in_an_hour(
    qtbot: QtBot, ask: Open, entry: SocketEntry
) -> None:
    dialog = ask()
    box = dialog.form.until_box
    assert box.itemText(2) == f"node (PID {entry.row.pid}) ends"
    box.setCurrentIndex(2)
    assert rule_spec_of(dialog).until == entry.row.owner
    box.setCurrentIndex(1)
    rule_spec = rule_spec_of(dialog)
    assert (rule_spec.until, rule_spec.expires_at_ms) == (None, dialog.form._made_ms + HOUR_MS)
    settle(qtbot, dialog)


def test_an_address_is_read_while_it_is_typed(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall
) -> None:
    dialog = ask()
    dialog.form.remote_box.setCurrentIndex(Remote.ONE)
    assert not dialog.act_button.isEnabled()
    assert dialog.note.text() == "Type the address or the network."
    dialog.form.remote_field.setText("192.168.1.999")
    assert "“192.168.1.999” is not a valid address or network." in dialog.note.text()
    assert not dialog.preview.isEnabled()
    dialog.act_button.click()
    dialog.form.remote_field.setText(" 192.0.2.7, 198.51.100.0/24")
    settle(qtbot, dialog)
    assert dialog.note.text() == ""
    assert dialog.act_button.isEnabled()
    assert rule_spec_of(dialog).remotes == ("192.0.2.7", "198.51.100.0/24")
    assert firewall.applied == []


@pytest.mark.parametrize(
    ("text", "at"), [("10.0.0.256", 0), ("10.0.0.1, x", 10), ("10.0.0.1,,", 9), ("10.0.0.1/8", 0)]
)
def test_a_mistake_in_an_address_is_shown_where_it_stands(text: str, at: int) -> None:
    with pytest.raises(BadInputError) as mistake:
        parse_remote(text)
    assert mistake.value.position == at


def test_without_any_network_nothing_can_be_made(qtbot: QtBot, ask: Open) -> None:
    dialog = ask()
    for box in dialog.form.profile_boxes.values():
        box.setChecked(False)
    assert "Select the networks" in dialog.note.text()
    assert not dialog.act_button.isEnabled()
    dialog.form.profile_boxes["public"].setChecked(True)
    settle(qtbot, dialog)
    assert dialog.act_button.isEnabled()
    assert rule_spec_of(dialog).profiles == ("public",)


def test_a_firewall_without_programs_and_profiles_offers_neither(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall
) -> None:
    firewall.manager = "nftables"
    dialog = ask()
    assert rule_spec_of(dialog).program is None
    assert not dialog.form.profile_boxes["public"].isVisible()
    assert not dialog.form.program_button.isVisible()
    assert not any("program" in warning for warning in dialog.preview.warning_texts)
    execute(qtbot, dialog)
    assert firewall.read().managed_rules[0].rule_spec.program is None


def test_to_block_is_wide(qtbot: QtBot, ask: Open, firewall: FakeFirewall) -> None:
    firewall.add_rule_of_others(
        RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 61_080, remotes=("any",)), "Open"
    )
    dialog = ask(RuleEffect.BLOCK)
    rule_spec = rule_spec_of(dialog)
    assert (rule_spec.program, rule_spec.remotes) == (None, ("any",))
    assert set(rule_spec.profiles) == {"domain", "private", "public"}
    execute(qtbot, dialog)
    assert "is now blocked for any other machine" in dialog.now_text.text()


def test_what_can_not_help_is_warned_of_before(ask: Open, firewall: FakeFirewall) -> None:
    rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 61_080, remotes=("any",))
    firewall.add_rule_of_others(rule_spec, "Open already")
    dialog = ask()
    assert any("is already allowed" in note for note in dialog.preview.note_texts)
    assert not any("already" in warning for warning in dialog.preview.warning_texts)


def test_where_no_rule_is_needed_nothing_can_be_run(ask: Open, firewall: FakeFirewall) -> None:
    rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 61_080, remotes=("any",))
    firewall.add_rule_of_others(rule_spec, "Open already")
    firewall.is_sparing = True
    dialog = ask()
    assert dialog.preview.frame.isHidden()
    assert not dialog.act_button.isEnabled()
    assert dialog.note.text() == "There is nothing to do."


def test_success_without_effect_is_told_as_what_it_is(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall
) -> None:
    firewall.has_effect = False
    dialog = ask()
    execute(qtbot, dialog)
    assert "The rule does not exist" in dialog.now_text.text()
    assert not dialog.revoke_button.isVisible()


def test_a_rule_that_does_not_help_can_be_taken_back_from_where_it_was_made(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall
) -> None:
    block = RuleSpec(RuleEffect.BLOCK, Protocol.TCP, 61_080, remotes=("any",))
    firewall.add_rule_of_others(block, "No entry")
    dialog = ask()
    execute(qtbot, dialog)
    assert "No entry" in dialog.now_text.text()
    with qtbot.waitSignal(dialog.revoke_wanted) as wanted:
        dialog.revoke_button.click()
    assert wanted.args == [firewall.read().managed_rules[0].id]


def test_a_want_of_rights_leads_to_one_errand_as_administrator(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall
) -> None:
    firewall.refusal = needs_admin()
    dialog = ask()
    dialog.act_button.click()
    settle(qtbot, dialog)
    assert "administrator rights" in dialog.now_text.text()
    assert dialog.admin_button.isVisible()
    assert firewall.applied == []


def test_a_plan_that_fails_is_told(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PortViewError("no_firewall", "There is none.", "A hint.", Outcome.NOT_DONE)

    monkeypatch.setattr(firewall, "plan", refuse)
    dialog = ask()
    assert dialog.now_text.text() == "There is none."
    assert dialog.next_text.text() == "A hint."
    assert not dialog.act_button.isVisible()


def test_only_what_is_shown_can_be_made(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, plan = threading.Event(), firewall.plan
    dialog = ask()

    def slow_plan(*arguments: object) -> object:
        assert gate.wait(30)
        return plan(*arguments)

    monkeypatch.setattr(firewall, "plan", slow_plan)
    dialog.form.remote_box.setCurrentIndex(Remote.ANY)
    assert not dialog.act_button.isEnabled()
    assert dialog.prepare_act() is None
    gate.set()
    settle(qtbot, dialog)
    execute(qtbot, dialog)
    assert firewall.read().managed_rules[0].rule_spec.remotes == ("any",)


def test_a_dialog_that_is_closed_while_it_looks_is_left_in_peace(
    qtbot: QtBot, runner: TaskRunner, firewall: FakeFirewall, entry: SocketEntry
) -> None:
    dialog = RuleDialog(RuleEffect.ALLOW, entry, runner, lambda: firewall)
    dialog.open()
    with qtbot.waitSignal(dialog.destroyed, timeout=WAIT_MS):
        dialog.reject()
    told: list[object] = []
    runner.run(lambda _work: None, pool=Pool.ACTIONS, on_done=told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT_MS)
    assert firewall.applied == []


def test_text_of_the_machine_stays_plain(
    qtbot: QtBot, ask: Open, firewall: FakeFirewall, entry: SocketEntry
) -> None:
    hostile = "<b>&x</b>\u202e" + "y" * 32_000
    rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 61_080, remotes=("any",))
    firewall.add_rule_of_others(replace(rule_spec, effect=RuleEffect.BLOCK), hostile)
    assert entry.info is not None
    named = SocketEntry(entry.row, replace(entry.info, name=hostile))
    dialog = ask(of=named)
    for label in dialog.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText or "<" not in label.text()
        assert "\u202e" not in label.text()
    assert "<b>&&x</b>\\u{202E}" in dialog.form.program_button.text()
    assert dialog.width() < 1200
    execute(qtbot, dialog)
    assert "\\u{202E}" in dialog.now_text.text()
    assert "\u202e" not in dialog.now_text.text()
