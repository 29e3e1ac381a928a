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
    from portview.ui.widgets.tool_window import ToolWindow

WINDOWS = ("probe_window", "scan_window", "pick_window", "test_window")


def letters(window: QWidget) -> list[str]:
    widgets = [*window.findChildren(QAbstractButton), *window.findChildren(QLabel)]
    shown = [widget for widget in widgets if widget.isVisibleTo(window)]
    texts = [w.text() for w in shown if not isinstance(w, QLabel) or w.buddy()]
    return [
        found[1].lower() for text in texts if (found := re.search("&([a-z])", text, re.IGNORECASE))
    ]


def check(window: ToolWindow) -> None:
    found = letters(window)
    assert len(found) == len(set(found)), f"{window.windowTitle()}: {sorted(found)}"
    for widget in (*window.findChildren(QLineEdit), *window.findChildren(QComboBox)):
        labels = [label.buddy() for label in window.findChildren(QLabel)]
        assert widget.accessibleName() or widget in labels, widget


@pytest.mark.parametrize("name", WINDOWS)
def test_letters_are_unique_and_fields_have_names(
    qtbot: QtBot, tools: ProbingTools, name: str
) -> None:
    window: ToolWindow = getattr(tools, name)
    window.bring_up()
    check(window)
    assert window.starts_at is not None
    assert window.focusWidget() is window.starts_at or not window.starts_at.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


@pytest.mark.parametrize("kind", list(ProbeKind))
def test_every_kind_of_probe_has_letters_of_its_own(
    qtbot: QtBot, tools: ProbingTools, kind: ProbeKind
) -> None:
    tools.probe_window.open_for(kind, "")
    check(tools.probe_window)


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_fit_a_small_screen(tools: ProbingTools, name: str) -> None:
    window: ToolWindow = getattr(tools, name)
    window.bring_up()
    smallest = window.minimumSizeHint()
    assert smallest.width() <= 780
    assert smallest.height() <= 480
