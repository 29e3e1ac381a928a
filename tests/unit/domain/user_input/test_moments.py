"""Moments as people type them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import hypothesis.strategies as st
import pytest
from hypothesis import given

from portview.domain.errors import Outcome, PortViewError
from portview.domain.user_input.moments import parse_past

NOW = datetime(2026, 5, 20, 12, 30, 0, tzinfo=UTC)
NOW_MS = round(NOW.timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("90s", 90), ("90m", 5400), ("7d", 604_800), ("1.5h", 5400), ("2w", 1_209_600), ("0s", 0)],
)
def test_an_age_counts_from_now(text: str, ago_s: int) -> None:
    assert parse_past(text, NOW_MS) == NOW_MS - ago_s * 1000


def test_a_time_of_day_is_the_last_one_that_has_been() -> None:
    for text in ("00:00", "0:00", "12:29:59", "23:59", "9:05"):
        moment = parse_past(text, NOW_MS)
        assert NOW_MS - 86_400_000 <= moment <= NOW_MS
        written = datetime.fromtimestamp(moment / 1000, UTC).astimezone()
        assert written.strftime("%H:%M").lstrip("0") == text[: text.index(":") + 3].lstrip("0")


def test_days_and_dates() -> None:
    local = NOW.astimezone()
    assert parse_past("today", NOW_MS) == round(local.replace(hour=0, minute=0).timestamp() * 1000)
    yesterday = parse_past("Yesterday 14:03", NOW_MS)
    assert datetime.fromtimestamp(yesterday / 1000, UTC).astimezone().strftime("%d %H:%M") == (
        f"{local.day - 1} 14:03"
    )
    assert parse_past("2026-05-20T12:30:00Z", NOW_MS) == NOW_MS
    assert parse_past("2026-05-20 14:30:00+02:00", NOW_MS) == NOW_MS


@pytest.mark.parametrize("text", ["", "7", "7x", "25:00", "yesterday noon", "2026-13-01", "-3d"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(PortViewError) as refused:
        parse_past(text, NOW_MS)
    assert (refused.value.code, refused.value.outcome) == ("bad_time", Outcome.BAD_INPUT)


@given(st.text(max_size=30))
def test_no_text_fails_otherwise(text: str) -> None:
    with contextlib.suppress(PortViewError):
        parse_past(text, NOW_MS)
