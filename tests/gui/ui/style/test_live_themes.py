"""A theme that is chosen while the window is open reaches every icon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton

from portview.ui.style.theme import Theme, apply_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QColor
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow


@pytest.fixture(autouse=True)
def _back_to_the_system(qapp: QApplication) -> Iterator[None]:
    yield
    apply_theme(Theme.SYSTEM)


def strongest(button: QAbstractButton) -> QColor:
    image = button.icon().pixmap(16).toImage()
    pixels = (image.pixelColor(x, y) for x in range(16) for y in range(16))
    return max(pixels, key=lambda colour: colour.alpha())


def test_every_button_s_icon_has_the_new_text_colour(window: MainWindow, qtbot: QtBot) -> None:
    window.table.selectRow(0)
    owner_page = window.details.pane.pages[0]
    qtbot.waitUntil(owner_page.isVisible)
    for theme in (Theme.DARK, Theme.LIGHT, Theme.HIGH_CONTRAST, Theme.DARK):
        apply_theme(theme)
        buttons = [
            button
            for button in window.findChildren(QAbstractButton)
            if button.accessibleName() and button.isEnabled() and not button.icon().isNull()
        ]
        assert len(buttons) >= 6
        for button in buttons:
            wanted = button.palette().buttonText().color()
            assert strongest(button).name() == wanted.name(), (theme, button.accessibleName())
