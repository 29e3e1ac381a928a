"""Times that a damaged record or an odd system tells break nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.local_time import local_moment


@given(st.integers(0, 4_000_000_000_000))
def test_a_moment_is_told_to_the_second(unix_ms: int) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", local_moment(unix_ms))


@pytest.mark.parametrize("unix_ms", [10**15, 10**30, -(10**18)])
def test_what_is_no_moment_stays_a_number(unix_ms: int) -> None:
    assert local_moment(unix_ms) == f"{unix_ms} ms"
