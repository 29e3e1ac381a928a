"""Hints go away for good, news are said once per version, newer versions only where wanted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from portview import __version__
from portview.domain.errors import PortViewError
from portview.ui.window.notices import HINTS, Notices
from portview.ui.window.whats_new import WhatsNew, changelog_path, news
from portview.update_notice import Release, UpdateSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytestqt.qtbot import QtBot

    from portview.settings import Settings
    from portview.ui.window.main_window import MainWindow

SOURCE = UpdateSource("https://example.org/latest", b"k" * 32)
NEWER = Release("99.0", "https://example.org/tag/v99.0")


class Reading:
    """Stands in for the network: counts how often it was asked, and answers when it may."""

    def __init__(self) -> None:
        self.count = 0
        self.answer: Release | Exception | None = NEWER
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, source: UpdateSource) -> Release | None:
        assert source is SOURCE
        self.count += 1
        assert self.gate.wait(20)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def reading() -> Reading:
    return Reading()


@pytest.fixture
def start(
    window: MainWindow, settings: Settings, reading: Reading
) -> Iterator[Callable[[], Notices]]:
    """Give a way to begin as a start of the program does."""
    made: list[Notices] = []

    def begin() -> Notices:
        while made:
            made.pop().stop()
        window.notice_bar.hide()
        notices = Notices(
            window.notice_bar,
            window.acts,
            settings,
            window._runner,
            source=lambda: SOURCE,
            read=reading,
        )
        made.append(notices)
        notices.start()
        return notices

    yield begin
    for one in made:
        one.stop()


def test_one_hint_at_a_start_and_never_again_once_closed(
    start: Callable[[], Notices], window: MainWindow, settings: Settings
) -> None:
    seen = []
    for hint in HINTS:
        start()
        seen.append(window.notice_bar.text)
        window.notice_bar.close_button.click()
        assert not window.notice_bar.isVisible()
        assert hint.name in settings.preferences.hints_done
    assert seen == [hint.text for hint in HINTS]
    start()
    assert not window.notice_bar.isVisible()


def test_doing_what_a_hint_says_makes_it_go(
    start: Callable[[], Notices], window: MainWindow
) -> None:
    start()
    assert "Type a port number" in window.notice_bar.text
    window.acts["go_to_port"].trigger()
    assert not window.notice_bar.isVisible()


def test_following_a_hint_does_it_and_ends_it(
    start: Callable[[], Notices], window: MainWindow, settings: Settings
) -> None:
    start()
    window.notice_bar.button.click()
    assert window.port_box.hasFocus()
    assert not window.notice_bar.isVisible()
    assert settings.preferences.hints_done == ("port",)


def test_hints_can_be_switched_off_and_shown_again(
    start: Callable[[], Notices], window: MainWindow, settings: Settings
) -> None:
    start()
    settings.update(hints=False)
    assert not window.notice_bar.isVisible()
    settings.update(hints_done=["port", "palette", "watch", "keys"], hints=True)
    assert not window.notice_bar.isVisible()
    settings.update(hints=True, hints_done=[])
    assert "Type a port number" in window.notice_bar.text


def test_news_are_said_once_per_version_and_not_at_the_first_start(
    start: Callable[[], Notices], window: MainWindow, settings: Settings
) -> None:
    settings.update(hints=False)
    start()
    assert not window.notice_bar.isVisible()
    assert settings.preferences.version_seen == __version__
    settings.update(version_seen="0.0.9")
    start()
    assert __version__ in window.notice_bar.text
    window.notice_bar.button.click()
    [dialog] = window.findChildren(WhatsNew)
    assert dialog.text.toPlainText().strip()
    dialog.reject()
    start()
    assert not window.notice_bar.isVisible()


def test_nothing_is_read_unless_it_was_switched_on(
    start: Callable[[], Notices], window: MainWindow, reading: Reading, settings: Settings
) -> None:
    settings.update(hints=False)
    start()
    window._runner.shut_down()
    assert reading.count == 0


def test_a_newer_version_is_said_and_asked_for_once_a_day(
    start: Callable[[], Notices],
    window: MainWindow,
    reading: Reading,
    settings: Settings,
    qtbot: QtBot,
) -> None:
    settings.update(hints=False)
    start()
    settings.update(update_notice=True)
    qtbot.waitUntil(window.notice_bar.isVisible, timeout=20_000)
    assert "99.0" in window.notice_bar.text
    window.notice_bar.close_button.click()
    start()
    assert reading.count == 1
    settings.update(update_asked_at=1)
    start()
    qtbot.waitUntil(window.notice_bar.isVisible, timeout=20_000)
    assert reading.count == 2


def test_what_cannot_be_read_is_said_to_nobody(
    start: Callable[[], Notices],
    window: MainWindow,
    reading: Reading,
    settings: Settings,
    qtbot: QtBot,
) -> None:
    settings.update(hints=False, update_notice=True)
    reading.answer = PortViewError("update_not_signed", "The file has a wrong signature.")
    notices = start()
    qtbot.waitUntil(lambda: reading.count == 1 and not notices._is_asking, timeout=20_000)
    assert not window.notice_bar.isVisible()
    assert settings.preferences.update_asked_at == 0, "the next start asks again"


def test_switching_off_while_it_is_read_says_nothing(
    start: Callable[[], Notices],
    window: MainWindow,
    reading: Reading,
    settings: Settings,
    qtbot: QtBot,
) -> None:
    settings.update(hints=False, update_notice=True)
    reading.gate.clear()
    notices = start()
    qtbot.waitUntil(lambda: reading.count == 1, timeout=20_000)
    settings.update(update_notice=False)
    reading.gate.set()
    qtbot.waitUntil(lambda: not notices._is_asking, timeout=20_000)
    assert not window.notice_bar.isVisible()


@pytest.mark.parametrize(
    ("version", "found"),
    [("0.2.0", "two"), ("0.1.0", "one"), ("0.9.9", "next"), ("0.1", "next")],
)
def test_news_are_the_section_of_the_version(version: str, found: str) -> None:
    text = "# Changelog\n\nIntro\n\n## Unreleased\n\nnext\n\n## [0.2.0] - 2026-01-01\n\ntwo\n\n"
    assert news(f"{text}## 0.1.0, unreleased\n\none\n", version) == found
    assert news("nothing", version) == ""


def test_this_version_has_news() -> None:
    assert news(changelog_path().read_text("utf-8"), __version__)
