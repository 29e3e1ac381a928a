"""The window in a language that is longer, accented and marked: nothing English, glued or cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTabWidget,
    QToolButton,
    QWidget,
)

from portview import i18n
from portview.ui.widgets.elided_label import ElidedLabel
from tests.fakes.pseudo_locale import PseudoLocale, pseudo, words_outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.domain.sockets.socket_row import SocketRow
    from portview.ui.window.main_window import MainWindow

DATA = re.compile(
    # What the machine of the tests says, and names that no language changes.
    r"node|server\.js|<b>sh & co</b>|dnsmasq|\bann\b|\broot\b|written down|/[\w/.\-]+|PortView"
    r"|(?:https?-alt|https?|domain|ssh|microsoft-ds|pcsync-https|hbci|cslistener|mdns)\b"
    r"|\b(?:TCP|UDP|TLS|HTTP|DNS|PID|IPv[46]|JSON|CSV|HTML|Markdown|Linux|Qt|Python|MIT|SO_\w+)\b"
    r"|\b(?:LISTEN|ESTABLISHED|CLOSE_WAIT|TIME_WAIT|BOUND)\b"
    r"|\b\d+(?:\.\d+)? ?(?:ms|s|min|h|d|B|KB|MB)\b"
    r"|\b(?:Ctrl|Alt|Shift|Enter|Esc|Del|Return|Space|Menu|Scroll (?:Left|Right)|F\d+)\b"
    r"|[0-9a-f:.]*::[0-9a-f:.]*|\b\w{3} \d\d:\d\d\b"
)
"""Texts that are right in every language."""


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Show everything in the pseudo-locale."""
    i18n.install_catalogue(PseudoLocale())
    yield
    i18n.install_catalogue(None)


def test_a_translation_of_a_translation_is_the_translation() -> None:
    once = pseudo("Port {port} is free.")
    assert pseudo(once) == once
    assert not words_outside(once.format(port=pseudo("eighty")))
    assert words_outside(f"{once} and more") == " and more"


def titles_of(header: QHeaderView) -> list[str]:
    """Return the titles of the columns that a header shows."""
    if header.model() is None or header.orientation() is Qt.Orientation.Vertical:
        return []
    shown = (each for each in range(header.count()) if not header.isSectionHidden(each))
    return [str(header.model().headerData(each, header.orientation()) or "") for each in shown]


READ: tuple[tuple[type[QWidget], Callable[[Any], list[str]]], ...] = (
    (QLabel, lambda label: [label.text()]),
    (QAbstractButton, lambda button: [button.text()]),
    (QGroupBox, lambda group: [group.title()]),
    (QTabWidget, lambda tabs: [tabs.tabText(each) for each in range(tabs.count())]),
    (QComboBox, lambda box: [box.itemText(each) for each in range(box.count())]),
    (QLineEdit, lambda line: [line.placeholderText()]),
    (QMenu, lambda menu: [menu.title(), *(action.text() for action in menu.actions())]),
    (QHeaderView, titles_of),
)


def texts_of(widget: QWidget) -> list[str]:
    """Return what one widget shows and what it says to screen readers."""
    texts = [text for kind, read in READ if isinstance(widget, kind) for text in read(widget)]
    return [*texts, widget.toolTip(), widget.accessibleName(), widget.windowTitle()]


def untranslated(root: QWidget) -> list[str]:
    """Return what a window shows that came through no catalogue, or only in part."""
    found = []
    for widget in [root, *root.findChildren(QWidget)]:
        for text in texts_of(widget):
            # Shown as plain text, a mark of direction is written out.
            text = text.replace(r"\u{200F}", "\u200f")  # noqa: PLW2901
            rest = re.sub(r"<[^<>]+>", " ", words_outside(DATA.sub("", text)))
            if re.search(r"[^\W\d_]{2,}", rest):
                found.append(f"{type(widget).__name__} {widget.objectName()}: {text!r}")
    return sorted(set(found))


def cut(root: QWidget) -> list[str]:
    """Return the visible labels and buttons that are narrower than what they say."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QLabel | QAbstractButton):
            continue
        if isinstance(widget, ElidedLabel) or (isinstance(widget, QLabel) and widget.wordWrap()):
            continue
        if isinstance(widget, QToolButton) and (
            widget.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly
        ):
            continue
        if widget.text() and widget.width() < widget.minimumSizeHint().width():
            found.append(f"{type(widget).__name__}: {widget.text()!r}")
    return found


def test_the_main_window_is_translated_whole(window: MainWindow) -> None:
    window.resize(1280, 800)
    assert not untranslated(window), "\n".join(untranslated(window))
    assert cut(window) == []


def test_the_details_are_translated_whole(window: MainWindow, rows: tuple[SocketRow, ...]) -> None:
    window.resize(1280, 800)
    window.acts["details"].setChecked(True)
    window.views.select_key(rows[0].key)
    tabs = window.details.pane.tabs
    for number in range(tabs.count()):
        tabs.setCurrentIndex(number)
        QApplication.processEvents()
        assert not untranslated(window), "\n".join(untranslated(window))
