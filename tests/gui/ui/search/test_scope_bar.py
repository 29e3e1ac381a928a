"""The counts of the scopes give way where a window is narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.domain.sockets.scope import Scope
from portview.ui.search.scope_bar import ScopeBar
from portview.ui.style.theme import Theme, apply_theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from portview.ui.window.main_window import MainWindow

MANY = {Scope.LISTENING: 12_345, Scope.CONNECTIONS: 25_000, Scope.UDP: 6_001, Scope.ALL: 43_346}


@pytest.fixture(params=[Theme.LIGHT, Theme.HIGH_CONTRAST], ids=lambda theme: theme.value)
def theme(request: pytest.FixtureRequest) -> Iterator[Theme]:
    apply_theme(request.param)
    yield request.param
    apply_theme(Theme.SYSTEM)


def test_counts_are_shown_where_there_is_room(qtbot: QtBot) -> None:
    bar = ScopeBar()
    qtbot.addWidget(bar)
    bar.show_counts(MANY)
    bar.show()
    bar.resize(bar.sizeHint())
    full = bar.sizeHint()
    assert [button.text().split()[-1] for button in bar.buttons] == [
        "12,345",
        "25,000",
        "6,001",
        "43,346",
    ]
    bar.resize(full.width() - 1, full.height())
    assert "12,345" in bar.buttons[0].text(), "first the room for wider figures goes"
    bar.resize(bar._width - 1, full.height())
    assert [button.text() for button in bar.buttons] == ["Listening", "Connections", "UDP", "All"]
    assert bar.sizeHint() == full
    assert bar.minimumSizeHint().width() < full.width()
    assert ": 12,345 (" in bar.buttons[0].toolTip()
    bar.resize(full)
    assert "12,345" in bar.buttons[0].text()


@pytest.mark.usefixtures("theme")
def test_a_window_of_800_pixels_holds_any_counts(window: MainWindow) -> None:
    window.scope_bar.show_counts(MANY)
    window.resize(800, 500)
    assert window.width() == 800
    window.resize(1280, 720)
    assert "43,346" in window.scope_bar.buttons[-1].text()
