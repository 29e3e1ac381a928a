from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.windows.registry import REG_DWORD, REG_EXPAND_SZ, REG_SZ, parse_value


@given(st.text(st.characters(exclude_characters="\0"), max_size=50), st.booleans())
def test_a_text_is_read_up_to_its_end(text: str, has_end: bool) -> None:
    data = text.encode("utf-16-le", "surrogatepass") + (b"\0\0more" if has_end else b"")
    assert parse_value(REG_SZ, data) == text
    assert parse_value(REG_EXPAND_SZ, data) == text


@given(st.integers(-20, 20), st.binary(max_size=40))
def test_no_data_breaks_the_reading(kind: int, data: bytes) -> None:
    assert parse_value(kind, data) is None or isinstance(parse_value(kind, data), int | str)


@pytest.mark.parametrize(
    ("kind", "data", "value"),
    [
        (REG_DWORD, b"\1\0\0\0", 1),
        (REG_DWORD, b"\0\0\0\x80", 0x80000000),
        (REG_DWORD, b"\1", None),
        (REG_SZ, b"a\0b", "a"),
        (REG_SZ, b"", ""),
        (REG_SZ, b"\0\xd8", "\ud800"),
        (3, b"a\0", None),
    ],
)
def test_numbers_and_texts_are_read_and_nothing_else(
    kind: int, data: bytes, value: int | str | None
) -> None:
    assert parse_value(kind, data) == value
