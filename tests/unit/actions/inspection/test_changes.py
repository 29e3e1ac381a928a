"""What is no longer as it was seen, on sockets that this process really has."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from portview.actions.inspection import verification
from portview.actions.inspection.process_inspection import read_rows
from portview.actions.inspection.verification import Change, changed_since, find_changes
from portview.actions.safety.process_words import describe_process
from portview.actions.safety.refusal import Refusal
from portview.actions.safety.seen_process import HeldSocketId, SeenProcess, sockets_of
from portview.domain.errors import Outcome
from portview.domain.facts import Known, Remedy, Unreadable
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.program import PROGRAM_NOT_READ, RunningProgram
from portview.domain.sockets.socket_row import Endpoint, Protocol, State
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.actions.safety.process_facts import ProcessFacts, SelfContext
    from portview.domain.sockets.socket_row import SocketRow

PROGRAM = RunningProgram(Known("f" * 16), Known("a" * 16), Known("c" * 16))
ANOTHER = replace(PROGRAM, file=Known("e" * 16))
NOBODY = ProcessKey(2**22 + 3, 10)
"""No process has this number."""


def own_key() -> ProcessKey:
    key = process_key(os.getpid())
    assert isinstance(key, ProcessKey)
    return key


def own_name() -> str:
    return describe_process(read_process(own_key()))


def is_allowed(_facts: ProcessFacts, _context: SelfContext, _port: int | None) -> None:
    """Refuse nothing: this process would never be stopped otherwise."""


def same(_key: ProcessKey) -> RunningProgram:
    return PROGRAM


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def row_of(server: socket.socket) -> SocketRow:
    (found,) = (
        row
        for row in read_rows()
        if row.local == Endpoint(*server.getsockname()) and row.state is State.LISTEN
    )
    return found


def seen_with(server: socket.socket, key: ProcessKey | None = None) -> SeenProcess:
    return SeenProcess(key or own_key(), PROGRAM, sockets_of([row_of(server)]))


def changes(*seen: SeenProcess, program: RunningProgram = PROGRAM, has_begun: bool = False):  # noqa: ANN201
    def read_program(key: ProcessKey) -> RunningProgram:
        assert key in {one.key for one in seen}
        return program

    return find_changes(seen, read_program, refuse=is_allowed, has_begun=has_begun)


def test_what_is_as_it_was_has_not_changed(server: socket.socket) -> None:
    assert changes(seen_with(server)) == ()
    assert changes(SeenProcess(own_key(), PROGRAM)) == ()
    assert changes(seen_with(server), SeenProcess(own_key(), PROGRAM)) == ()
    assert changes() == ()


def test_another_program_is_told_with_its_name(server: socket.socket) -> None:
    (change,) = changes(seen_with(server), program=ANOTHER)
    assert change.process == own_key()
    assert not change.is_released
    assert change.sentence.startswith(f"PID {os.getpid()} has started another program since")
    assert "(PID" in change.sentence


def test_a_program_that_can_not_be_read_is_no_proof(server: socket.socket) -> None:
    (change,) = changes(seen_with(server), program=PROGRAM_NOT_READ)
    assert change == Change(own_key(), f"Which program PID {os.getpid()} runs now can't be read.")


def test_a_refusal_is_asked_for_with_the_process_and_the_port(server: socket.socket) -> None:
    asked = []

    def refuse(facts: ProcessFacts, context: SelfContext, port: int | None) -> Refusal | None:
        asked.append((facts.key, context.own, port))
        return Refusal("x", "It must stay.", "Leave it.")

    found = find_changes([seen_with(server)], same, refuse=refuse)
    assert asked == [(own_key(), own_key(), server.getsockname()[1])]
    (change,) = found
    assert change.process == own_key()
    assert change.sentence == f"{own_name()} must not be stopped now: It must stay."
    assert not change.is_released
    find_changes([SeenProcess(own_key(), PROGRAM)], same, refuse=refuse)
    assert asked[-1] == (own_key(), own_key(), None)


def test_without_another_rule_what_must_not_be_stopped_is_refused() -> None:
    (change,) = find_changes([SeenProcess(own_key(), PROGRAM)], same)
    assert "This is PortView itself" in change.sentence


def test_who_closed_its_socket_is_released_of_it(server: socket.socket) -> None:
    seen = seen_with(server)
    port = server.getsockname()[1]
    server.close()
    for has_begun in (False, True):
        (change,) = changes(seen, has_begun=has_begun)
        assert change.process == own_key()
        assert change.is_released
        assert change.sentence == f"{own_name()} no longer holds TCP 127.0.0.1:{port}."


def test_all_sockets_that_are_gone_are_named(server: socket.socket) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        ports = [one.getsockname()[1] for one in (server, other)]
        seen = SeenProcess(own_key(), PROGRAM, sockets_of([row_of(server), row_of(other)]))
        server.close()
        assert changes(seen) == (), "one that is still held is enough"
    (change,) = changes(seen)
    assert f"TCP 127.0.0.1:{ports[0]}, TCP 127.0.0.1:{ports[1]}." in change.sentence


@pytest.mark.linux_only("SO_REUSEPORT, and inodes")
def test_another_socket_at_the_same_place_is_not_the_one_that_was_seen(
    server: socket.socket,
) -> None:
    seen = seen_with(server)
    place = server.getsockname()
    server.close()
    with socket.create_server(place):
        (change,) = changes(seen)
    assert change.is_released


def test_who_was_not_seen_and_holds_the_socket_as_well_is_told(server: socket.socket) -> None:
    """This process holds it; that another one was seen to, is what the plan says."""
    of_another = SeenProcess(NOBODY, PROGRAM, sockets_of([row_of(server)]))
    beside = SeenProcess(ProcessKey(1, 5), PROGRAM)
    verify = verification._Verification((beside, of_another), same, is_allowed)
    verify._seen = (beside, of_another)
    (change,) = verify._others(verify._rows())
    assert change.process == NOBODY
    assert not change.is_released
    port = server.getsockname()[1]
    assert change.sentence == f"{own_name()} holds TCP 127.0.0.1:{port} now as well."


@pytest.mark.linux_only("SO_REUSEPORT")
def test_who_shares_the_place_by_a_socket_of_its_own_is_told_as_well() -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(socket.socket()) for _ in range(2))
        for each in (first, second):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        first.bind(("127.0.0.1", 0))
        first.listen()
        seen = SeenProcess(NOBODY, PROGRAM, sockets_of([row_of(first)]))
        second.bind(first.getsockname())
        second.listen()
        first.close()
        verify = verification._Verification((seen,), same, is_allowed)
        (change,) = verify._others(verify._rows())
        assert change.process == NOBODY


def test_who_is_on_the_way_to_another_program_is_given_a_moment(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child between fork and exec holds what its parent holds."""
    pauses: list[float] = []

    def let_go(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            server.close()

    monkeypatch.setattr(verification.time, "sleep", let_go)
    seen = SeenProcess(NOBODY, PROGRAM, sockets_of([row_of(server)]))
    verify = verification._Verification((seen,), same, is_allowed)
    assert verify._others(verify._rows()) == ()
    assert pauses == [0.1, 0.1]


def test_somebody_else_stops_no_act_that_has_begun(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = (Change(NOBODY, "Somebody else."),)
    monkeypatch.setattr(verification._Verification, "_others", lambda _self, _rows: other)
    assert changes(seen_with(server)) == other
    assert find_changes([seen_with(server)], same, refuse=is_allowed) == other
    assert changes(seen_with(server), has_begun=True) == ()
    assert changes(seen_with(server), program=ANOTHER) != other


@pytest.mark.linux_only("SO_REUSEPORT")
def test_each_who_was_seen_is_told_who_came_to_its_own_socket(server: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        first = SeenProcess(NOBODY, PROGRAM, sockets_of([row_of(server)]))
        second = SeenProcess(ProcessKey(NOBODY.pid, 11), PROGRAM, sockets_of([row_of(other)]))
        verify = verification._Verification((first, second), same, is_allowed)
        found = verify._others(verify._rows())
        assert {change.process for change in found} == {first.key, second.key}


def test_a_likely_holder_may_hold_what_has_no_owner(server: socket.socket) -> None:
    row = row_of(server)
    orphan = row._replace(key=row.key._replace(owner=None), likely_holders=(NOBODY,))
    assert verification._may_hold(NOBODY, orphan)
    assert not verification._may_hold(own_key(), orphan)
    assert verification._may_hold(own_key(), row)
    assert not verification._may_hold(NOBODY, row._replace(likely_holders=(NOBODY,)))


def test_udp_and_what_merely_has_the_number_are_told_apart(server: socket.socket) -> None:
    port = server.getsockname()[1]
    of_udp = HeldSocketId(Protocol.UDP, Endpoint("127.0.0.1", port), 1)
    (change,) = changes(SeenProcess(own_key(), PROGRAM, (of_udp,)))
    assert change.is_released
    with socket.create_connection(server.getsockname()), server.accept()[0] as accepted:
        rows = [row for row in read_rows() if row.local == Endpoint(*accepted.getsockname())]
        served = [row for row in rows if row.state is State.ESTABLISHED]
        assert served
        if not served[0].key.token:
            pytest.skip("this system gives a connection no mark but its server's own address")
        (change,) = changes(SeenProcess(own_key(), PROGRAM, sockets_of(served)))
        assert change.is_released, "a connection keeps no port"


def test_an_act_that_is_not_begun_says_each_change_once() -> None:
    twice = Change(NOBODY, "It moved.")
    error = changed_since([twice, Change(own_key(), "It left."), twice])
    assert (error.code, error.outcome) == ("changed", Outcome.NOT_DONE)
    assert error.message == "Nothing was done. It moved. It left."
    assert error.hint == "Check again before you continue."
    assert Unreadable("x", Remedy.RETRY) != error
