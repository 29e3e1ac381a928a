"""Delivers what waits: at once for a single round, or on a thread for each channel."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.watch.messages import outbox
from portview.watch.messages.channel_queue import ChannelQueue, Pace
from portview.watch.messages.texts import Style
from portview.watch.rules.model import DESKTOP
from portview.watch.store.incident_store import IncidentStore

if TYPE_CHECKING:
    from pathlib import Path

    from portview.watch.rules.model import Channel, WatchRules

logger = logging.getLogger(__name__)

_LONGEST_DELIVERY_S = 20.0
_STORE_PAUSE_S = 2.0
_STOP_S = 1.0


def deliver_now(rules: WatchRules, store: IncidentStore) -> None:
    """Send what waits, once for each channel, side by side and for a bounded time.

    What is not taken stays for the next time. Raises sqlite3.Error.
    """
    tidy(rules, store)
    channels = {one.name: one for one in rules.channels}
    threads = [
        threading.Thread(
            target=_step_once, args=(_queue(channels[name], 0.0),), name="deliver", daemon=True
        )
        for name in outbox.waiting_channels(store.connection)
        if name in channels
    ]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + _LONGEST_DELIVERY_S
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))


def tidy(rules: WatchRules, store: IncidentStore) -> None:
    """Remove what waits for channels that are gone, and what a desktop needs no more."""
    names = {DESKTOP, *(one.name for one in rules.channels)}
    gone = outbox.waiting_channels(store.connection) - names
    old_ms = time.time_ns() // 1_000_000 - outbox.DESKTOP_EXPIRES_AFTER_MS
    with store.transaction() as connection:
        connection.executemany("DELETE FROM outbox WHERE channel = ?", [(one,) for one in gone])
        connection.execute("DELETE FROM outbox WHERE channel = ? AND at_ms < ?", (DESKTOP, old_ms))


def _queue(channel: Channel, group_wait_s: float, path: Path | None = None) -> ChannelQueue:
    from portview.watch.messages.apprise_channel import (  # noqa: PLC0415 - where messages are sent
        AppriseChannel,
    )

    pace = Pace(group_wait_s, channel.rate_per_minute)
    return ChannelQueue(
        channel.name,
        AppriseChannel(channel),
        pace,
        partial(IncidentStore.open, path),
        Style(channel.language, channel.title, channel.text),
    )


def _step_once(queue: ChannelQueue) -> None:
    try:
        queue.step()
    except (sqlite3.Error, PortViewError) as error:
        logger.warning("messages could not be delivered: %s", error)


class Deliveries:
    """A thread for each channel that something waits for. Any thread may ``wake``."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._workers: dict[str, _Worker] = {}
        self._channels: dict[str, tuple[Channel, float]] = {}

    @property
    def are_sending(self) -> bool:
        """Return whether some channel is in the middle of sending."""
        return any(worker.is_busy for worker in self._workers.values())

    def adopt(self, rules: WatchRules) -> None:
        """Take over the channels of the rules; those that changed begin again."""
        wanted = {one.name: (one, rules.group_wait_s) for one in rules.channels}
        for name, worker in list(self._workers.items()):
            if wanted.get(name) != self._channels.get(name):
                worker.stop()
                del self._workers[name]
        self._channels = wanted

    def wake(self, names: set[str]) -> None:
        """Look again at what waits for these channels."""
        for name in names & self._channels.keys():
            worker = self._workers.get(name)
            if worker is None:
                channel, group_wait_s = self._channels[name]
                worker = _Worker(_queue(channel, group_wait_s, self._path), name)
                self._workers[name] = worker
            worker.wake()

    def stop(self) -> None:
        """End the threads; one that is in the middle of sending is left behind after a moment."""
        for worker in self._workers.values():
            worker.stop()
        ends = time.monotonic() + _STOP_S
        for worker in self._workers.values():
            worker.join(max(0.0, ends - time.monotonic()))
        unanswered = [name for name, worker in self._workers.items() if worker.is_busy]
        self._workers.clear()
        if unanswered:
            self._give_back(unanswered)

    def _give_back(self, names: list[str]) -> None:
        """Have the next process send what these channels have not answered to."""
        try:
            with closing(IncidentStore.open(self._path)) as store, store.transaction():
                for name in names:
                    outbox.give_back(store.connection, name)
        except (sqlite3.Error, PortViewError) as error:
            logger.warning("what was not answered to is not known: %s", error)


class _Worker:
    """One channel's thread."""

    def __init__(self, queue: ChannelQueue, name: str) -> None:
        self._queue = queue
        self._wake = threading.Event()
        self._is_stopped = False
        self.is_busy = False
        # A daemon: a channel that hangs must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=f"channel {name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._is_stopped = True
        self._wake.set()

    def join(self, seconds: float) -> None:
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._is_stopped:
            self._wake.clear()
            try:
                self.is_busy = True
                wait_s = self._queue.step()
            except (sqlite3.Error, PortViewError) as error:
                logger.warning("messages could not be delivered: %s", error)
                wait_s = _STORE_PAUSE_S
            finally:
                self.is_busy = False
            self._wake.wait(wait_s)
