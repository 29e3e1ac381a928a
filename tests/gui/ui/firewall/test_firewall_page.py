"""The tab that tells what the firewall does to a port, and the column beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from portview.domain.errors import PortViewError
from portview.domain.firewall import (
    FirewallStatus,
    FirewallVerdict,
    ProfileState,
    RuleEffect,
)
from portview.domain.sockets.socket_row import Endpoint, State
from portview.domain.table.columns import COLUMNS
from portview.firewall.drop_log.packet import DroppedPacket
from tests.factories import snapshot
from tests.fakes.firewall_readings import ALLOWED, BLOCKED, ON, answer, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.firewall.firewall_page import FirewallPage
    from tests.gui.conftest import DetailsBench

    Listening = Callable[..., SocketRow]

FIREWALL = [column.id for column in COLUMNS].index("firewall")
HOSTILE = "<b>bold</b>\u202egpj\n\x00 \ud800"


@pytest.fixture
def page(bench: DetailsBench) -> FirewallPage:
    """Give the page with its tab in front."""
    bench.details.pane.tabs.setCurrentIndex(3)
    return bench.firewall_page


def choose(bench: DetailsBench, *rows: SocketRow) -> None:
    """Have some rows, choose the first, and wait for the answer."""
    bench.show(snapshot(rows))
    bench.choose(rows[0].key)
    bench.qtbot.waitUntil(lambda: not bench.verdicts.is_asking)


def cell(bench: DetailsBench, number: int, role: Qt.ItemDataRole) -> object:
    bench.model.pass_time()
    return bench.model.index(number, FIREWALL).data(role)


def test_a_blocked_port_is_told_with_rule_reason_and_next_step(
    bench: DetailsBench, page: FirewallPage, listening: Listening
) -> None:
    bench.firewall.answers[80] = answer(
        FirewallVerdict.BLOCKED,
        rule("web", text="tcp dport 80 accept"),
        rule("no web", RuleEffect.BLOCK),
        reason="The rule wins.",
        next_step="Remove it.",
    )
    choose(bench, listening(80))
    assert page.headline.text == (
        "The firewall keeps other machines from TCP port 80\nThe rule wins.\nRemove it."
    )
    assert "2 rules are about this port" in page.rules_title.text()
    table = page.rules
    assert [table.item(n, 0).text() for n in range(2)] == ["1", "2, decides"]
    assert [table.item(n, 2).text() for n in range(2)] == ["Allows", "Blocks"]
    assert table.item(0, 0).icon().isNull()
    assert not table.item(1, 0).icon().isNull()
    table.selectAll()
    bench.qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0].split("\t")[1:] == [
        "web", "Allows", "All of it", "TCP", "chain inet filter input", "tcp dport 80 accept"
    ]  # fmt: skip
    assert page.allow_button.isEnabled()


def test_an_allowed_port_without_any_rule_says_that_the_default_decides(
    bench: DetailsBench, page: FirewallPage, listening: Listening
) -> None:
    bench.firewall.answers[80] = ALLOWED
    choose(bench, listening(80))
    assert page.headline.text.startswith("The firewall lets other machines in to TCP port 80")
    assert page.rules_title.text() == "No rule is about this port."
    assert page.rules.isHidden()


def test_the_state_of_the_firewall_and_of_each_profile_is_told(
    bench: DetailsBench, page: FirewallPage, listening: Listening
) -> None:
    bench.firewall.status = replace(
        ON,
        manager="windows",
        summary="Windows Defender Firewall is on.",
        profiles=(
            ProfileState("domain", is_active=False, counts_local_rules=False),
            ProfileState("private", is_active=False, is_on=False),
            ProfileState("public", is_active=True, blocks_all_inbound=True, notes=("By policy.",)),
        ),
    )
    choose(bench, listening(80))
    assert page.facts.text_of("summary") == "Windows Defender Firewall is on."
    lines = page.facts.text_of("profiles").splitlines()
    assert lines[0].startswith("Public (active): on, blocks everything that comes in")
    assert lines[0].endswith("By policy.")
    assert lines[1] == "Domain: on, blocks what no rule allows; only rules of Group Policy count"
    assert lines[2] == "Private: off, everything gets in"
    assert page.facts._fields["profiles"].toPlainText() == "\n".join(lines)


def test_a_firewall_that_may_not_be_read_says_what_to_run(
    bench: DetailsBench, page: FirewallPage, listening: Listening
) -> None:
    bench.firewall.status = FirewallStatus(
        "nftables",
        None,
        "nftables may be filtering.",
        problem="Reading the rules needs root.",
        hint="Run: sudo portview",
    )
    bench.firewall.otherwise = answer(FirewallVerdict.UNKNOWN, reason="The rules can't be read.")
    choose(bench, listening(80))
    assert page.headline.text.splitlines() == [
        "What the firewall does to TCP port 80 can't be determined",
        "The rules can't be read.",
        "Run: sudo portview",
    ]
    assert page.rules_title.text() == "The rules could not be read."
    assert page.facts.text_of("problem") == "Reading the rules needs root."


@pytest.mark.parametrize(
    ("state", "address", "words", "why_not"),
    [
        (State.ESTABLISHED, "10.0.0.1", "This is a connection", "This is a connection"),
        (State.BOUND, "0.0.0.0", "Nothing listens on TCP port 80", "Nothing listens here"),  # noqa: S104
        (State.LISTEN, "127.0.0.1", "Only this machine reaches TCP port 80", "No rule changes"),
    ],
)
def test_what_no_client_comes_to_is_not_asked_about_and_says_why(
    bench: DetailsBench,
    page: FirewallPage,
    listening: Listening,
    state: State,
    address: str,
    words: str,
    why_not: str,
) -> None:
    row = listening(80, state, address=address)
    if state is State.ESTABLISHED:
        row = row._replace(key=row.key._replace(remote=Endpoint("10.0.0.9", 443)))
    choose(bench, row)
    assert words in page.headline.text
    assert bench.firewall.asked == []
    assert page.rules.isHidden()
    assert not page.allow_button.isEnabled()
    assert why_not in page.allow_button.toolTip()


def test_hostile_rules_are_shown_inert_and_copied_whole(
    bench: DetailsBench, page: FirewallPage, listening: Listening
) -> None:
    endless = HOSTILE + "x" * 32_000
    hostile = replace(
        rule(endless, RuleEffect.BLOCK, endless), source=HOSTILE, conditions=(HOSTILE,)
    )
    bench.firewall.answers[80] = answer(
        FirewallVerdict.BLOCKED, hostile, reason=endless, next_step=HOSTILE
    )
    bench.firewall.status = replace(ON, summary=HOSTILE, problem=HOSTILE, hint=HOSTILE)
    choose(bench, listening(80))
    shown = [page.rules.item(0, column).text() for column in range(7)]
    for text in (*shown[1:2], *shown[4:], page.headline.text):
        assert "<b>bold</b>\\u{202E}gpj\u240a\u2400" in text
    assert max(map(len, shown)) <= 500
    assert "<b>" not in page.rules.item(0, 1).toolTip()
    assert page.rules.rowHeight(0) < 60
    tooltip = str(cell(bench, 0, Qt.ItemDataRole.ToolTipRole))
    assert "<b>bold" not in tooltip
    assert "&lt;b&gt;bold" in tooltip
    page.rules.selectAll()
    bench.qtbot.keyClick(page.rules, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text()
    assert copied.count("x" * 32_000) == 2


def test_what_was_dropped_lately_is_told_or_why_it_is_not(
    bench: DetailsBench, page: FirewallPage, listening: Listening
) -> None:
    bench.firewall.drops = [
        DroppedPacket("2026-01-31 13:45:07", "tcp", "192.0.2.9", "192.0.2.1", 80, 51_000),
        DroppedPacket(HOSTILE, "tcp", "<i>", HOSTILE, 80),
        *[DroppedPacket("later", "tcp", "192.0.2.9", "192.0.2.1", 81) for _ in range(30)],
    ]

    def notified(port: int, count: int) -> list[str]:
        choose(bench, listening(port))
        bench.show(snapshot([listening(port)]))
        bench.qtbot.waitUntil(lambda: len(page._drops.lines) == count)
        return page.facts._fields["drops"].toPlainText().split("\n")

    first, second = notified(80, 2)
    assert first == "2026-01-31 13:45:07  from 192.0.2.9 port 51000 to 192.0.2.1"
    assert second.startswith("<b>bold</b>\\u{202E}gpj")
    assert notified(81, 21)[20] == "and 10 more"
    assert notified(82, 1) == ["The log has no dropped packet for this port."]
    bench.firewall.drops_error = PortViewError("denied", "It may not be read.", "Run: sudo x")
    assert notified(83, 2) == ["It may not be read.", "Run: sudo x"]
    asked = len(bench.firewall.drops_asked)
    bench.show(snapshot([listening(83)]))
    choose(bench, listening(84, address="127.0.0.1"))
    assert page._drops.lines == ()
    assert len(bench.firewall.drops_asked) == asked


def test_the_column_says_it_in_a_word_with_an_icon_of_its_own(
    bench: DetailsBench, listening: Listening
) -> None:
    verdicts = {
        80: BLOCKED,
        81: ALLOWED,
        82: answer(FirewallVerdict.PARTLY),
        83: answer(FirewallVerdict.UNKNOWN, reason="It depends.", next_step="Look there."),
    }
    bench.firewall.answers.update(verdicts)
    rows = [*map(listening, verdicts), listening(84, address="::1"), listening(85, State.BOUND)]
    bench.show(snapshot(rows))
    bench.qtbot.waitUntil(lambda: len(bench.verdicts.answers) == 4)
    numbers = range(6)
    words = [cell(bench, n, Qt.ItemDataRole.DisplayRole) for n in numbers]
    assert words == ["Blocked", "Allowed", "Partly allowed", "Unknown", "Loopback", ""]
    icons = [cell(bench, n, Qt.ItemDataRole.DecorationRole) for n in numbers]
    pictures = [bytes(one.pixmap(16).toImage().bits()) for one in icons[:5]]
    assert len(set(pictures)) == 5
    assert icons[5] is None
    assert "It depends.<br>Look there." in str(cell(bench, 3, Qt.ItemDataRole.ToolTipRole))
    spoken = cell(bench, 0, Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Firewall Blocked"


def test_rows_out_of_sight_are_not_asked_about_unless_the_table_is_sorted_by_it(
    bench: DetailsBench, listening: Listening
) -> None:
    bench.firewall.answers[299] = BLOCKED
    rows = [listening(port) for port in range(100, 300)]
    bench.show(snapshot(rows))
    bench.qtbot.waitUntil(lambda: len(bench.verdicts.answers) > 3)
    assert 299 not in {question.port for question in bench.firewall.asked}
    bench.table.sortByColumn(FIREWALL, Qt.SortOrder.DescendingOrder)
    bench.show(snapshot(rows))
    bench.qtbot.waitUntil(lambda: len(bench.verdicts.answers) == 200)
    bench.model.pass_time()
    assert bench.model.entry_at(0).row.local.port == 299


def test_nothing_is_asked_while_neither_column_nor_tab_is_shown(
    bench: DetailsBench, listening: Listening
) -> None:
    bench.columns.set_visible("firewall", is_visible=False)
    choose(bench, listening(80))
    bench.show(snapshot([listening(80)]))
    bench.qtbot.waitUntil(lambda: not bench.verdicts.is_asking)
    assert bench.firewall.reads == 0
    bench.details.pane.tabs.setCurrentIndex(3)
    bench.qtbot.waitUntil(lambda: bench.firewall.reads == 1)
    bench.qtbot.waitUntil(lambda: "lets other machines in" in bench.firewall_page.headline.text)
    bench.details.set_open(False)
    for _ in range(3):
        bench.show(snapshot([listening(80)]))
    bench.qtbot.waitUntil(lambda: not bench.verdicts.is_asking)
    assert len(bench.firewall.asked) == 1


def test_what_is_wanted_is_told_with_the_row(
    bench: DetailsBench, page: FirewallPage, listening: Listening
) -> None:
    row = listening(80)
    choose(bench, row)
    wanted: list[object] = []
    bench.details.allow_wanted.connect(lambda entry: wanted.append(("allow", entry.row)))
    bench.details.block_wanted.connect(lambda entry: wanted.append(("block", entry.row)))
    bench.details.managed_rules_requested.connect(lambda: wanted.append("list"))
    for button in (page.allow_button, page.block_button, page.managed_button):
        bench.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert wanted == [("allow", row), ("block", row), "list"]
