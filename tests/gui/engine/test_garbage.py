"""Garbage that holds objects of Qt's is collected on the UI thread, whoever allocates."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
import shiboken6
from PySide6.QtCore import QObject

from portview.engine.garbage import UiThreadCollector, due_generation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


@pytest.fixture
def collector(qtbot: QtBot) -> Iterator[UiThreadCollector]:
    before = gc.get_threshold()
    collector = UiThreadCollector()
    yield collector
    shiboken6.delete(collector)
    gc.set_threshold(*before)


class Noted(QObject):
    """An object in a cycle, which only the collector finds."""

    def __init__(self, ended_on: list[int]) -> None:
        super().__init__()
        self.itself = self
        weakref.finalize(self, lambda: ended_on.append(threading.get_ident()))


def allocate_much() -> None:
    kept = [[number] for number in range(50_000)]
    assert len(kept) == 50_000


def test_another_thread_that_allocates_collects_nothing(
    collector: UiThreadCollector, qtbot: QtBot
) -> None:
    gc.collect()
    ended_on: list[int] = []
    Noted(ended_on)
    gc.set_threshold(100, 5, 5)
    worker = threading.Thread(target=allocate_much)
    worker.start()
    worker.join()
    assert not ended_on
    qtbot.waitUntil(lambda: bool(ended_on), timeout=20_000)
    assert ended_on == [threading.get_ident()]


@pytest.mark.parametrize(
    ("counts", "thresholds", "expected"),
    [
        ((701, 0, 0), (700, 10, 10), 0),
        ((700, 10, 10), (700, 10, 10), None),
        ((1, 11, 0), (700, 10, 10), 1),
        ((701, 11, 11), (700, 10, 10), 2),
        ((9_999, 99, 99), (0, 10, 10), None),
    ],
)
def test_the_oldest_generation_that_is_due(
    counts: tuple[int, int, int], thresholds: tuple[int, int, int], expected: int | None
) -> None:
    assert due_generation(counts, thresholds) == expected
