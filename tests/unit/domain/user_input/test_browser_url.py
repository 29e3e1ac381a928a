"""Where a browser is sent."""

from __future__ import annotations

import pytest
from hypothesis import given

from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.user_input.browser_url import browser_url, why_no_browser
from tests.strategies import rows


def listening(address: str, port: int) -> SocketRow:
    key = SocketKey(Protocol.TCP, Family.IPV4, Endpoint(address, port), None, None)
    return SocketRow(key, State.LISTEN)


@pytest.mark.parametrize(
    ("address", "port", "url"),
    [
        ("127.0.0.1", 8080, "http://127.0.0.1:8080/"),
        ("0.0.0.0", 443, "https://localhost:443/"),  # noqa: S104 - data
        ("::", 8443, "https://localhost:8443/"),
        ("::1", 3000, "http://[::1]:3000/"),
    ],
)
def test_the_url_of_a_listener(address: str, port: int, url: str) -> None:
    row = listening(address, port)
    assert why_no_browser(row) == ""
    assert browser_url(row) == url


@given(rows())
def test_only_tcp_listeners_are_opened(row: SocketRow) -> None:
    can_open = why_no_browser(row) == ""
    has_zone = "%" in row.local.address
    assert can_open == (row.state is State.LISTEN and not has_zone)
