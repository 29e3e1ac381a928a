"""What the options of the firewall commands mean."""

from __future__ import annotations

import os
from argparse import Namespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.cli.firewall_arguments import (
    awaited_process,
    expiry,
    full_program,
    one_remote,
    parse_lifetime_ms,
)
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import process_key

UNITS = {"s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST_MS = 366 * UNITS["d"]


@given(st.integers(0, 10**7), st.sampled_from(list(UNITS)), st.sampled_from(["", " "]))
def test_a_lifetime_is_its_number_in_its_unit(number: int, unit: str, gap: str) -> None:
    wanted = number * UNITS[unit]
    for text in (f"{number}{gap}{unit}", f" {number}{gap}{unit.upper()} "):
        if 1000 <= wanted <= LONGEST_MS:
            assert parse_lifetime_ms(text) == wanted
        else:
            with pytest.raises(PortViewError):
                parse_lifetime_ms(text)


@given(st.text(max_size=12))
def test_any_other_text_is_a_mistake_or_within_bounds(text: str) -> None:
    try:
        lifetime = parse_lifetime_ms(text)
    except PortViewError:
        return
    assert 1000 <= lifetime <= LONGEST_MS


def test_a_part_of_a_unit_counts() -> None:
    assert parse_lifetime_ms("1.5h") == 5_400_000


@pytest.mark.parametrize(
    "text", ["", "1", "1h30m", "-1h", "1w", "0s", "400d", "1.h", "\u0661h", "1e3s"]
)
def test_what_is_no_lifetime_is_refused(text: str) -> None:
    with pytest.raises(PortViewError) as refused:
        parse_lifetime_ms(text)
    assert refused.value.outcome is Outcome.BAD_INPUT
    assert refused.value.hint


def options(**given: object) -> Namespace:
    return Namespace(**{"lifetime": None, "until": None, "until_end": None, **given})


def test_a_rule_ends_after_a_span_at_a_time_or_never() -> None:
    assert expiry(options(), 1000) is None
    assert expiry(options(lifetime="1h"), 1000) == 3_601_000
    assert expiry(options(until=iso_time(5_000)), 1000) == 5_000
    for until in (iso_time(1_000), "tomorrow", "2026-01-01T00:00:00"):
        with pytest.raises(PortViewError):
            expiry(options(until=until), 1000)


def test_a_rule_ends_with_a_process_that_is_there() -> None:
    key = ProcessKey(7, 5)
    assert awaited_process(options(), key) is None
    assert awaited_process(options(until_end=""), key) == key
    assert awaited_process(options(until_end=str(os.getpid())), None) == process_key(os.getpid())
    for pid in ("", "x", "-1", "0", "4194999999", "99999999999999999999"):
        with pytest.raises(PortViewError) as refused:
            awaited_process(options(until_end=pid), None)
        assert refused.value.outcome is Outcome.BAD_INPUT


def test_programs_and_clients_get_their_full_form() -> None:
    assert full_program(None) is None
    assert full_program("any") is None
    assert full_program("system") == "System"
    assert full_program("server") == os.path.join(os.getcwd(), "server")  # noqa: PTH109, PTH118
    assert one_remote("any") is None
    assert one_remote("[2001:DB8::1]") == "2001:db8::1"
    with pytest.raises(PortViewError):
        one_remote("10.0.0.0/8")
