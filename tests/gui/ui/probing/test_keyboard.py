"""Each window by the keyboard alone: letters that are unique, names for who can't see, Esc."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QWidget

from portview.ui.probing.probe_question import ProbeKind

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from portview.ui.probing.probing_tools import ProbingTools
    from portview.ui.probing.tool_page import ToolPage

PAGES = ("probe_page", "scan_page", "pick_page", "connection_page")


def show_page(tools: ProbingTools, name: str) -> ToolPage:
    show = {"probe_page": "show_probe", "scan_page": "show_scan", "pick_page": "show_pick"}
    getattr(tools, show.get(name, "show_test"))()
    page: ToolPage = getattr(tools, name)
    assert page.isVisible()
    return page


def letters(window: QWidget) -> list[str]:
    widgets = [*window.findChildren(QAbstractButton), *window.findChildren(QLabel)]
    shown = [widget for widget in widgets if widget.isVisibleTo(window)]
    texts = [w.text() for w in shown if not isinstance(w, QLabel) or w.buddy()]
    return [
        found[1].lower() for text in texts if (found := re.search("&([a-z])", text, re.IGNORECASE))
    ]


def check(window: QWidget) -> None:
    found = letters(window)
    assert len(found) == len(set(found)), f"{window.windowTitle()}: {sorted(found)}"
    for widget in (*window.findChildren(QLineEdit), *window.findChildren(QComboBox)):
        labels = [label.buddy() for label in window.findChildren(QLabel)]
        assert widget.accessibleName() or widget in labels, widget


@pytest.mark.parametrize("name", PAGES)
def test_letters_are_unique_and_fields_have_names(
    qtbot: QtBot, tools: ProbingTools, name: str
) -> None:
    window = tools.test_window
    page = show_page(tools, name)
    check(window)
    assert window.starts_at is page.starts_at
    assert window.starts_at is not None
    assert window.focusWidget() is window.starts_at or not window.starts_at.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_every_kind_of_probe_has_letters_of_its_own(
    qtbot: QtBot, tools: ProbingTools, kind: ProbeKind
) -> None:
    show_page(tools, "probe_page")
    tools.probe_page.open_for(kind, "")
    check(tools.test_window)


@pytest.mark.parametrize("name", PAGES)
def test_windows_fit_a_small_screen(tools: ProbingTools, name: str) -> None:
    window = tools.test_window
    show_page(tools, name)
    smallest = window.minimumSizeHint()
    assert smallest.width() <= 780
    assert smallest.height() <= 480
