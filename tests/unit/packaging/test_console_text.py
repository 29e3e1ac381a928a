"""Bytes of console programs become the text that they were, whatever the system's code page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.windows.console_text import UTF_8, console_code_page, decode_console
from portview.readers.windows.http_sys import read_http_state
from portview.readers.windows.netsh import NetshAnswer
from windows_program.smoke.netsh_texts import LANGUAGES, service_state

PAGES = sorted(LANGUAGES)
PAGES_WITHOUT_GAPS = {437, 850, 866, 936}
"""Nearly each byte, or pair of bytes, is a letter there; UTF-8 can't be told from it."""


@pytest.mark.parametrize("page", PAGES)
def test_text_in_a_code_page_is_read_as_it_was_written(page: int) -> None:
    text = service_state(page, 8080, 4242)
    assert decode_console(text.encode(f"cp{page}"), page) == text


@pytest.mark.parametrize("page", PAGES)
def test_utf_8_is_known_where_it_is_none_of_a_double_byte_page(page: int) -> None:
    written = "Größe: 端口 8080, Порт"
    text = decode_console(written.encode(), page)
    assert text == written or page in PAGES_WITHOUT_GAPS
    assert "8080" in text


@given(st.binary(max_size=60), st.sampled_from([*PAGES, UTF_8, 720, 12345]))
def test_any_bytes_become_some_text(output: bytes, page: int) -> None:
    assert isinstance(decode_console(output, page), str)


@given(st.from_regex(r"[ -\[\]-}]{0,40}", fullmatch=True), st.sampled_from(PAGES))
def test_ascii_is_itself_in_every_page(text: str, page: int) -> None:
    assert decode_console(text.encode("ascii"), page) == text


def test_utf_16_is_known_by_its_mark() -> None:
    assert decode_console(b"\xff\xfe" + "端口".encode("utf-16-le"), 850) == "端口"


def test_the_page_is_one_that_can_be_read() -> None:
    assert decode_console(b"Port 8080", console_code_page()) == "Port 8080"


@pytest.mark.parametrize("page", PAGES)
def test_processes_behind_urls_are_found_in_every_language(
    page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = service_state(page, 8080, 4242)
    monkeypatch.setattr("portview.readers.windows.console_text.console_code_page", lambda: page)
    state = read_http_state(lambda *_words: NetshAnswer(text.encode(f"cp{page}")))
    assert [(one.port, one.pids) for one in state.registrations] == [(8080, (4242,))]
    assert state.registrations[0].queue == LANGUAGES[page].queue_name
