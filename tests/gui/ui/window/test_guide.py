"""The guide shows every topic of ``portview help`` under F1, and loads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QWidget

from portview.resources import help_topics, topic_title
from portview.ui.window.guide import GuideWindow, open_guide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.app import RunningWindow


@pytest.fixture
def guide(qtbot: object) -> Iterator[GuideWindow]:
    del qtbot
    parent = QWidget()
    made = open_guide(parent)
    yield made
    made.close()
    parent.deleteLater()


def test_every_topic_is_there_and_shown(guide: GuideWindow) -> None:
    for number, path in enumerate(help_topics().values()):
        guide.list.setCurrentRow(number)
        item = guide.list.currentItem()
        assert item is not None
        assert item.text() == topic_title(path)
        shown = guide.page.toPlainText()
        assert topic_title(path) in shown
        assert "```" not in shown
        assert "| ---" not in shown


def test_links_lead_to_topics_and_nowhere_else(guide: GuideWindow) -> None:
    guide.page.anchorClicked.emit(QUrl("metrics.md"))
    before = guide.page.toPlainText()
    assert "Prometheus" in before
    for link in ("https://example.com/x", "file:///etc/passwd", "none.md"):
        guide.page.anchorClicked.emit(QUrl(link))
        assert guide.page.toPlainText() == before


def test_nothing_is_loaded(guide: GuideWindow) -> None:
    guide.page.show_markdown("![x](https://example.com/x.png) <img src='file:///etc/passwd'>")
    kind = QTextDocument.ResourceType.ImageResource.value
    assert guide.page.loadResource(kind, QUrl("https://example.com/x.png")) is None


def test_f1_opens_one_guide(open_window: Callable[..., RunningWindow]) -> None:
    window = open_window().window
    assert window.acts["guide"].shortcut().toString() == "F1"
    window.acts["guide"].trigger()
    window.acts["guide"].trigger()
    [guide] = window.findChildren(GuideWindow)
    guide.close()
