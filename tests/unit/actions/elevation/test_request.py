"""Errands survive the way to the other side, and nothing else gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.elevation.request import (
    ElevatedOperation,
    ElevatedRequest,
    parse_elevated_request,
)
from portview.actions.safety.seen_process import HeldSocketId, SeenProcess
from portview.domain.errors import PortViewError
from portview.domain.facts import ABSENT, NOT_READ, Known
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.program import RunningProgram
from portview.domain.sockets.socket_row import Endpoint, Protocol, canonical_address

KEYS = st.builds(ProcessKey, st.integers(1, 2**32 - 1), st.integers(0, 10**15 - 1))
DIGESTS = st.one_of(
    st.just(ABSENT), st.just(NOT_READ), st.from_regex(r"[0-9a-f]{16}", fullmatch=True).map(Known)
)
PROGRAMS = st.builds(RunningProgram, DIGESTS, DIGESTS, DIGESTS)
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(
    lambda address: canonical_address(str(address))
)
ENDPOINTS = st.builds(Endpoint, ADDRESSES, st.integers(0, 65535))
SOCKETS = st.builds(HeldSocketId, st.sampled_from(Protocol), ENDPOINTS, st.integers(0, 2**64 - 1))
SEEN = st.builds(SeenProcess, KEYS, PROGRAMS, st.lists(SOCKETS, max_size=3).map(tuple))
ONE_OR_NONE = st.lists(SEEN, max_size=1).map(tuple)
NAMES = st.from_regex(r"[A-Za-z0-9_@:.$ ][A-Za-z0-9_@:.$ \\-]{0,40}", fullmatch=True)
REQUESTS = st.one_of(
    st.builds(
        ElevatedRequest,
        st.just(ElevatedOperation.STOP),
        st.lists(SEEN, min_size=1, max_size=5).map(tuple),
        st.integers(0, 600_000),
        st.booleans(),
    ),
    st.builds(
        ElevatedRequest,
        st.sampled_from(
            [
                ElevatedOperation.STOP_SERVICE,
                ElevatedOperation.START_SERVICE,
                ElevatedOperation.RESTART_SERVICE,
            ]
        ),
        ONE_OR_NONE,
        service=NAMES,
    ),
    st.builds(
        ElevatedRequest,
        st.sampled_from([ElevatedOperation.SUSPEND, ElevatedOperation.RESUME]),
        SEEN.map(lambda seen: (seen,)),
    ),
    st.builds(
        ElevatedRequest,
        st.just(ElevatedOperation.HOLDERS),
        protocol=st.sampled_from(Protocol),
        port=st.integers(1, 65535),
    ),
    st.builds(
        ElevatedRequest,
        st.just(ElevatedOperation.CLOSE),
        ONE_OR_NONE,
        local=ENDPOINTS,
        remote=ENDPOINTS,
        token=st.integers(0, 2**64 - 1),
    ),
)


@given(REQUESTS)
def test_an_errand_is_read_as_it_was_written(elevated_request: ElevatedRequest) -> None:
    assert parse_elevated_request(elevated_request.arguments()) == elevated_request


@given(st.lists(st.text(max_size=30), max_size=6))
def test_anything_else_is_refused(words: list[str]) -> None:
    for arguments in (words, ["errand", *words], ["errand", "stop", *words]):
        try:
            elevated_request = parse_elevated_request(arguments)
        except PortViewError:
            continue
        assert parse_elevated_request(elevated_request.arguments()) == elevated_request


@pytest.mark.parametrize(
    "words",
    [
        "errand",
        "errand stop",
        "errand stop ask 5000",
        "errand stop ask 5000 0:5:-:-:-",
        "errand stop ask 5000 -1:5:-:-:-",
        "errand stop ask 5000 12:5",
        "errand stop ask 5000 12:5:-:-",
        "errand stop ask 5000 12:5:x:-:-",
        "errand stop ask 5000 12:5:0123456789ABCDEF:-:-",
        "errand stop ask 900000 12:5:-:-:-",
        "errand stop gently 5000 12:5:-:-:-",
        "errand stop ask 5000 on=tcp,127.0.0.1:80,5",
        "errand stop ask 5000 12:5:-:-:- on=sctp,127.0.0.1:80,5",
        "errand stop ask 5000 12:5:-:-:- on=tcp,127.0.0.1:70000,5",
        "errand stop ask 5000 12:5:-:-:- on=tcp,999.0.0.1:80,5",
        "errand stop ask 5000 12:5:-:-:- on=tcp,[0:0::1]:80,5",
        "errand stop ask 5000 12:5:-:-:- on=tcp,127.0.0.1:80",
        "errand stop-service --force",
        "errand stop-service a b",
        "errand stop-service a 12:5:-:-:- 13:5:-:-:-",
        "errand stop-service ../etc",
        "errand close 127.0.0.1:1",
        "errand close 127.0.0.1:1 127.0.0.1:2",
        "errand close 127.0.0.1:1 127.0.0.1:2 x",
        "errand close 127.0.0.1:1 300.0.0.1:2 0",
        "errand close 127.0.0.1:1 [::1]:70000 0",
        "errand close localhost:1 127.0.0.1:2 0",
        "errand suspend",
        "errand suspend 0:5:-:-:-",
        "errand suspend 12:5:-:-:- 13:5:-:-:-",
        "errand resume 12:5",
        "errand holders tcp",
        "errand holders tcp 0",
        "errand holders tcp 65536",
        "errand holders sctp 80",
        "errand holders tcp 80 81",
        "errand run /bin/sh",
    ],
)
def test_near_misses_are_refused(words: str) -> None:
    with pytest.raises(PortViewError):
        parse_elevated_request(words.split())
