"""Rows that other machines may come to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from portview.domain.sockets import Endpoint, Protocol, SocketRow, State
from tests.made import row

if TYPE_CHECKING:
    from collections.abc import Callable


def open_row(
    port: int,
    state: State | None = State.LISTEN,
    protocol: Protocol = Protocol.TCP,
    address: str = "0.0.0.0",  # noqa: S104 - data
) -> SocketRow:
    """Return a row that listens on all addresses."""
    here = row(port, state, protocol)
    return replace(here, key=here.key._replace(local=Endpoint(address, port)))


@pytest.fixture
def listening() -> Callable[..., SocketRow]:
    """Give a way to write a row down."""
    return open_row
