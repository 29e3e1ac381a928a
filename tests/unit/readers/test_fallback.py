"""The last resort takes over, says why, and stays."""

from __future__ import annotations

import pytest

from portview.domain.errors import PortViewError
from portview.readers.fallback import FallbackReader
from tests.fakes.readers import FakeSocketReader

REFUSED = PortViewError("netlink_refused", "The kernel refused.")


def refuse_to_open() -> FakeSocketReader:
    raise REFUSED


def test_the_preferred_reader_reads_while_it_can() -> None:
    reader = FallbackReader(lambda: FakeSocketReader("first"), refuse_to_open)
    assert reader.name == "first"
    assert reader.read().notes == ()


def test_a_reader_that_can_not_be_opened_is_replaced_with_a_note() -> None:
    reader = FallbackReader(refuse_to_open, lambda: FakeSocketReader("second"))
    assert reader.name == "second"
    assert reader.read().notes == ("The kernel refused. PortView reads through second instead.",)


def test_a_reader_that_fails_is_closed_and_replaced_for_good() -> None:
    first = FakeSocketReader("first", fails_at=2, error=REFUSED)
    second = FakeSocketReader("second")
    reader = FallbackReader(lambda: first, lambda: second)
    assert reader.read().notes == ()
    for _ in range(2):
        assert len(reader.read().notes) == 1
        assert reader.name == "second"
    assert first.is_closed
    reader.close()
    assert second.is_closed


def test_when_both_fail_the_failure_is_told() -> None:
    second = FakeSocketReader("second", fails_at=1, error=REFUSED)
    reader = FallbackReader(refuse_to_open, lambda: second)
    with pytest.raises(PortViewError):
        reader.read()
