"""Text of the machine never widens what it stands in, and is never copied other than it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QLabel, QMenu

from portview.actions.confirmation.cards import Card, CardKind
from portview.actions.confirmation.confirmation import Confirmation
from portview.ui.confirm.confirmation_view import ConfirmationView
from portview.ui.widgets.plain_label import PlainLabel

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

WIDTH = 480


@pytest.mark.parametrize("word", ["A" * 200, "C:\\" + "long folder\\".replace(" ", "") * 16])
def test_a_card_is_as_wide_as_its_room_whatever_it_tells(qtbot: QtBot, word: str) -> None:
    consequence = "It will be asked to close, and ended if it still runs after 5 s."
    card = Card(CardKind.STOPS, "node, PID 7", (word,), consequence)
    view = ConfirmationView(Confirmation("?", (card,)))
    qtbot.addWidget(view)
    view.resize(WIDTH, view.height_for(WIDTH))
    view.show()
    assert view.minimumSizeHint().width() < WIDTH
    labels = {label.text(): label for label in view.findChildren(PlainLabel)}
    for label in labels.values():
        assert label.mapTo(view, label.rect().topRight()).x() < WIDTH
    needed = labels[word].heightForWidth(labels[word].width())
    assert needed >= 2 * labels[word].fontMetrics().height()
    assert labels[word].height() >= needed


@pytest.mark.parametrize("text", ["x" * 100, "/usr/bin/node <b>server</b>.js", "🦊" * 60])
def test_copies_are_the_text_itself(qtbot: QtBot, text: str) -> None:
    label = PlainLabel(text)
    qtbot.addWidget(label)
    assert label.text() == text
    assert (QLabel.text(label) == text) is (len(text) <= 40)
    assert label.textFormat() == Qt.TextFormat.PlainText
    label.show()
    QGuiApplication.clipboard().setText("before")
    qtbot.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "before"
    label.select_all()
    qtbot.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == text


def test_the_menu_copies_what_is_selected(qtbot: QtBot) -> None:
    label = PlainLabel("x" * 100)
    qtbot.addWidget(label)
    label.show()
    label.select_all()
    where = label.rect().center()
    reason = QContextMenuEvent.Reason.Mouse
    label.contextMenuEvent(QContextMenuEvent(reason, where, label.mapToGlobal(where)))
    menu = label.findChild(QMenu)
    assert menu is not None
    menu.actions()[0].trigger()
    assert QGuiApplication.clipboard().text() == "x" * 100
    menu.close()
