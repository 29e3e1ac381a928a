"""For thousands of sockets that hold still, every way of reading tells the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from portview.readers.linux.sockets import LinuxSocketReader
from portview.readers.psutil_sockets import PsutilSocketReader
from tests.benchmarks.socket_load import SocketLoad

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.domain.sockets.socket_row import SocketRow

pytestmark = [
    pytest.mark.linux_only(reason="compares NETLINK_SOCK_DIAG with psutil and ss"),
    pytest.mark.xdist_group("load"),
]

SOCKETS = 3_000
Fact = tuple[str, int, str, int, str, int]

_SS_STATES = {"ESTAB": "ESTABLISHED", "LISTEN": "LISTEN"}
_SS_LINE = re.compile(
    r"(?P<state>\S+)\s+\d+\s+\d+\s+(?P<local>\S+):(?P<local_port>\d+)\s+"
    r"(?P<remote>\S+):(?P<remote_port>\d+|\*)\s+users:\((?P<users>.*)\)"
)


@pytest.fixture(scope="module")
def load() -> Iterator[SocketLoad]:
    with SocketLoad(SOCKETS) as opened:
        yield opened


def facts(rows: Iterable[SocketRow], load: SocketLoad) -> Counter[Fact]:
    """Return endpoints, state and PID of the sockets of the load."""
    return Counter(
        (*row.local, *(row.remote or ("", 0)), str(row.state), row.pid or 0)
        for row in rows
        if row.pid in load.pids
    )


def ss_facts(output: str, load: SocketLoad) -> Counter[Fact]:
    found: Counter[Fact] = Counter()
    for match in map(_SS_LINE.match, output.splitlines()):
        if match is None:
            continue
        port = match["remote_port"]
        remote = ("", 0) if port == "*" else (match["remote"], int(port))
        for pid in map(int, re.findall(r"pid=(\d+)", match["users"])):
            if pid in load.pids:
                state = _SS_STATES.get(match["state"], match["state"])
                found[match["local"], int(match["local_port"]), *remote, state, pid] += 1
    return found


def test_the_native_reader_agrees_with_psutil(load: SocketLoad) -> None:
    native, reference = LinuxSocketReader(), PsutilSocketReader()
    try:
        told = facts(native.read().rows, load)
        expected = facts(reference.read().rows, load)
    finally:
        native.close()
    assert sum(expected.values()) >= SOCKETS
    assert told - expected == Counter()
    assert expected - told == Counter()


@pytest.mark.skipif(shutil.which("ss") is None, reason="ss (iproute2) is not installed")
def test_the_native_reader_agrees_with_ss(load: SocketLoad) -> None:
    native = LinuxSocketReader()
    try:
        told = facts(native.read().rows, load)
        command = [shutil.which("ss") or "ss", "-H", "-t", "-a", "-n", "-p"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    finally:
        native.close()
    expected = ss_facts(output, load)
    assert sum(expected.values()) >= SOCKETS
    assert told - expected == Counter()
    assert expected - told == Counter()


def test_after_churn_every_new_socket_has_its_owner_at_once(load: SocketLoad) -> None:
    native, reference = LinuxSocketReader(), PsutilSocketReader()
    try:
        native.read()
        for _ in range(5):
            load.churn(SOCKETS // 20)
            assert facts(native.read().rows, load) == facts(reference.read().rows, load)
    finally:
        native.close()
