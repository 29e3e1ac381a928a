"""Text of the machine never widens what it stands in, and is never copied other than it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from portview.actions.cards import Card, CardKind
from portview.actions.proposals import Proposal
from portview.ui.plain_label import PlainLabel
from portview.ui.proposal_view import ProposalView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

WIDTH = 480


@pytest.mark.parametrize("word", ["A" * 200, "C:\\" + "long folder\\".replace(" ", "") * 16])
def test_a_card_is_as_wide_as_its_room_whatever_it_tells(qtbot: QtBot, word: str) -> None:
    consequence = "It will be asked to close, and ended if it still runs after 5 s."
    card = Card(CardKind.STOPS, "node, PID 7", (word,), consequence)
    view = ProposalView(Proposal("?", (card,), None))
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


def test_what_was_broken_can_not_be_copied_and_what_was_not_can(qtbot: QtBot) -> None:
    label = PlainLabel("x" * 100)
    qtbot.addWidget(label)
    assert label.text() == "x" * 100
    assert QLabel.text(label) != label.text()
    assert label.textInteractionFlags() == Qt.TextInteractionFlag.NoTextInteraction
    label.setText("/usr/bin/node <b>server</b>.js")
    assert QLabel.text(label) == label.text()
    assert label.textInteractionFlags() == Qt.TextInteractionFlag.TextSelectableByMouse
    assert label.textFormat() == Qt.TextFormat.PlainText
