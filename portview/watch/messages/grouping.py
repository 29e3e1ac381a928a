"""From the events that wait for a channel to its messages: few, in order, of one type each."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.watch.incidents.machine import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.watch.messages.outbox import OutgoingEvent


class MessageType(enum.StrEnum):
    """How grave a message is, in the words of Apprise."""

    FAILURE = "failure"
    SUCCESS = "success"
    WARNING = "warning"
    INFO = "info"


TEST, REPAIR = "test", "repair"
"""Kinds of events besides those of the state machine."""

_TYPES = {
    EventKind.FIRING.value: MessageType.FAILURE,
    EventKind.REMINDER.value: MessageType.FAILURE,
    EventKind.RESOLVED.value: MessageType.SUCCESS,
    EventKind.CANNOT_TELL.value: MessageType.WARNING,
    EventKind.FLAPPING.value: MessageType.WARNING,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a message says, and the rows that it settles.

    ``is_both`` is an incident that began and ended before anybody could be reported.
    """

    event: OutgoingEvent
    settles: tuple[OutgoingEvent, ...]
    is_both: bool = False

    @property
    def type(self) -> MessageType:
        """Return how grave it is."""
        return _TYPES.get(self.event.kind, MessageType.INFO)


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one message."""

    type: MessageType
    items: tuple[Item, ...]

    @property
    def events(self) -> tuple[OutgoingEvent, ...]:
        """Return every row that the message settles."""
        return tuple(event for item in self.items for event in item.settles)


def group_events(events: Iterable[OutgoingEvent]) -> list[Group]:
    """Return the messages for the events of one channel, which come oldest first.

    Items of one type become one message, unless something of the same watch would then be named in
    another order than it happened.
    """
    groups: list[list[Item]] = []
    for item in _items(events):
        place = None
        for number in range(len(groups) - 1, -1, -1):
            if groups[number][0].type is item.type:
                place = number
            if any(other.event.watch == item.event.watch for other in groups[number]):
                # Nothing may go before what was said of the same watch.
                place = number if groups[number][0].type is item.type else place
                break
        if place is None:
            groups.append([item])
        else:
            groups[place].append(item)
    return [Group(items[0].type, tuple(items)) for items in groups]


def _items(events: Iterable[OutgoingEvent]) -> list[Item]:
    """Join the events of one incident that nobody was reported yet."""
    items: list[Item] = []
    firing: dict[str, int] = {}
    reminders: dict[str, int] = {}
    for event in events:
        incident = event.incident or ""
        if not incident:
            items.append(Item(event, (event,)))
        elif event.kind == EventKind.FIRING.value:
            firing[incident] = len(items)
            items.append(Item(event, (event,)))
        elif event.kind == EventKind.REMINDER.value and (
            incident in firing or incident in reminders
        ):
            place = firing.get(incident, reminders.get(incident, 0))
            items[place] = Item(items[place].event, (*items[place].settles, event))
        elif event.kind == EventKind.RESOLVED.value and incident in firing:
            place = firing[incident]
            items[place] = Item(event, (*items[place].settles, event), is_both=True)
        else:
            if event.kind == EventKind.REMINDER.value:
                reminders[incident] = len(items)
            items.append(Item(event, (event,)))
    return items
