"""The pane about the chosen row, on real processes and on texts that mean no good."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QToolButton

from portview.domain.facts import Known
from portview.domain.owners.http_sys import HttpPortUse, HttpRegistration, Registrant
from portview.domain.owners.process import Execution, ProcessInfo, ProcessKey
from portview.domain.owners.process_details import (
    ChainEnd,
    NamedService,
    OwnerDetails,
    OwnerQuestion,
    ParentChain,
    ProcessUsage,
)
from portview.domain.sockets.scope import Scope
from portview.domain.sockets.snapshot import Snapshot
from portview.domain.sockets.socket_row import OwnerProblem, State
from portview.settings import Settings
from portview.ui.details.details_page import DetailsPage, Subject
from portview.ui.widgets.plain_field import LONGEST_SHOWN
from tests.factories import row, snapshot
from tests.fakes.snapshots import FakeReader

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    import pytest
    from pytestqt.qtbot import QtBot

    from portview.app import RunningWindow
    from portview.domain.sockets.socket_row import SocketRow
    from tests.gui.conftest import DetailsBench

    Child = subprocess.Popen[str]

HOSTILE = "<b>bold</b>\u202egpj.exe\n\x00 \ud800"
OWNER = ProcessKey(1, 5)


def of_owner(rows: list[SocketRow], **facts: object) -> Snapshot:
    return Snapshot(tuple(rows), {OWNER: ProcessInfo(OWNER, **facts)})


def press(bench: DetailsBench, name: str) -> None:
    (button,) = [
        each for each in bench.owner.findChildren(QToolButton) if each.accessibleName() == name
    ]
    bench.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def key_of_port(opened: RunningWindow, port: int):  # noqa: ANN201 - a key or None
    for entry in opened.window.model.shown_entries:
        if entry.row.local.port == port:
            return entry.row.key
    return None


def test_a_real_process_is_described_and_stays_when_it_has_ended(
    qtbot: QtBot,
    open_window: Callable[..., RunningWindow],
    child_listener: Callable[[], tuple[Child, int]],
) -> None:
    child, port = child_listener()
    opened = open_window()
    qtbot.waitUntil(lambda: key_of_port(opened, port) is not None, timeout=15_000)
    window = opened.window
    key = key_of_port(opened, port)
    assert window.details.pane.front_page is None
    assert window.table.select_key(key)
    page = window.details.pane.front_page
    facts = page.facts
    qtbot.waitUntil(lambda: "of memory" in facts.text_of("usage"), timeout=15_000)
    qtbot.waitUntil(lambda: "processor core" in facts.text_of("usage"), timeout=15_000)
    assert str(child.pid) in facts.text_of("process")
    assert f"({os.getpid()})" in facts.text_of("chain")
    assert "python" in Path(facts.text_of("executable")).name.lower()
    assert "create_server" in facts.text_of("command_line")
    assert facts.text_of("started").endswith(" ago")
    assert facts.text_of("note") == ""
    qtbot.waitUntil(lambda: "When it ends, " in facts.text_of("why"), timeout=15_000)
    assert [entry.row.key for entry in page.sockets.model.shown_entries] == [key]
    assert str(port) in window.details.pane.heading
    child.communicate()
    qtbot.waitUntil(lambda: "has ended" in facts.text_of("note"), timeout=15_000)
    qtbot.waitUntil(lambda: key_of_port(opened, port) is None, timeout=15_000)
    assert window.details.chosen.subject.entry.row.key == key
    assert "create_server" in facts.text_of("command_line")
    assert facts.text_of("usage") == ""


def test_before_anything_is_chosen_the_pane_says_what_to_do(bench: DetailsBench) -> None:
    bench.show(snapshot([row(80)]))
    assert bench.details.pane.front_page is None
    assert bench.details.pane._notice.isVisible()
    assert bench.asked == []
    bench.choose(row(80).key)
    assert bench.details.pane.front_page is bench.owner
    assert not bench.details.pane._notice.isVisible()


def test_hostile_text_is_shown_inert_and_copied_unchanged(bench: DetailsBench) -> None:
    endless = "x" * 32_000
    taken = of_owner(
        [row(80)], name=HOSTILE, executable=HOSTILE, user=HOSTILE, command_line=(HOSTILE, endless)
    )
    bench.show(taken)
    bench.choose(row(80).key)
    shown = bench.fact("command_line")
    assert shown.startswith("<b>bold</b>\\u{202E}gpj.exe\u240a\u2400 \\u{D800} xxx")
    assert len(shown) == LONGEST_SHOWN
    assert shown.endswith("\u2026")
    for text in (bench.fact("process"), bench.fact("user"), bench.details.pane.heading):
        assert "<b>bold</b>\\u{202E}gpj.exe" in text
    assert bench.owner.facts._fields["command_line"].height() < 120
    told: list[str] = []
    bench.details.notified.connect(told.append)
    press(bench, "Copy the command line")
    copied = QGuiApplication.clipboard().text()
    # Qt's clipboard is UTF-8: it takes everything but the lone surrogate.
    assert copied.replace("\ud800", "") == f"{HOSTILE} {endless}".replace("\ud800", "")
    press(bench, "Copy the path of the executable")
    assert QGuiApplication.clipboard().text().startswith(HOSTILE[:-1])
    assert len(told) == 2


def test_what_the_reader_knows_is_told_in_words(bench: DetailsBench) -> None:
    parents = (ProcessInfo(ProcessKey(7, 1), "bash"),)
    usages = [ProcessUsage(1000.0, 85_000_000, 0.0), ProcessUsage(1500.0, 86_000_000, 1000.0)]

    def answer(question: OwnerQuestion) -> OwnerDetails:
        return OwnerDetails(
            question,
            is_running=True,
            chain=ParentChain(parents, ChainEnd.PARENT_GONE, 3),
            services=Known((NamedService("Dnscache", "DNS Client"), NamedService("x", "x"))),
            usage=usages[min(len(bench.asked), 2) - 1],
        )

    bench.answer = answer
    bench.show(of_owner([row(80)], name="app"))
    bench.choose(row(80).key)
    bench.qtbot.waitUntil(lambda: bench.fact("usage") == "85.0 MB of memory")
    assert bench.fact("chain") == "bash (7) \u2190 PID 3, which has ended"
    assert bench.fact("services") == "DNS Client (Dnscache), x"
    assert bench.fact("holders") == ""
    bench.show(of_owner([row(80)], name="app"))
    bench.qtbot.waitUntil(
        lambda: bench.fact("usage") == "50 % of one processor core, 86.0 MB of memory"
    )


def test_an_unknown_owner_is_explained_with_its_likely_holders(bench: DetailsBench) -> None:
    holder = ProcessKey(os.getpid(), 1)
    orphan = row(80)._replace(
        key=row(80).key._replace(owner=None),
        pid=99,
        owner_problem=OwnerProblem.PROCESS_GONE,
        likely_holders=(holder,),
    )
    bench.answer = lambda question: OwnerDetails(question, holders=(ProcessInfo(holder, "worker"),))
    bench.show(Snapshot((orphan,)))
    bench.choose(orphan.key)
    bench.qtbot.waitUntil(lambda: bench.fact("holders") == f"worker ({os.getpid()})")
    assert "PID 99" in bench.fact("note")
    assert bench.fact("process") == ""
    assert bench.asked == [OwnerQuestion(None, (holder,))]


def test_a_suspended_process_is_told_as_such(bench: DetailsBench) -> None:
    executions = [Execution.SUSPENDED, Execution.RUNNING]
    bench.answer = lambda question: OwnerDetails(
        question, is_running=True, execution=executions[min(len(bench.asked), 2) - 1]
    )
    bench.show(snapshot([row(80)]))
    bench.choose(row(80).key)
    bench.qtbot.waitUntil(lambda: "Suspended" in bench.fact("note"))
    bench.show(snapshot([row(80)]))
    bench.qtbot.waitUntil(lambda: bench.fact("note") == "")


def test_a_port_of_the_windows_kernel_is_told_with_who_registered_it(
    bench: DetailsBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_kernel = "portview.ui.details.owner_page.may_be_http_sys"
    monkeypatch.setattr(is_kernel, lambda row, _platform: row.pid == 4)
    kernel = row(80, pid=4)
    registration = HttpRegistration("HTTP://+:80/", 80, (8,))
    bench.http_answer = lambda port: HttpPortUse(port, (registration,), (Registrant(8),))
    bench.show(snapshot([kernel, row(81)]))
    bench.choose(kernel.key)
    bench.qtbot.waitUntil(
        lambda: bench.fact("http") == "http.sys serves HTTP://+:80/ for a process (PID 8)."
    )
    bench.show(snapshot([kernel, row(81)]))
    bench.choose(row(81).key)
    assert bench.fact("http") == ""
    # netsh is slow: it is asked once per row, not with every tick.
    assert bench.http_asked == [80]


def test_a_late_answer_about_another_row_is_not_shown(bench: DetailsBench) -> None:
    bench.answer = lambda question: OwnerDetails(
        question,
        is_running=True,
        chain=ParentChain((ProcessInfo(ProcessKey(question.owner.pid * 10, 1), "parent"),)),
    )
    bench.show(snapshot([row(80, pid=1), row(81, pid=2)]))
    bench.choose(row(80, pid=1).key)
    bench.choose(row(81, pid=2).key)
    bench.qtbot.waitUntil(lambda: bench.fact("chain") == "parent (20)")
    assert bench.details.pane.heading.startswith("p2")


def test_the_chosen_row_stays_the_subject_when_it_goes(bench: DetailsBench) -> None:
    bench.model.set_highlight(0)
    bench.show(snapshot([row(80), row(81), row(82)]))
    bench.choose(row(81).key)
    bench.show(snapshot([row(80), row(82)]))
    assert bench.table.current_key() != row(81).key
    assert bench.details.chosen.subject.entry.row.key == row(81).key
    assert "socket has closed" in bench.fact("note")
    other = row(82).key if bench.table.current_key() == row(80).key else row(80).key
    bench.choose(other)
    assert bench.details.chosen.subject.entry.row.key == other
    assert bench.fact("note") == ""


def test_a_click_chooses_a_row(bench: DetailsBench) -> None:
    bench.show(snapshot([row(80), row(81)]))
    place = bench.table.visualRect(bench.model.index(1, 1)).center()
    bench.qtbot.mouseClick(bench.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert bench.details.chosen.subject.entry.row.key == row(81).key


def test_the_state_of_the_row_follows_the_machine(bench: DetailsBench) -> None:
    bench.show(snapshot([row(80)]))
    bench.choose(row(80).key)
    assert bench.details.pane.heading.endswith("LISTEN")
    bench.show(snapshot([row(80, State.CLOSED)]))
    assert bench.details.pane.heading.endswith("CLOSED")


def test_all_sockets_of_the_process_are_listed(bench: DetailsBench) -> None:
    mine = [row(port) for port in (90, 80, 85)]
    bench.show(snapshot([*mine, row(81, pid=2)]))
    bench.choose(row(80).key)
    listed = bench.owner.sockets
    assert [entry.row.local.port for entry in listed.model.shown_entries] == [80, 85, 90]
    assert listed.title.text() == "3 sockets of this process"
    bench.show(snapshot([row(80), row(81, pid=2)]))
    assert listed.title.text() == "1 socket of this process"
    assert listed.model.rowCount() == 1
    chosen: list[object] = []
    bench.details.socket_chosen.connect(chosen.append)
    place = listed.table.visualRect(listed.model.index(0, 4)).center()
    viewport = listed.table.viewport()
    bench.qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    bench.qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [row(80).key]
    bench.qtbot.keyClick(listed.table, Qt.Key.Key_Return)
    assert chosen == [row(80).key] * 2
    bench.choose(row(81, pid=2).key)
    assert [entry.row.local.port for entry in listed.model.shown_entries] == [81]


def test_a_socket_chosen_in_the_pane_is_selected_wherever_it_is(
    qtbot: QtBot, open_window: Callable[..., RunningWindow]
) -> None:
    reader = FakeReader()
    connection = row(5000, State.ESTABLISHED)
    reader.snapshot = snapshot([row(80), row(81), connection])
    window = open_window(reader=reader).window
    qtbot.waitUntil(lambda: window.model.rowCount() == 2)
    window.filter_box.set_query_text("port:80")
    window.navigation.reveal(row(81).key)
    assert window.table.current_key() == row(81).key
    assert window.filter_box.text() == ""
    window.navigation.reveal(connection.key)
    assert window.scope is Scope.CONNECTIONS
    assert window.table.current_key() == connection.key
    window.navigation.reveal(row(9).key)
    assert window.table.current_key() == connection.key


def test_a_closed_pane_asks_nothing(bench: DetailsBench) -> None:
    bench.show(snapshot([row(80)]))
    bench.details.set_open(False)
    bench.choose(row(80).key)
    bench.show(snapshot([row(80)]))
    assert bench.asked == []
    bench.details.set_open(True)
    bench.qtbot.waitUntil(lambda: len(bench.asked) == 1)
    assert bench.details.pane.heading.endswith("LISTEN")


def test_enter_and_a_double_click_open_the_pane(bench: DetailsBench) -> None:
    bench.show(snapshot([row(80)]))
    bench.choose(row(80).key)
    opened: list[bool] = []
    bench.details.open_changed.connect(opened.append)
    bench.details.pane._close.click()
    assert not bench.details.pane.isVisible()
    bench.qtbot.keyClick(bench.table, Qt.Key.Key_Return)
    assert bench.details.pane.isVisible()
    bench.details.pane._close.click()
    place = bench.table.visualRect(bench.model.index(0, 1)).center()
    bench.qtbot.mouseClick(bench.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    bench.qtbot.mouseDClick(bench.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened == [False, True, False, True]


def test_f4_toggles_and_the_window_remembers(
    qtbot: QtBot, open_window: Callable[..., RunningWindow], tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "details.json")
    first = open_window(settings, FakeReader()).window
    assert first.details.is_open
    assert first.acts["details"].isChecked()
    qtbot.waitUntil(lambda: first.details.sizes()[1] > 0)
    first.details.setSizes([first.details.height() - 300, 300])
    height = first.details.sizes()[1]
    assert height > 250
    first.acts["details"].trigger()
    assert not first.details.is_open
    first.close()
    assert settings.get("details_open", bool, default=True) is False
    assert settings.get("details_height", int, 0) == height
    second = open_window(settings, FakeReader()).window
    assert not second.details.is_open
    assert not second.acts["details"].isChecked()
    second.acts["details"].trigger()
    qtbot.waitUntil(lambda: abs(second.details.sizes()[1] - height) <= 2)


def test_damaged_settings_give_the_first_height(bench: DetailsBench, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "details.json")
    settings.set("details_height", 10**9)
    settings.set("details_open", "yes")
    bench.details.restore(settings)
    assert bench.details.is_open
    assert 80 <= bench.details.sizes()[1] < 500


class OtherPage(DetailsPage):
    """A tab as later issues will add them."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[Subject] = []
        self.shown: list[Subject] = []

    def note(self, subject: Subject) -> None:
        self.noted.append(subject)

    def show_subject(self, subject: Subject) -> None:
        self.shown.append(subject)


