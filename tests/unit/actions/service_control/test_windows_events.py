"""The service control manager is asked again after each change, and never leaves a handle open."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

import pytest

from portview.actions.service_control import windows_events
from portview.actions.service_control.windows_events import WindowsServiceEvents
from tests.fakes.service_control import (
    SERVICE_RUNNING,
    SERVICE_STOPPED,
    FakeService,
    StrictServiceControl,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE_START_PENDING = 2


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[StrictServiceControl]:
    made = StrictServiceControl(FakeService("shop"), FakeService("db", denied=0xFFFF))
    made.install(monkeypatch)
    monkeypatch.setattr(windows_events, "_TRY_AGAIN_WAITS", 1)
    monkeypatch.setattr(windows_events, "_WAIT_MS", 10)
    yield made
    made.remove()
    made.assert_closed()


def test_each_change_is_heard_once_and_the_next_one_as_well(windows: StrictServiceControl) -> None:
    heard: queue.Queue[str] = queue.Queue()
    followed = WindowsServiceEvents({"shop", "db", "none"}, heard.put)
    try:
        for state in (SERVICE_STOPPED, SERVICE_RUNNING, SERVICE_STOPPED):
            _until(lambda: bool(windows._registered))
            windows.change("shop", SERVICE_START_PENDING)  # not asked for
            windows.change("shop", state)
            assert heard.get(timeout=60) == "shop"
        assert heard.empty()
    finally:
        followed.close()


def test_a_service_that_was_deleted_is_followed_again_when_it_is_back(
    windows: StrictServiceControl,
) -> None:
    heard: queue.Queue[str] = queue.Queue()
    followed = WindowsServiceEvents({"shop"}, heard.put)
    try:
        _until(lambda: bool(windows._registered))
        windows.services["shop"].is_deleted = True
        windows.change("shop", SERVICE_STOPPED)
        assert heard.get(timeout=60) == "shop"
        windows.services["shop"] = FakeService("shop")
        _until(lambda: any(one[0] is windows.services["shop"]
                           for one in list(windows._registered.values())))  # fmt: skip
        windows.change("shop", SERVICE_STOPPED)
        assert heard.get(timeout=60) == "shop"
    finally:
        followed.close()


def _until(is_so: object) -> None:
    import time  # noqa: PLC0415 - one loop

    ends = time.monotonic() + 60
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.005)
