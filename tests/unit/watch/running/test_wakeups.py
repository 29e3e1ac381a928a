"""What happens to a service wakes its watches, and no others, and not too often."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from portview.actions.service_control import events
from portview.watch.rules.model import Expectation, RepairKind, RepairStep, Watch, WatchRules
from portview.watch.running.schedule import Schedule
from portview.watch.running.wakeups import LEAST_APART_S, SETTLE_S, Wakeups

SHOP = Watch("shop", Expectation.SERVICE, service="shop", interval_s=30)
PORT = Watch(
    "port", Expectation.LISTENING, 80, interval_s=30,
    repair=(RepairStep(RepairKind.RESTART_SERVICE, service="shop"),),
)  # fmt: skip
OTHER = Watch("other", Expectation.SERVICE, service="db", interval_s=30)
OFF = replace(SHOP, name="off", is_enabled=False)
PLAIN = Watch("plain", Expectation.LISTENING, 81, interval_s=30)
RULES = WatchRules((SHOP, PORT, OTHER, OFF, PLAIN))


class _Source:
    """Stands for the system, which calls back from another thread."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.followed: list[frozenset[str]] = []
        self.closed = 0
        monkeypatch.setattr(events, "follow_services", self.follow)

    def follow(self, names: frozenset[str], on_event: object) -> _Source:
        self.followed.append(names)
        self.on_event = on_event
        return self

    def say(self, name: str) -> None:
        thread = threading.Thread(target=self.on_event, args=(name,))  # type: ignore[arg-type]
        thread.start()
        thread.join()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> _Source:
    return _Source(monkeypatch)


def test_an_event_brings_forward_the_watches_of_that_service(source: _Source) -> None:
    wake = threading.Event()
    wakeups, schedule = Wakeups(wake), Schedule()
    wakeups.adopt(RULES)
    assert source.followed == [frozenset({"shop", "db"})]
    wakeups.adopt(RULES)
    assert len(source.followed) == 1
    schedule.adopt([SHOP, PORT, OTHER, PLAIN], 0.0)
    for watch in schedule.take_due(0.0):
        schedule.done(watch, 0.0)
    source.say("shop")
    assert wake.is_set()
    wakeups.hurry(RULES.watches, schedule, 1.0)
    assert schedule.time_of("shop") == schedule.time_of("port") == 1.0 + SETTLE_S
    assert (schedule.time_of("other") or 0) > 5
    assert (schedule.time_of("plain") or 0) > 5
    # A service that flutters does not have its watches checked without end.
    due = schedule.take_due(1.0 + SETTLE_S)
    assert {watch.name for watch in due} == {"shop", "port"}
    source.say("shop")
    wakeups.hurry(RULES.watches, schedule, 1.0 + SETTLE_S)
    assert schedule.time_of("shop") is None  # it is being checked, and is put back by that
    for watch in due:
        schedule.done(watch, 1.0 + SETTLE_S)
    source.say("shop")
    wakeups.hurry(RULES.watches, schedule, 1.0 + SETTLE_S)
    assert schedule.time_of("shop") == 1.0 + SETTLE_S + LEAST_APART_S
    # Nothing is ever put off by an event.
    schedule.again(SHOP, 1.4)
    source.say("shop")
    wakeups.hurry(RULES.watches, schedule, 1.35)
    assert schedule.time_of("shop") == 1.4
    wakeups.close()
    assert source.closed == 1


def test_other_rules_follow_other_services(source: _Source) -> None:
    wakeups = Wakeups(threading.Event())
    wakeups.adopt(RULES)
    wakeups.adopt(WatchRules((OTHER,)))
    assert source.followed[-1] == {"db"}
    assert source.closed == 1
    wakeups.adopt(WatchRules((PLAIN,)))
    assert source.closed == 2
    wakeups.close()
    assert source.closed == 2
