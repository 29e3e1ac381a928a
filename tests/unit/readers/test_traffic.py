"""A traffic reader that is opened when somebody looks."""

from __future__ import annotations

from portview.readers.traffic import NoTraffic, TrafficOnDemand


class Opener:
    def __init__(self) -> None:
        self.opened: list[NoTraffic] = []

    def __call__(self) -> NoTraffic:
        self.opened.append(NoTraffic("Only for administrators."))
        return self.opened[-1]


def test_it_is_opened_once_with_the_first_question() -> None:
    opener = Opener()
    reader = TrafficOnDemand(opener)
    assert not opener.opened
    assert reader.unavailable_reason == "Only for administrators."
    assert reader.read([]) == {}
    assert len(opener.opened) == 1
    reader.close()


def test_what_was_never_opened_has_nothing_to_close() -> None:
    opener = Opener()
    TrafficOnDemand(opener).close()
    assert not opener.opened
