"""A process that is killed at any instant: nothing is lost, and nothing is told twice."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from portview.watch.evaluation.observation import bad, good, unreadable
from portview.watch.incidents.machine import Moment
from portview.watch.incidents.suppression import Surroundings
from portview.watch.messages import outbox
from portview.watch.messages.channel_queue import ChannelQueue, Pace
from portview.watch.messages.grouping import MessageType
from portview.watch.rules.model import Channel, Expectation, Watch, WatchRules
from portview.watch.store.incident_store import IncidentStore
from portview.watch.tracking.tracker import Tracker

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from portview.watch.messages.texts import Message

WATCH = Watch(
    "shop", Expectation.LISTENING, port=80, failures=1, successes=1, notify=("ops",), interval_s=1
)
RULES = WatchRules((WATCH,), (Channel("ops", "json://x"),))
AROUND = Surroundings(dt.datetime(2026, 1, 31))  # noqa: DTZ001 - local, as the loop has it
FOUND = {"g": good("It listens."), "b": bad("Nothing listens."), "u": unreadable("Not readable.")}


class Killed(BaseException):
    """Stands for SIGKILL: nothing that catches an Exception sees it."""


class Bomb:
    """Goes off at the n-th instant at which something may be killed."""

    def __init__(self, instants: list[int]) -> None:
        self.instants = list(instants)
        self.left = self.instants.pop(0) if self.instants else None

        self.is_safe_after_commit = False

    def tick(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left < 0:
            self.left = self.instants.pop(0) if self.instants else None
            self.is_safe_after_commit = False
            raise Killed


class Fragile:
    """A connection whose process may be killed before and after every statement."""

    def __init__(self, connection: sqlite3.Connection, bomb: Bomb) -> None:
        self._connection, self._bomb = connection, bomb

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in {"execute", "executemany", "commit"}:
            return found

        def call(*values: Any) -> Any:
            self._bomb.tick()
            result = found(*values)
            if not (name == "commit" and self._bomb.is_safe_after_commit):
                self._bomb.tick()
            return result

        return call

    def rollback(self) -> None:
        # Who was killed rolls nothing back; closing without a commit comes to the same.
        if self._connection.in_transaction:
            self._connection.rollback()


class Receiver:
    """A channel that may be killed before it is reached, or after it has taken a message."""

    def __init__(self, bomb: Bomb) -> None:
        self._bomb = bomb
        self.taken: list[Message] = []
        self.is_up = True

    def send(self, message: Message, handing_over: Callable[[], None]) -> str:
        self._bomb.tick()
        if not self.is_up:
            # Refused, before anything could be handed over.
            return "down"
        # From the mark until the first byte has left there is no other instant.
        self._bomb.is_safe_after_commit = True
        handing_over()
        self._bomb.is_safe_after_commit = False
        self.taken.append(message)
        self._bomb.tick()
        return ""


def open_fragile(path: Path, bomb: Bomb) -> IncidentStore:
    store = IncidentStore.open(path)
    store.connection = Fragile(store.connection, bomb)  # type: ignore[assignment]
    return store


class World:
    """One store, one channel, and processes that follow each other."""

    def __init__(self, path: Path, instants: list[int]) -> None:
        self.path = path
        self.bomb = Bomb(instants)
        self.receiver = Receiver(self.bomb)
        self.now_s = 100.0

    def round(self, kind: str) -> None:
        """Evaluate and deliver once; a process that dies is followed by another."""
        self.now_s += 1
        at = Moment(self.now_s, round(self.now_s * 1000))
        try:
            store = open_fragile(self.path, self.bomb)
            try:
                tracker = Tracker(store)
                tracker.adopt(RULES, at, is_new_run=True)
                tracker.record([(WATCH, [FOUND[kind]])], at, AROUND)
            finally:
                store.close()
            self.deliver()
        except Killed:
            pass

    def deliver(self) -> None:
        ChannelQueue(
            "ops", self.receiver, Pace(0.0, 10_000), lambda: open_fragile(self.path, self.bomb)
        ).step()


def told(messages: list[Message]) -> list[tuple[str, str]]:
    """Return kind and incident of every item in the order in which it was told."""
    found: list[tuple[str, str]] = []
    for message in messages:
        for item in message.body.split("\n\n"):
            number = item.rpartition(": ")[2]
            both = item.startswith("Resolved (was firing)")
            if both and ("firing", number) not in found:
                found.append(("firing", number))
            kinds = {MessageType.FAILURE: "firing", MessageType.SUCCESS: "resolved"}
            found.append((kinds.get(message.type, "other"), number))
    return found


@settings(max_examples=100, deadline=None)
@given(
    st.text("gbu", min_size=1, max_size=12),
    st.lists(st.integers(0, 120), max_size=8),
    st.lists(st.booleans(), max_size=12),
)
def test_whatever_is_killed_each_incident_is_told_in_order_and_its_end_is_never_lost(
    kinds: str, instants: list[int], ups: list[bool]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "store.sqlite3", instants)
        for number, kind in enumerate(kinds):
            world.receiver.is_up = ups[number] if number < len(ups) else True
            world.round(kind)
        world.receiver.is_up = True
        world.bomb.left, world.bomb.instants = None, []
        # In the end all is well, and somebody lives long enough to say so.
        for _each in range(2):
            world.round("g")
        store = IncidentStore.open(world.path)
        incidents = {
            one: bool(ended)
            for one, ended in store.connection.execute("SELECT id, ended_ms FROM incidents")
        }
        waiting = store.connection.execute("SELECT count(*) FROM outbox").fetchone()[0]
        store.close()
        assert waiting == 0
        assert all(incidents.values())
        seen: dict[str, list[str]] = {}
        for kind, number in told(world.receiver.taken):
            if kind != "other":
                seen.setdefault(number, []).append(kind)
        assert seen.keys() == {one[:8] for one in incidents}
        # Each once, the beginning first.
        assert all(found == ["firing", "resolved"] for found in seen.values())


def test_who_starts_after_a_kill_does_not_take_its_messages_for_unanswered(tmp_path: Path) -> None:
    store = IncidentStore.open(tmp_path / "store.sqlite3")
    with store.transaction():
        outbox.enqueue(store.connection, "ops", "firing", "shop", "i", 1, 1, "")
        outbox.mark_handed(store.connection, outbox.waiting(store.connection, "ops", 9), 5_000)
        # The next process, which looks before its channel has settled what was left.
        outbox.mark_alive(store.connection, 9_000, 20_000)
        outbox.settle_interrupted(store.connection, "ops")
    assert outbox.waiting(store.connection, "ops", 9) == []
    with store.transaction():
        outbox.enqueue(store.connection, "ops", "firing", "shop", "j", 1, 1, "")
        outbox.mark_handed(store.connection, outbox.waiting(store.connection, "ops", 9), 10_000)
        # It lives on, and still waits for an answer: nothing has arrived.
        outbox.mark_alive(store.connection, 9_000, 20_000)
        outbox.settle_interrupted(store.connection, "ops")
    assert [one.incident for one in outbox.waiting(store.connection, "ops", 9)] == ["j"]
    store.close()
