"""Names of addresses: found in the background, remembered for a while, never waited for."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.readers import host_names
from portview.readers.host_names import (
    FAILURE_LASTS_S,
    MOST_KNOWN,
    MOST_THREADS,
    NAME_LASTS_S,
    NO_NAME_LASTS_S,
    HostNames,
    resolve_host,
)
from tests.fakes.data_sources import FakeClock, FakeResolver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 20


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.001)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def resolver() -> FakeResolver:
    return FakeResolver({"10.0.0.1": "one.example", "10.0.0.2": "two.example"})


@pytest.fixture
def names(resolver: FakeResolver, clock: FakeClock) -> Iterator[HostNames]:
    made = HostNames(resolver, clock)
    yield made
    resolver.gate.set()
    made.close()


def test_names_come_in_the_background(names: HostNames, resolver: FakeResolver) -> None:
    resolver.gate.clear()
    names.want(["10.0.0.1", "10.0.0.2", "10.0.0.1"])
    assert names.known() == {}
    resolver.gate.set()
    wait_for(lambda: len(names.known()) == 2)
    assert names.known() == {"10.0.0.1": "one.example", "10.0.0.2": "two.example"}
    assert sorted(resolver.asked) == ["10.0.0.1", "10.0.0.2"]


def test_a_mapping_that_was_handed_out_stays_as_it_is(names: HostNames) -> None:
    before = names.known()
    names.want(["10.0.0.1"])
    wait_for(names.known)
    assert before == {}


def test_what_is_known_or_has_no_name_is_not_asked_for_again_until_its_time_is_over(
    names: HostNames, resolver: FakeResolver, clock: FakeClock
) -> None:
    addresses = ["10.0.0.1", "10.0.0.99"]
    names.want(addresses)
    wait_for(lambda: len(names._answers) == 2)
    names.want(addresses)
    clock.now_s += NO_NAME_LASTS_S - 1
    names.want(addresses)
    assert sorted(resolver.asked) == addresses
    clock.now_s += 1
    names.want(addresses)
    wait_for(lambda: resolver.asked.count("10.0.0.99") == 2)
    clock.now_s += NAME_LASTS_S
    names.want(["10.0.0.1"])
    wait_for(lambda: resolver.asked.count("10.0.0.1") == 2)


def test_a_silent_name_server_is_asked_again_soon_and_takes_no_name_away(
    names: HostNames, resolver: FakeResolver, clock: FakeClock
) -> None:
    names.want(["10.0.0.1"])
    wait_for(names.known)
    clock.now_s += NAME_LASTS_S
    resolver.error = TimeoutError("no answer")
    names.want(["10.0.0.1"])
    wait_for(lambda: len(resolver.asked) == 2 and not names._in_work)
    assert names.known() == {"10.0.0.1": "one.example"}
    names.want(["10.0.0.1"])
    assert len(resolver.asked) == 2
    resolver.error = None
    resolver.names["10.0.0.1"] = "other.example"
    clock.now_s += FAILURE_LASTS_S
    names.want(["10.0.0.1"])
    wait_for(lambda: names.known() == {"10.0.0.1": "other.example"})


def test_what_went_out_of_sight_before_its_turn_is_not_asked_for(
    names: HostNames, resolver: FakeResolver
) -> None:
    resolver.gate.clear()
    first = [f"10.1.0.{number}" for number in range(100)]
    names.want(first)
    wait_for(lambda: len(resolver.asked) == MOST_THREADS)
    names.want(["10.0.0.1"])
    resolver.gate.set()
    wait_for(names.known)
    assert sorted(resolver.asked) == sorted([*first[:MOST_THREADS], "10.0.0.1"])
    assert resolver.most_at_once == MOST_THREADS


def test_closing_does_not_wait_for_a_resolver_that_hangs(
    names: HostNames, resolver: FakeResolver
) -> None:
    resolver.gate.clear()
    names.want(["10.0.0.1", "10.0.0.2"])
    wait_for(lambda: len(resolver.asked) == 2)
    assert all(thread.daemon for thread in names._threads)
    started = time.monotonic()
    names.close()
    assert time.monotonic() - started < 5
    names.want(["10.0.0.3"])
    assert names._waiting == []


def test_threads_end_when_there_is_nothing_to_do(
    names: HostNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_names, "IDLE_S", 0.01)
    names.want(["10.0.0.1"])
    wait_for(lambda: names.known() and not names._threads)
    names.want(["10.0.0.2"])
    wait_for(lambda: len(names.known()) == 2)


def test_only_so_many_names_are_kept(names: HostNames, resolver: FakeResolver) -> None:
    addresses = [f"10.{number >> 8}.{number & 255}.1" for number in range(MOST_KNOWN + 10)]
    resolver.names = dict.fromkeys(addresses, "x.example")
    names.want(addresses)
    wait_for(lambda: len(resolver.asked) == len(addresses) and not names._in_work)
    assert len(names.known()) == MOST_KNOWN


def test_the_systems_resolver_answers() -> None:
    assert resolve_host("127.0.0.1")


def failing_lookup(error: Exception) -> Callable[..., tuple[str, str]]:
    def look_up(*_: object) -> tuple[str, str]:
        raise error

    return look_up


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "no name"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "hostile"),
    ],
)
def test_no_name_and_a_name_of_odd_bytes_are_both_none(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(socket, "getnameinfo", failing_lookup(error))
    assert resolve_host("10.0.0.1") is None
    assert resolve_host("fe80::1%3") is None


def test_a_failure_for_now_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    error = socket.gaierror(socket.EAI_AGAIN, "later")
    monkeypatch.setattr(socket, "getnameinfo", failing_lookup(error))
    with pytest.raises(OSError, match="later"):
        resolve_host("10.0.0.1")


_HANGING = """
import time
from portview.readers.host_names import HostNames

names = HostNames(lambda _address: time.sleep(120))
names.want(["10.0.0.1", "10.0.0.2"])
while not names._in_work:
    time.sleep(0.001)
names.close()
print("closed", flush=True)
"""


def test_a_program_ends_although_the_resolver_hangs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HANGING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("closed", 0), done.stderr
