"""What the firewall is asked about what a person sees, how often, and on which thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from portview.domain.firewall import FirewallVerdict
from portview.domain.owners.process import ProcessInfo
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import Endpoint, Protocol, State
from portview.engine import firewall_feed
from portview.engine.firewall_feed import FirewallFeed
from portview.firewall.on_demand import FirewallOnDemand
from tests.fakes.data_sources import FakeClock
from tests.fakes.firewall_readings import ALLOWED, BLOCKED, CountedFirewall

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from portview.domain.sockets.socket_row import SocketRow
    from portview.engine.task_runner import TaskRunner

    Listening = Callable[..., SocketRow]


class Looking:
    """A feed with a clock that the test moves."""

    def __init__(self, qtbot: QtBot, runner: TaskRunner) -> None:
        self.firewall = CountedFirewall()
        self.clock = FakeClock()
        self.feed = FirewallFeed(FirewallOnDemand(lambda: self.firewall), runner, clock=self.clock)
        self._qtbot = qtbot

    def look(self, *rows: SocketRow) -> None:
        """Look as with a tick, and wait until everything is answered."""
        self.feed.look_at(SocketEntry(row) for row in rows)
        self._qtbot.waitUntil(lambda: not self.feed.is_asking)

    def words(self) -> dict[int, str]:
        return {key.local.port: answer.verdict for key, answer in self.feed.answers.items()}


@pytest.fixture
def looking(qtbot: QtBot, runner: TaskRunner) -> Looking:
    return Looking(qtbot, runner)


def test_rows_are_answered_off_this_thread(looking: Looking, listening: Listening) -> None:
    looking.firewall.answers[81] = BLOCKED
    looking.look(listening(80), listening(81))
    assert looking.words() == {80: FirewallVerdict.ALLOWED, 81: FirewallVerdict.BLOCKED}
    assert looking.feed.status == looking.firewall.status
    assert threading.get_ident() not in looking.firewall.threads


def test_only_those_are_asked_about_whom_another_machine_may_come_to(
    looking: Looking, listening: Listening
) -> None:
    connection = listening(80, State.ESTABLISHED)
    connection = type(connection)(
        connection.key._replace(remote=Endpoint("10.0.0.9", 443)), connection.state
    )
    looking.look(
        listening(81, address="127.0.0.1"),
        listening(82, address="::ffff:127.0.0.1"),
        listening(83, State.BOUND),
        listening(84, None, Protocol.UDP),
        listening(85, address="::"),
        connection,
    )
    assert {question.port for question in looking.firewall.asked} == {84, 85}


def test_nothing_is_read_where_nobody_looks(
    looking: Looking, listening: Listening, runner: TaskRunner
) -> None:
    looking.look()
    looking.look(listening(80, address="127.0.0.1"))
    runner.shut_down()
    assert looking.firewall.reads == 0


def test_rules_are_read_every_few_seconds_and_verdicts_kept_until_they_differ(
    looking: Looking, listening: Listening
) -> None:
    for _ in range(5):
        looking.look(listening(80))
        looking.clock.now_s += 1
    assert (looking.firewall.reads, len(looking.firewall.asked)) == (1, 1)
    looking.look(listening(80))
    assert (looking.firewall.reads, len(looking.firewall.asked)) == (2, 1)
    looking.firewall.answers[80] = BLOCKED
    looking.firewall.generation += 1
    looking.clock.now_s += firewall_feed.REREAD_S
    looking.look(listening(80))
    assert looking.words() == {80: FirewallVerdict.BLOCKED}
    assert (looking.firewall.reads, len(looking.firewall.asked)) == (3, 2)


def test_a_slow_firewall_is_read_the_less_often(
    looking: Looking, listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = looking.firewall.read

    def slow_read() -> object:
        looking.clock.now_s += 2
        return read()

    monkeypatch.setattr(looking.firewall, "read", slow_read)
    looking.look(listening(80))
    looking.clock.now_s += 30
    looking.look(listening(80))
    assert looking.firewall.reads == 1
    looking.clock.now_s += 10
    looking.look(listening(80))
    assert looking.firewall.reads == 2


def test_readings_never_overlap_and_the_last_question_is_answered(
    looking: Looking, listening: Listening, qtbot: QtBot
) -> None:
    looking.firewall.gate.clear()
    for port in range(80, 90):
        looking.feed.look_at([SocketEntry(listening(port))])
    looking.feed.look_closer(SocketEntry(listening(99)))
    looking.firewall.gate.set()
    qtbot.waitUntil(lambda: {89, 99} <= set(looking.words()))
    assert looking.firewall.most_at_once == 1


def test_a_change_of_ones_own_is_read_at_once(looking: Looking, listening: Listening) -> None:
    looking.look(listening(80))
    looking.firewall.answers[80] = BLOCKED
    looking.firewall.generation += 1
    looking.feed.reread()
    looking.look(listening(80))
    assert looking.words() == {80: FirewallVerdict.BLOCKED}


def test_many_verdicts_come_in_parts(
    looking: Looking, listening: Listening, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firewall_feed, "_TURN_S", 0.0)
    parts: list[int] = []
    looking.feed.answers_changed.connect(lambda: parts.append(len(looking.feed.answers)))
    looking.feed.look_at([SocketEntry(listening(port)) for port in range(80, 90)])
    qtbot.waitUntil(lambda: len(looking.words()) == 10)
    assert parts == sorted(parts)
    assert len(parts) > 1


def test_the_program_of_a_row_is_part_of_the_question(
    looking: Looking, listening: Listening, qtbot: QtBot
) -> None:
    row = listening(80)
    assert row.owner is not None
    looking.feed.look_at([SocketEntry(row, ProcessInfo(row.owner, executable="/opt/server"))])
    qtbot.waitUntil(lambda: bool(looking.words()))
    assert looking.firewall.asked[0].program == "/opt/server"


def test_a_failure_is_told_and_the_next_look_tries_again(
    looking: Looking, listening: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    looking.firewall.error = ValueError("a mistake of our own")
    looking.look(listening(80))
    assert "log" in looking.feed.hint
    assert "a mistake of our own" in caplog.text
    looking.firewall.error = None
    looking.look(listening(80))
    assert looking.feed.hint == ""
    assert looking.words() == {80: ALLOWED.verdict}


def test_the_firewall_is_opened_with_the_first_question_and_closed_with_it() -> None:
    opened: list[CountedFirewall] = []

    def open_one() -> CountedFirewall:
        opened.append(CountedFirewall())
        return opened[-1]

    firewall = FirewallOnDemand(open_one)
    firewall.close()
    assert opened == []
    firewall.read()
    firewall.read()
    firewall.close()
    firewall.close()
    assert len(opened) == 1
    assert opened[0].is_closed