def test_a_further_tab_is_told_only_while_it_is_in_front(bench: DetailsBench) -> None:
    page = OtherPage()
    bench.details.pane.add_page("Other", lambda: page)
    bench.show(snapshot([row(80)]))
    bench.choose(row(80).key)
    assert (len(page.noted), len(page.shown)) == (1, 0)
    bench.details.pane.tabs.setCurrentIndex(bench.details.pane.tabs.count() - 1)
    assert len(page.shown) == 1
    assert page.isVisible()
    bench.qtbot.waitUntil(lambda: len(bench.asked) == 1)
    bench.qtbot.waitUntil(lambda: not bench.owner._inquiry.is_asking)
    bench.show(snapshot([row(80)]))
    assert len(page.shown) == 2
    assert not bench.owner._inquiry.is_asking


def test_the_folder_of_the_program_is_opened_and_never_the_program(
    bench: DetailsBench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return len(opened) == 1

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    told: list[str] = []
    bench.details.notified.connect(told.append)
    program = tmp_path / "app.exe"
    program.write_bytes(b"")
    bench.show(of_owner([row(80)], name="app", executable=str(program)))
    bench.choose(row(80).key)
    press(bench, "Open the folder of the executable")
    bench.qtbot.waitUntil(lambda: len(opened) == 1)
    assert Path(opened[0].toLocalFile()) == tmp_path
    press(bench, "Open the folder of the executable")
    bench.qtbot.waitUntil(lambda: told == ["No program for opening folders was found."])
    inside = str(program / "not_a_folder" / "x")
    bench.show(of_owner([row(80)], name="app", executable=inside))
    press(bench, "Open the folder of the executable")
    bench.qtbot.waitUntil(lambda: len(told) == 2)
    assert "not there" in told[1]
    assert len(opened) == 2
