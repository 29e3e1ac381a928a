"""What is said about PID 0 and PID 4."""

from __future__ import annotations

import pytest

from portview.domain.owners.system_owners import explain_system_owner
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)


def row(pid: int, state: State | None, port: int = 8080) -> SocketRow:
    protocol = Protocol.TCP if state else Protocol.UDP
    key = SocketKey(protocol, Family.IPV4, Endpoint("0.0.0.0", port), None, None)  # noqa: S104
    return SocketRow(key, state, pid)


@pytest.mark.parametrize(
    ("pid", "state", "port", "words"),
    [
        (0, State.TIME_WAIT, 50000, "TIME_WAIT"),
        (0, State.FIN_WAIT_2, 50000, "closed this socket"),
        (4, State.LISTEN, 80, "http.sys"),
        (4, State.LISTEN, 5985, "WinRM"),
        (4, State.LISTEN, 445, "SMB"),
        (4, None, 137, "NetBIOS"),
        (4, State.LISTEN, 8123, "http.sys"),
        (4, State.ESTABLISHED, 50000, "kernel"),
        (4, None, 80, "kernel"),
    ],
)
def test_the_kernels_sockets_are_explained(
    pid: int, state: State | None, port: int, words: str
) -> None:
    explanation = explain_system_owner(row(pid, state, port), "win32")
    assert explanation is not None
    assert words in explanation


def test_http_sys_serves_no_udp() -> None:
    assert "http.sys" not in (explain_system_owner(row(4, None, 80), "win32") or "")


@pytest.mark.parametrize("pid", [1, 8, 4711])
def test_programs_need_no_explanation(pid: int) -> None:
    assert explain_system_owner(row(pid, State.LISTEN, 80), "win32") is None


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_elsewhere_these_pids_mean_nothing_special(platform: str) -> None:
    assert explain_system_owner(row(4, State.LISTEN), platform) is None
