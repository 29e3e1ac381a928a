"""Wrapped text is as high as its width makes it, and scrolls where there is too little room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.ui.confirm.confirmation_view import plain_label
from portview.ui.widgets.wrapped_area import WrappedArea

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_it_scrolls_only_where_the_text_needs_more_than_there_is(qtbot: QtBot) -> None:
    label = plain_label("word " * 60)
    area = WrappedArea(label)
    qtbot.addWidget(area)
    height = area.height_for(600)
    assert area.height_for(200) > 2 * height
    area.resize(600, height + 4)
    area.show()
    qtbot.waitExposed(area)
    bar = area.verticalScrollBar()
    assert bar.maximum() == 0
    assert label.height() >= height - 4
    area.resize(200, height + 4)
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    area.resize(600, height + 4)
    qtbot.waitUntil(lambda: bar.maximum() == 0)
    label.setText("word " * 600)
    qtbot.waitUntil(lambda: bar.maximum() > 0)
