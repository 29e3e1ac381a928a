"""What can be done with rows: copied, filtered by, opened; and why not, where it can't."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.scope import Scope
from portview.ui.commands.row_actions import RowAction, Section, Target
from portview.ui.confirm.action_dialog import ActionDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.table.row_selection import RowSelection
    from portview.ui.window.main_window import MainWindow

ROOT = Path(__file__).resolve().parents[4]


def select(window: MainWindow, *ports: int) -> None:
    """Select the rows with these local ports, the last one current."""
    window.set_scope(Scope.ALL)
    window.table.clearSelection()
    for entry in window.model.shown_entries:
        if entry.row.local.port in ports:
            number = window.model.row_number(entry.row.key)
            assert number is not None
            index = window.model.index(number, 0)
            flags = window.table.selectionModel().SelectionFlag
            window.table.selectionModel().setCurrentIndex(index, flags.Select | flags.Rows)


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def test_ctrl_c_copies_the_selected_rows_with_the_shown_columns(
    window: MainWindow, qtbot: QtBot
) -> None:
    select(window, 22, 8080)
    window.table.setFocus()
    qtbot.keyClick(window.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = clipboard().splitlines()
    assert [line.split("\t")[:6] for line in lines] == [
        ["22", "", "<b>sh & co</b>", "100", "TCP", "127.0.0.1"],
        ["8080", "", "node", "1234", "TCP", "127.0.0.1"],
    ]
    csv = QGuiApplication.clipboard().mimeData().data("text/csv").data().decode()
    assert csv.startswith("Port,What,Process,PID,Protocol,Local address,")
    assert "Copied 2 rows" in window.status.currentMessage()


def test_ctrl_c_in_the_filter_copies_its_text_and_not_the_rows(
    window: MainWindow, qtbot: QtBot
) -> None:
    select(window, 22)
    window.filter_box.setText("port:22")
    window.filter_box.apply_now()
    window.filter_box.setFocus()
    window.filter_box.selectAll()
    qtbot.keyClick(window.filter_box, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == "port:22"


def test_a_cell_and_other_forms_are_copied(window: MainWindow) -> None:
    select(window, 8080)
    window.acts["copy_cell"].trigger()
    assert clipboard() == "node"
    window.acts["copy_json"].trigger()
    assert [each["local_port"] for each in json.loads(clipboard())] == [8080]
    window.acts["copy_markdown"].trigger()
    assert clipboard().splitlines()[2].startswith("| 8080 |  | node | 1234 |")
    window.acts["copy_csv"].trigger()
    assert (
        "\r\n8080,,node,1234,TCP,"
        in QGuiApplication.clipboard().mimeData().data("text/csv").data().decode()
    )


def test_hostile_names_are_copied_unchanged(
    window: MainWindow, show: Callable[..., None], make_socket: Callable[..., SocketRow]
) -> None:
    name = 'a\u202eb\n\t"q" 漢字 \U0001f600 <i>' + "x" * 32_000
    owner = ProcessInfo(ProcessKey(7, 7), name=name)
    show(make_socket(7, owner), processes={owner.key: owner})
    select(window, 7)
    window.acts["copy_cell"].trigger()
    assert clipboard() == name


def test_a_menu_says_why_an_act_cannot_work(window: MainWindow) -> None:
    select(window, 53)
    menu = QMenu(window)
    window.row_actions.fill(menu)
    menu.aboutToShow.emit()
    action = window.acts["open_in_browser"]
    assert not action.isEnabled()
    assert "UDP" in action.toolTip()
    assert menu.toolTipsVisible()
    assert "&lt;" not in window.acts["filter_by_proc"].text()
    menu.aboutToHide.emit()
    assert action.isEnabled()
    action.trigger()
    assert "UDP" in window.status.currentMessage()


def test_nothing_selected_is_a_reason_too(window: MainWindow) -> None:
    window.table.clearSelection()
    window.acts["copy_rows"].trigger()
    assert window.status.currentMessage() == "Select a socket first."


def test_an_act_for_one_process_takes_all_its_sockets_and_no_others(window: MainWindow) -> None:
    asked: list[RowSelection] = []
    window.row_actions.add(
        RowAction("probe", "Probe", Section.OWNER, asked.append, target=Target.ONE_PROCESS)
    )
    select(window, 8080, 3000)
    window.acts["probe"].trigger()
    assert [entry.row.local.port for entry in asked[0].entries] == [3000, 8080]
    select(window, 8080, 22)
    window.acts["probe"].trigger()
    assert window.status.currentMessage() == "This works on one process at a time."
    select(window, 445)
    window.acts["probe"].trigger()
    assert window.status.currentMessage() == "The process that holds this socket is not known."
    assert len(asked) == 1


def test_the_rows_stand_still_while_their_menu_is_open(
    window: MainWindow, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    select(window, 8080)
    shown: list[int] = []

    def look() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        show(*rows[3:])
        shown.append(window.model.rowCount())
        menu.close()

    QTimer.singleShot(0, look)
    window.table.open_menu(window.mapToGlobal(QPoint(50, 50)))
    assert shown == [len(rows)]


def test_filtering_by_a_row_adds_to_the_filter(window: MainWindow) -> None:
    window.filter_box.set_query_text("node OR dnsmasq")
    select(window, 8080, 3000)
    window.acts["filter_by_port"].trigger()
    assert window.filter_box.text() == "(node OR dnsmasq) port:3000,8080"
    assert window.model.rowCount() == 2
    window.filter_box.set_query_text("")
    select(window, 22)
    window.acts["leave_out_proc"].trigger()
    assert window.filter_box.text() == '-proc:"<b>sh & co</b>"'
    assert window.filter_box.mistake is None


def test_a_titles_machine_text_underlines_nothing(window: MainWindow) -> None:
    select(window, 22)
    window.row_actions.refresh()
    assert window.acts["filter_by_proc"].text() == "P&rocess: <b>sh && co</b>"


def test_going_to_the_parent_leads_out_of_scope_and_filter(window: MainWindow) -> None:
    window.set_scope(Scope.CONNECTIONS)
    window.filter_box.set_query_text("port:51000")
    window.table.selectRow(0)
    window.acts["go_to_parent"].trigger()
    assert window.scope is Scope.LISTENING
    assert window.filter_box.text() == ""
    assert window.views.selection().first.row.local.port == 22
    assert "filter" in window.status.currentMessage()
    window.acts["go_to_parent"].trigger()
    assert window.status.currentMessage() == "The parent, PID 1, has no socket."


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take what would be opened on the desktop."""
    urls: list[str] = []

    def take(url: QUrl) -> bool:
        urls.append(url.toString())
        return len(urls) < 3

    monkeypatch.setattr(QDesktopServices, "openUrl", take)
    return urls


