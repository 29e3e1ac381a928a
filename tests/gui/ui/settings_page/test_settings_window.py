"""The settings page: found by words, in force at once, remembered, and back to the default."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QMessageBox

from portview.app import follow_settings
from portview.log import start_logging
from portview.preferences import DEFAULTS
from portview.ui.commands.palette import menu_commands
from portview.ui.settings_page.setting_row import SettingRow, ValueRow
from portview.ui.style.theme import Theme, apply_theme
from portview.watch.history.schema import HISTORY
from portview.watch.store.database import open_store, store_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from portview.settings import Settings
    from portview.ui.settings_page.settings_window import SettingsWindow
    from portview.ui.window.main_window import MainWindow


@pytest.fixture
def page(window: MainWindow, qtbot: QtBot) -> Iterator[SettingsWindow]:
    """Give the settings, opened with their key."""
    window.activateWindow()
    qtbot.waitActive(window)
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    made = window.settings_page.settings_window
    qtbot.waitUntil(made.isVisible)
    yield made
    apply_theme(Theme.SYSTEM)


def row_of(page: SettingsWindow, title: str) -> ValueRow:
    row = page.row(title)
    assert isinstance(row, ValueRow)
    return row


def choose(row: ValueRow, value: object) -> None:
    if isinstance(row.control, QComboBox):
        place = row.control.findData(value)
        assert place >= 0
        row.control.setCurrentIndex(place)
        row.control.activated.emit(place)
    else:
        row.control.setChecked(bool(value))


def shown(page: SettingsWindow) -> list[str]:
    return [row.text.title for row in page.rows if not row.isHidden()]


def saved(tmp_path: Path) -> dict[str, object]:
    values: dict[str, object] = json.loads((tmp_path / "settings.json").read_text())
    return values


def test_it_is_in_the_menu_and_so_in_the_palette(window: MainWindow) -> None:
    commands = {command.title for command in menu_commands(window.menuBar().actions())}
    assert "File \u203a Settings" in commands


def test_the_search_finds_by_title_explanation_section_and_other_words(
    page: SettingsWindow,
) -> None:
    every = len(shown(page))
    assert every >= 25
    assert page.search.hasFocus()
    for text, found in (
        ("dark", "Theme"),
        ("中文", "Language"),
        ("history older", "Keep history for"),
        ("debug", "What is logged"),
        ("privacy", "Record remote addresses"),
    ):
        page.search.setText(text)
        assert found in shown(page)
        assert len(shown(page)) < every
    page.search.setText("no such words")
    assert shown(page) == []
    assert page.nothing.isVisible()
    QTest.keyClick(page.search, Qt.Key.Key_Escape)
    assert len(shown(page)) == every
    assert page.isVisible()


def test_every_line_explains_itself_and_its_control_has_a_name(page: SettingsWindow) -> None:
    for row in page.rows:
        assert row.text.explanation.endswith((".", ":")), row.text.title
        if isinstance(row, ValueRow):
            assert row.control.accessibleName() == row.text.title
            assert row.control.accessibleDescription() == row.text.explanation


def test_a_theme_is_in_force_at_once_and_the_menu_agrees(
    page: SettingsWindow, window: MainWindow, settings: Settings, qapp: QApplication
) -> None:
    row = row_of(page, "Theme")
    before = qapp.palette().color(QPalette.ColorRole.Window)
    choose(row, "dark")
    assert qapp.palette().color(QPalette.ColorRole.Window) != before
    assert settings.preferences.theme == "dark"
    assert row.reset_button.isVisible()
    row.reset_button.click()
    assert settings.preferences.theme == "system"
    assert not row.reset_button.isVisible()


def test_what_the_menu_changes_is_seen_in_the_page(
    page: SettingsWindow, window: MainWindow
) -> None:
    row = row_of(page, "Group by process")
    assert isinstance(row.control, QCheckBox)
    window.acts["group"].trigger()
    assert row.control.isChecked()
    assert row.control.text() == "On"
    choose(row, False)
    assert not window.acts["group"].isChecked()


def test_the_refresh_changes_how_often_is_read(page: SettingsWindow, window: MainWindow) -> None:
    choose(row_of(page, "Refresh"), 5000)
    assert window._poller.interval_ms == 5000


def test_a_stored_choice_is_on_the_disk_at_once(page: SettingsWindow, tmp_path: Path) -> None:
    choose(row_of(page, "Record history"), False)
    choose(row_of(page, "Keep history for"), 7)
    choose(row_of(page, "Record remote addresses"), True)
    values = saved(tmp_path)
    assert (values["history"], values["history_days"], values["history_peers"]) == (False, 7, True)


def test_digits_in_the_table_ask_only_where_they_may(
    page: SettingsWindow, window: MainWindow
) -> None:
    choose(row_of(page, "Digits in the table ask for a port"), False)
    QTest.keyClick(window.table, Qt.Key.Key_8)
    assert window.port_box.text() == ""
    choose(row_of(page, "Digits in the table ask for a port"), True)
    QTest.keyClick(window.table, Qt.Key.Key_8)
    assert window.port_box.text() == "8"


def test_what_cannot_be_changed_says_why(page: SettingsWindow) -> None:
    row = row_of(page, "Check for a new version")
    assert not row.control.isEnabled()
    assert "without an address" in row.explanation.text()
    assert not row.setting.value
    tray = row_of(page, "Close to notification area")
    assert not tray.control.isEnabled()
    assert "needs the icon" in tray.explanation.text()


def test_enter_leads_from_the_search_to_what_was_found(page: SettingsWindow) -> None:
    page.search.setText("language")
    QTest.keyClick(page.search, Qt.Key.Key_Return)
    assert row_of(page, "Language").control.hasFocus()


def test_a_section_leads_to_its_lines(page: SettingsWindow, qtbot: QtBot) -> None:
    last = page.sections.count() - 1
    page.sections.setCurrentRow(last)
    bar = page.area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    page.sections.setCurrentRow(0)
    page.sections.setCurrentRow(last)
    assert bar.value() > 0


def test_all_can_be_reset(page: SettingsWindow, settings: Settings) -> None:
    choose(row_of(page, "Language"), "zh_CN")
    choose(row_of(page, "Hints"), False)
    choose(row_of(page, "Theme"), "dark")
    page._on_reset_all()
    [box] = page.findChildren(QMessageBox)
    [reset] = [button for button in box.buttons() if button.text() == "Reset"]
    assert box.defaultButton() is not reset
    reset.click()
    assert settings.preferences.language == DEFAULTS.language
    assert settings.preferences.hints
    assert settings.preferences.theme == "system"
    assert not [row for row in page.rows if isinstance(row, ValueRow) and _is_changed(row)]


def _is_changed(row: SettingRow) -> bool:
    return isinstance(row, ValueRow) and row.setting.value != row.setting.default


def test_the_whole_history_is_forgotten_after_a_question(
    page: SettingsWindow, window: MainWindow, qtbot: QtBot
) -> None:
    with closing(open_store(store_path(), [HISTORY])) as connection:
        connection.execute("INSERT INTO owners (id, digest) VALUES (1, x'00')")
        connection.execute(
            "INSERT INTO spans (port, protocol, address, owner, from_ms, to_ms, is_start_seen)"
            " VALUES (80, 'tcp', '0.0.0.0', 1, 1, 2, 1)"
        )
        connection.commit()
    page.row("Forget history").button.click()  # type: ignore[attr-defined] # an ActRow
    [box] = page.findChildren(QMessageBox)
    [forget] = [button for button in box.buttons() if button.text() == "Forget"]
    with qtbot.waitSignal(window.settings_page.notified, timeout=20_000) as said:
        forget.click()
    assert said.args == ["The history is deleted: 1 entry."]
    with closing(open_store(store_path(), [HISTORY])) as connection:
        assert connection.execute("SELECT count(*) FROM spans").fetchone() == (0,)


def test_log_settings_are_in_force_at_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "log" / "portview.log"
    monkeypatch.setattr("portview.log.log_path", lambda: place)
    root = logging.getLogger()
    before, level, own = list(root.handlers), root.level, logging.getLogger("portview").level
    start_logging()
    end = follow_settings(settings, lambda _language: None)
    try:
        log = logging.getLogger("portview.tests")
        log.debug("unsaid")
        log.info("as text")
        settings.update(log_format="json", log_level="debug")
        log.debug("as a document")
        logging.getLogger("elsewhere").debug("a library's")
        settings.update(log_format="text", log_level="warning")
        log.info("unsaid again")
        log.warning("a warning")
    finally:
        end()
        for handler in root.handlers[:]:
            if handler not in before:
                root.removeHandler(handler)
                handler.close()
        root.setLevel(level)
        logging.getLogger("portview").setLevel(own)
    first, second, third = place.read_text("utf-8").splitlines()
    assert first.endswith("as text")
    assert json.loads(second)["message"] == "as a document"
    assert third.endswith("a warning")


def test_motion_is_reduced_at_once_and_comes_back(settings: Settings, qapp: QApplication) -> None:
    menus = Qt.UIEffect.UI_AnimateMenu
    flash = qapp.cursorFlashTime()
    general = Qt.UIEffect.UI_General
    before = [(effect, qapp.isEffectEnabled(effect)) for effect in (menus, general)]
    for effect in (general, menus):
        qapp.setEffectEnabled(effect, True)
    end = follow_settings(settings, lambda _language: None)
    try:
        settings.update(reduce_motion=True)
        assert qapp.cursorFlashTime() == 0
        assert not qapp.isEffectEnabled(menus)
        settings.update(reduce_motion=False)
        assert qapp.cursorFlashTime() == flash
        assert qapp.isEffectEnabled(menus)
    finally:
        end()
        for effect, was_on in before:
            qapp.setEffectEnabled(effect, was_on)


@pytest.mark.parametrize("width", [560, 620, 820])
def test_no_line_is_cut_where_there_is_little_room(
    page: SettingsWindow, qtbot: QtBot, width: int
) -> None:
    page.resize(width, 500)
    qtbot.waitUntil(lambda: page.width() == width)
    inside = page.area.viewport().width()
    assert page.area.widget().width() <= inside
    for row in page.rows:
        right = row.mapTo(page.area.widget(), row.rect().topRight()).x()
        assert right <= inside, row.text.title
