"""Another language while windows are open, forth and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from portview import i18n
from portview.po_catalogue import PoCatalogue
from portview.ui import language as ui_language
from portview.ui.language import WindowLanguage
from tests.fakes.pseudo_locale import pseudo
from tests.gui.ui.test_languages import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow


@pytest.fixture(scope="module")
def pseudo_catalogue(tmp_path_factory: pytest.TempPathFactory) -> PoCatalogue:
    """Give a catalogue with a translation of every message."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "packaging"))
    try:
        import catalogue  # noqa: PLC0415 - of development, not of the program
    finally:
        del sys.path[0]
    path = tmp_path_factory.mktemp("po") / "portview.po"
    path.write_text('msgid ""\nmsgstr ""\n', encoding="utf-8")
    made = PoCatalogue(path)
    for message in catalogue.extract():
        english = message.id[0] if isinstance(message.id, tuple | list) else message.id
        if english:
            made.translations()[(message.context or None, english)] = [pseudo(english)]
    return made


@pytest.fixture
def language(
    qapp: QApplication, pseudo_catalogue: PoCatalogue, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WindowLanguage]:
    """Give the switch, with the pseudo-locale in the place of Chinese."""

    def use(name: str) -> str:
        i18n.install_catalogue(pseudo_catalogue if name == "zh_CN" else None)
        return name

    monkeypatch.setattr(ui_language, "use_language", use)
    font, switch = qapp.font(), WindowLanguage(qapp)
    yield switch
    switch.use("en")
    qapp.setFont(font)
    switch.deleteLater()


def texts(window: QWidget) -> list[list[str]]:
    return [texts_of(each) for each in (window, *window.findChildren(QWidget))]


def test_an_open_window_changes_and_comes_back(
    window: MainWindow, language: WindowLanguage, rows: tuple[SocketRow, ...]
) -> None:
    window.views.select_key(rows[0].key)
    title = window.menuBar().actions()[0].text()
    before = texts(window)
    language.use("zh_CN")
    assert window.menuBar().actions()[0].text() == pseudo(title)
    model, horizontal = window.model, Qt.Orientation.Horizontal
    assert model.headerData(0, horizontal) == pseudo("Process")
    assert window.acts["export"].text() == pseudo("&Export\u2026")
    tabs = window.details.pane.tabs
    assert pseudo("Traffic") in [tabs.tabText(each) for each in range(tabs.count())]
    language.use("en")
    assert texts(window) == before


def test_what_qt_writes_itself_changes_in_an_open_dialog(
    qtbot: QtBot, language: WindowLanguage
) -> None:
    dialog = QDialog()
    qtbot.addWidget(dialog)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    QVBoxLayout(dialog).addWidget(buttons)
    with qtbot.waitExposed(dialog):
        dialog.show()
    cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
    language.use("zh_CN")
    QApplication.processEvents()
    assert cancel.text().replace("&", "") == "取消"
    language.use("en")
    QApplication.processEvents()
    assert cancel.text().replace("&", "") == "Cancel"


def test_the_systems_language_is_used_unless_one_was_chosen(
    language: WindowLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui_language, "system_language", lambda: "zh_CN")
    language.use("system")
    assert language.language == "zh_CN"
    language.use("en")
    assert language.language == "en"
