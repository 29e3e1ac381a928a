"""From events to messages: few, each of one type, and nothing of a watch out of order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.watch.messages.grouping import MessageType, group_events
from portview.watch.messages.outbox import OutgoingEvent
from portview.watch.messages.texts import Composer, cut_to_bytes


def event(number: int, kind: str, watch: str, incident: str | None) -> OutgoingEvent:
    return OutgoingEvent(number, "ops", kind, watch, incident, number, 0, "detail", 0)


@st.composite
def histories(draw: st.DrawFn) -> list[OutgoingEvent]:
    """Draw events of several watches as they happen: firing, reminders, resolved, again."""
    events: list[OutgoingEvent] = []
    fired: dict[str, str] = {}
    for number in range(draw(st.integers(1, 20))):
        watch = draw(st.sampled_from(["a", "b", "c"]))
        incident = fired.get(watch)
        if incident is None:
            fired[watch] = f"{watch}{number}"
            events.append(event(number, "firing", watch, fired[watch]))
        elif draw(st.booleans()):
            events.append(event(number, "reminder", watch, incident))
        else:
            events.append(event(number, "resolved", watch, incident))
            del fired[watch]
    skipped = draw(st.integers(0, len(events) - 1))
    return events[skipped:]  # The first ones were sent before.


@given(histories())
def test_every_event_is_settled_once_and_each_watch_is_told_in_order(
    events: list[OutgoingEvent],
) -> None:
    groups = group_events(events)
    settled = [one.id for group in groups for one in group.events]
    assert sorted(settled) == [one.id for one in events]
    for group in groups:
        assert {item.type for item in group.items} == {group.type}
    for watch in "abc":
        told = [
            item.event.id for group in groups for item in group.items if item.event.watch == watch
        ]
        assert told == sorted(told)


def test_twenty_that_fire_are_one_message() -> None:
    groups = group_events(
        [event(number, "firing", f"w{number}", f"i{number}") for number in range(20)]
    )
    assert [group.type for group in groups] == [MessageType.FAILURE]


def test_what_began_and_ended_unheard_is_one_note_of_success() -> None:
    (group,) = group_events([event(1, "firing", "a", "i"), event(2, "resolved", "a", "i")])
    assert group.type is MessageType.SUCCESS
    message = Composer(host="box").compose(group)
    assert "firing" in message.body
    assert "Resolved" in message.title


def test_the_kinds_have_the_types_of_apprise() -> None:
    kinds = ("firing", "reminder", "resolved", "cannot_tell", "flapping", "repair", "test")
    types = [group_events([event(1, kind, "a", None)])[0].type.value for kind in kinds]
    assert types == ["failure", "failure", "success", "warning", "warning", "info", "info"]


@given(st.text(), st.integers(0, 200))
def test_a_cut_is_within_the_bytes_and_between_characters(text: str, most: int) -> None:
    cut = cut_to_bytes(text, most)
    assert len(cut.encode()) <= most
    whole = text.encode("utf-8", "replace").decode()
    assert cut == whole or whole.startswith(cut.removesuffix("…"))
