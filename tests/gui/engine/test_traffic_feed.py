"""Rates of the sockets that are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.sockets.socket_row import Endpoint, Protocol, State
from portview.domain.sockets.traffic import TrafficCounters, TrafficRate
from portview.engine.traffic_feed import TrafficFeed
from tests.factories import row
from tests.fakes.data_sources import FakeClock, FakeTraffic

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketKey
    from portview.engine.task_runner import TaskRunner


def connection(port: int) -> SocketKey:
    return row(port, State.ESTABLISHED).key._replace(remote=Endpoint("127.0.0.1", 9))


class Looking:
    """A feed over counters that the test sets, with a clock that the test moves."""

    def __init__(self, qtbot: QtBot, runner: TaskRunner, reason: str | None = None) -> None:
        self.reader = FakeTraffic(reason)
        self.clock = FakeClock()
        self.feed = TrafficFeed(self.reader, runner, clock=self.clock)
        self._qtbot = qtbot

    def look(self, *keys: SocketKey) -> None:
        with self._qtbot.waitSignal(self.feed.rates_changed):
            self.feed.look_at(keys)


def test_a_rate_takes_two_readings(qtbot: QtBot, runner: TaskRunner) -> None:
    looking, key = Looking(qtbot, runner), connection(1)
    looking.reader.counters[key] = TrafficCounters(1000, 10)
    looking.look(key)
    assert looking.feed.rates == {}
    looking.reader.counters[key] = TrafficCounters(5000, 20)
    looking.clock.now_s += 2
    looking.look(key)
    assert looking.feed.rates == {key: TrafficRate(2000.0, 5.0)}
    looking.look()
    assert looking.feed.rates == {}
    looking.look(key)
    assert looking.feed.rates == {}


def test_only_connections_over_tcp_are_asked_for(qtbot: QtBot, runner: TaskRunner) -> None:
    looking, key = Looking(qtbot, runner), connection(1)
    listener = row(2).key
    datagrams = row(3, None, Protocol.UDP).key._replace(remote=key.remote)
    looking.look(key, listener, datagrams)
    assert looking.reader.asked == [(key,)]


def test_nothing_is_asked_for_nothing(qtbot: QtBot, runner: TaskRunner) -> None:
    looking = Looking(qtbot, runner)
    looking.feed.look_at([row(2).key])
    runner.shut_down()
    assert looking.reader.asked == []


def test_the_last_question_is_for_nothing_so_that_the_reader_can_let_go(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    looking = Looking(qtbot, runner)
    looking.look(connection(1))
    looking.look()
    assert looking.reader.asked == [(connection(1),), ()]


def test_where_bytes_are_not_counted_the_reason_is_told_and_nobody_asked(
    qtbot: QtBot, runner: TaskRunner
) -> None:
    looking = Looking(qtbot, runner, "Only for administrators.")
    looking.feed.look_at(())
    assert looking.feed.hint == "Only for administrators."
    looking.feed.look_at([connection(1)])
    runner.shut_down()
    assert looking.reader.asked == []


def test_a_refusal_is_the_hint_until_it_works_again(
    qtbot: QtBot, runner: TaskRunner, caplog: pytest.LogCaptureFixture
) -> None:
    looking, key = Looking(qtbot, runner), connection(1)
    looking.reader.error = PortViewError("refused", "Not allowed.", "Ask somebody.")
    looking.look(key)
    assert looking.feed.hint == "Not allowed. Ask somebody."
    looking.reader.error = ValueError("a mistake of our own")
    looking.look(key)
    assert "log" in looking.feed.hint
    assert "a mistake of our own" in caplog.text
    looking.reader.error = None
    looking.look(key)
    assert looking.feed.hint == ""
