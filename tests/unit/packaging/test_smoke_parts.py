"""The parts of the smoke test that need no Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windows_program.smoke.findings import SmokeError, expect, wait_for
from windows_program.smoke.traces import Traces
from windows_program.smoke.window import expect_no_errors

if TYPE_CHECKING:
    from pathlib import Path


def test_only_what_is_new_is_left_behind() -> None:
    before = Traces(frozenset({"a", "b"}), frozenset({"HKCU\\k"}))
    after = Traces(frozenset({"b", "c"}), frozenset({"HKCU\\k", "HKCU\\k : v"}))
    assert after.beyond(before) == ["HKCU\\k : v", "c"]
    assert before.beyond(before) == []


def test_what_is_expected_and_missing_ends_the_test() -> None:
    expect(1, "fine")
    with pytest.raises(SmokeError, match="two rows"):
        expect([], "two rows")


def test_waiting_gives_what_was_seen_and_gives_up() -> None:
    answers = iter([None, None, "seen"])
    assert wait_for("it", lambda: next(answers), 60) == "seen"
    with pytest.raises(SmokeError, match="it did not come about within 0 s"):
        wait_for("it", lambda: None, 0)


@pytest.mark.parametrize("level", ["WARNING", "ERROR", "CRITICAL"])
def test_anything_worse_than_information_in_the_log_is_found(tmp_path: Path, level: str) -> None:
    log = tmp_path / "portview.log"
    expect_no_errors(log)
    log.write_text("2031-01-01 00:00:00,000 7 INFO portview: fine\n", "utf-8")
    expect_no_errors(log)
    log.write_text(f"2031-01-01 00:00:00,000 7 {level} portview: an INFO that is none\n", "utf-8")
    with pytest.raises(SmokeError, match=level):
        expect_no_errors(log)
