"""The kernel's countdown of a closed connection, of one that this test closed."""

from __future__ import annotations

import socket

import pytest

from portview.actions.free_port.time_wait import time_wait_left_s

pytestmark = pytest.mark.linux_only(reason="only Linux tells the countdown")

LONGEST_S = 60.0
"""TCP_TIMEWAIT_LEN."""


@pytest.mark.parametrize(
    ("address", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)]
)
def test_the_seconds_of_a_connection_that_was_just_closed(
    own_network: None, address: str, family: socket.AddressFamily
) -> None:
    with socket.create_server((address, 0), family=family) as server:
        port = server.getsockname()[1]
        assert time_wait_left_s(port) is None
        client = socket.create_connection((address, port))
        connection, _ = server.accept()
        # Who closes first keeps the number.
        connection.close()
        assert client.recv(1) == b""
        client.close()
    left = time_wait_left_s(port)
    assert left is not None
    assert LONGEST_S / 2 < left <= LONGEST_S
    assert time_wait_left_s(port + 1 if port < 65535 else port - 1) is None