def test_a_listener_is_opened_in_the_browser(window: MainWindow, opened: list[str]) -> None:
    for port in (3000, 8443, 8080):
        select(window, port)
        window.acts["open_in_browser"].trigger()
    assert opened == ["http://localhost:3000/", "https://[::1]:8443/", "http://127.0.0.1:8080/"]
    assert "could not open a browser" in window.status.currentMessage()


def test_the_folder_of_the_program_is_opened(
    window: MainWindow,
    qtbot: QtBot,
    opened: list[str],
    show: Callable[..., None],
    make_socket: Callable[..., SocketRow],
) -> None:
    owner = ProcessInfo(ProcessKey(7, 7), name="python", executable=sys.executable)
    show(make_socket(7, owner), processes={owner.key: owner})
    select(window, 7)
    window.acts["open_file_location"].trigger()
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == [QUrl.fromLocalFile(str(Path(sys.executable).parent)).toString()]


def test_an_unknown_file_is_a_reason(window: MainWindow) -> None:
    select(window, 53)
    window.acts["open_file_location"].trigger()
    assert "not known" in window.status.currentMessage()


def test_a_program_that_copied_something_ends_well() -> None:
    """Qt deletes what is on the clipboard after Python has gone."""
    code = (
        "from PySide6.QtWidgets import QApplication; "
        "from portview.ui.commands.copy_actions import _put; "
        "application = QApplication([]); _put('text', 'a,b')"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, timeout=60)
    assert done.returncode == 0


def menus_below(menu: QMenu) -> list[QMenu]:
    below = [each for action in menu.actions() if isinstance(each := action.menu(), QMenu)]
    return [menu, *(deeper for each in below for deeper in menus_below(each))]


def test_the_menu_of_a_row_is_short_and_every_act_is_in_it_once(window: MainWindow) -> None:
    menu = QMenu(window)
    window.row_actions.fill(menu)
    shown = [action for action in menu.actions() if not action.isSeparator()]
    assert len(shown) <= 12
    names = [
        action.objectName()
        for each in menus_below(menu)
        for action in each.actions()
        if action.objectName()
    ]
    assert sorted(names) == sorted(
        row_action.name for row_action, _action in window.row_actions._made
    )
    menu.aboutToShow.emit()
    assert all(not action.icon().isNull() for action in shown)
    menu.aboutToHide.emit()


def test_no_two_entries_of_a_menu_answer_to_one_letter(window: MainWindow) -> None:
    letters: dict[str, list[str]] = {}
    for top in window.menuBar().actions():
        menu = top.menu()
        assert isinstance(menu, QMenu)
        for each in menus_below(menu):
            each.aboutToShow.emit()
            for action in each.actions():
                found = re.search(r"&([^&])", action.text().replace("&&", ""))
                if found:
                    place = f"{each.title()} &{found[1].lower()}"
                    letters.setdefault(place, []).append(action.text())
            each.aboutToHide.emit()
    assert {place: texts for place, texts in letters.items() if len(texts) > 1} == {}


def test_the_bar_offers_what_fits_the_row_and_says_why_it_cannot(
    window: MainWindow, show: Callable[..., None], rows: tuple[SocketRow, ...]
) -> None:
    select(window, 8080)
    bar = window.action_bar
    assert list(bar.buttons)[:3] == ["free_port", "test", "why_port"]
    assert bar.buttons["free_port"].is_primary
    assert bar.first == "free_port"
    select(window, 53)
    assert not bar.buttons["open_in_browser"].isEnabled()
    assert "UDP" in bar.buttons["open_in_browser"].toolTip()
    select(window, 51000)
    assert "free_port" not in bar.buttons
    assert "close_connection" in bar.buttons
    assert bar.first == "test"
    window.model.set_highlight(0)
    show(*(row for row in rows if row.local.port != 51000))
    assert "closed" in window.details.pane.heading
    assert not any(button.isEnabled() for button in bar.buttons.values())
    assert bar.first == ""


def test_what_does_not_fit_beside_the_name_is_in_a_menu(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(560, 500)
    select(window, 8080)
    bar = window.action_bar
    qtbot.waitUntil(lambda: not bar._more.isHidden())
    bar._menu.aboutToShow.emit()
    hidden = [button.text() for button in bar.buttons.values() if button.isHidden()]
    assert hidden
    assert [action.text() for action in bar._menu.actions()] == hidden


def test_enter_and_a_double_click_ask_for_the_first_action(
    window: MainWindow, qtbot: QtBot
) -> None:
    select(window, 8080)
    window.table.setFocus()
    qtbot.keyClick(window.table, Qt.Key.Key_Return)
    dialog = window.findChild(ActionDialog)
    assert dialog is not None
    assert dialog.windowTitle() == "Free port 8080"
    dialog.reject()
