"""A test that leaves a timer or a single shot behind is seen, so that none goes off in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from tests.gui.conftest import SingleShots

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

LONG_MS = 3_600_000


def test_a_single_shot_counts_until_it_went_off(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = SingleShots()
    monkeypatch.setattr(QTimer, "singleShot", shots.start)
    went_off: list[int] = []
    QTimer.singleShot(0, lambda: went_off.append(1))
    assert len(shots.waiting()) == 1
    qtbot.waitUntil(lambda: bool(went_off))
    assert shots.waiting() == []


def test_a_single_shot_goes_with_its_receiver(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = SingleShots()
    monkeypatch.setattr(QTimer, "singleShot", shots.start)
    first, second = QObject(), QTimer()
    QTimer.singleShot(LONG_MS, first, lambda: None)
    QTimer.singleShot(LONG_MS, second.stop)
    assert len(shots.waiting()) == 2
    for receiver in (first, second):
        receiver.deleteLater()
    qtbot.waitUntil(lambda: not shots.waiting())
