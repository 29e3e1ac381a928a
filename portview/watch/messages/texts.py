"""What a message says: what, since when, which program, why, what was tried, what to do."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portview.command_name import command_line
from portview.domain.local_time import local_moment
from portview.domain.plain_text import inert
from portview.i18n import _, join_list, labelled, ngettext, speaking
from portview.watch.incidents.machine import EventKind
from portview.watch.messages.grouping import REPAIR, TEST, MessageType
from portview.watch.rules.templates import filled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from portview.watch.messages.grouping import Group, Item

SHORT_ID = 8
_MOST_ITEMS = 50
_LONGEST_TITLE = 150


@dataclass(frozen=True, slots=True)
class Background:
    """What is known about an incident besides its event."""

    port: int | None = None
    protocol: str | None = None
    program: str = ""
    last_program: str = ""
    diagnosis: str = ""
    attempts: Sequence[str] = ()
    is_acknowledged: bool = False
    is_rule_changed: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it is sent: plain text."""

    type: MessageType
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Style:
    """How a channel's messages are worded: its language, and templates in place of PortView's."""

    language: str = ""
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Composer:
    """Words messages. ``backgrounds`` is by incident id."""

    backgrounds: Mapping[str, Background] = field(default_factory=dict)
    host: str = field(default_factory=platform.node)
    style: Style = field(default_factory=Style)

    def compose(self, group: Group) -> Message:
        """Return the message for a group, in the language of its channel."""
        with speaking(self.style.language):
            return self._compose(group)

    def _compose(self, group: Group) -> Message:
        body = [self._item(one) for one in group.items[:_MOST_ITEMS]]
        more = len(group.items) - _MOST_ITEMS
        if more > 0:
            body.append(_("And {count} more.").format(count=more))
        return Message(group.type, self._title(group), "\n\n".join(body))

    def _title(self, group: Group) -> str:
        count = len(group.items)
        if self.style.title:
            names = join_list(dict.fromkeys(one.event.watch for one in group.items))
            values = {
                "count": str(count),
                "host": self.host,
                "kind": _kind_words(group.items[0]),
                "watch": names,
            }
            return inert(filled(self.style.title, values), _LONGEST_TITLE)
        if count == 1:
            what = labelled(_kind_words(group.items[0]), self._name(group.items[0]))
        elif group.type is MessageType.FAILURE:
            what = ngettext("{count} watch is firing", "{count} watches are firing", count)
        elif group.type is MessageType.SUCCESS:
            what = ngettext("{count} watch is resolved", "{count} watches are resolved", count)
        else:
            what = ngettext("{count} note on watches", "{count} notes on watches", count)
        if count > 1:
            names = join_list(dict.fromkeys(one.event.watch for one in group.items))
            what = labelled(what.format(count=count), names)
        return inert(f"[{self.host}] {what}" if self.host else what, _LONGEST_TITLE)

    def _name(self, item: Item) -> str:
        port = self._background(item).port
        name = item.event.watch
        if port is None:
            return name
        return _("{watch} (port {port})").format(watch=name, port=port)

    def _background(self, item: Item) -> Background:
        return self.backgrounds.get(item.event.incident or "", Background())

    def _item(self, item: Item) -> str:
        event, known = item.event, self._background(item)
        if self.style.text:
            return filled(self.style.text, self._values(item, known))
        lines = [labelled(_kind_words(item), event.watch)]
        if event.detail:
            lines.append(event.detail)
        if known.port is not None:
            lines.append(
                _("Port: {port}/{protocol}").format(port=known.port, protocol=known.protocol)
            )
        if known.program:
            lines.append(_("Program: {program}").format(program=known.program))
        elif known.last_program and event.kind != EventKind.RESOLVED.value:
            lines.append(_("Last program there: {program}").format(program=known.last_program))
        lines += self._times(item, known)
        if event.kind in {EventKind.FIRING.value, EventKind.REMINDER.value}:
            lines += self._help(item, known)
        if event.incident:
            lines.append(_("Incident: {id}").format(id=event.incident[:SHORT_ID]))
        return "\n".join(lines)

    def _values(self, item: Item, known: Background) -> dict[str, str]:
        event = item.event
        is_over = event.kind == EventKind.RESOLVED.value
        port = "" if known.port is None else str(known.port)
        asks = {EventKind.FIRING.value, EventKind.REMINDER.value}
        return {
            "acknowledge": _acknowledge_command(event.watch)
            if event.kind in asks and not known.is_acknowledged
            else "",
            "detail": event.detail,
            "diagnosis": known.diagnosis,
            "host": self.host,
            "incident": (event.incident or "")[:SHORT_ID],
            "kind": _kind_words(item),
            "more": _why_command(known) if event.kind in asks else "",
            "port": port,
            "program": known.program or known.last_program,
            "protocol": known.protocol or "",
            "since": local_moment(event.since_ms),
            "tried": "; ".join(known.attempts),
            "until": local_moment(event.at_ms) if is_over else "",
            "watch": event.watch,
        }

    @staticmethod
    def _times(item: Item, known: Background) -> list[str]:
        event = item.event
        if event.kind == EventKind.RESOLVED.value:
            lines = [
                _("From {begin} until {end}").format(
                    begin=local_moment(event.since_ms), end=local_moment(event.at_ms)
                )
            ]
            if item.is_both:
                lines.append(_("It was firing and is resolved since."))
            if known.is_rule_changed:
                lines.append(_("The rule was changed or removed; recovery was not observed."))
            return lines
        if event.kind in {TEST, REPAIR}:
            return []
        return [_("Since: {time}").format(time=local_moment(event.since_ms))]

    @staticmethod
    def _help(item: Item, known: Background) -> list[str]:
        lines = []
        if known.diagnosis:
            lines.append(_("Diagnosis: {sentence}").format(sentence=known.diagnosis))
        lines += [_("Tried: {attempt}").format(attempt=one) for one in known.attempts]
        if command := _why_command(known):
            lines.append(_("Find out more: {command}").format(command=command))
        if not known.is_acknowledged:
            acknowledge = _acknowledge_command(item.event.watch)
            lines.append(_("Acknowledge: {command}").format(command=acknowledge))
        return lines


def _why_command(known: Background) -> str:
    if known.port is None:
        return ""
    return command_line("why", f"{known.port}", "--proto", known.protocol or "tcp")


def _acknowledge_command(watch: str) -> str:
    return command_line("watch", "acknowledge", watch)


def _kind_words(item: Item) -> str:
    if item.is_both:
        return _("Resolved (was firing)")
    return {
        EventKind.FIRING.value: _("Firing"),
        EventKind.RESOLVED.value: _("Resolved"),
        EventKind.REMINDER.value: _("Still firing"),
        EventKind.CANNOT_TELL.value: _("Unknown"),
        EventKind.FLAPPING.value: _("Flapping"),
        TEST: _("Test"),
        REPAIR: _("Repair"),
    }.get(item.event.kind, item.event.kind)


def cut_to_bytes(text: str, most: int) -> str:
    """Return a text of at most so many bytes in UTF-8, cut between characters and marked."""
    content = text.encode("utf-8", "replace")
    if len(content) <= most:
        return content.decode("utf-8")
    mark = "…".encode()
    kept = content[: max(0, most - len(mark))].decode("utf-8", "ignore")
    return kept + mark.decode() if most >= len(mark) else kept
