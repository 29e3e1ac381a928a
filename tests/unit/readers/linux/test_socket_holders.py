"""The picture of who holds which socket, on a /proc of the test's own making."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from portview.readers.linux import socket_holders

if TYPE_CHECKING:
    from portview.readers.linux.socket_holders import SocketHolders
    from tests.fakes.proc_folder import FakeProc

pytestmark = pytest.mark.linux_only("descriptors as links")

SOCKET, OTHER = 5001, 5002
MANY_UPDATES = 40


def settle(holders: SocketHolders) -> None:
    for _ in range(MANY_UPDATES):
        holders.update({}, ())


def test_a_pid_that_passes_on_takes_nothing_with_it(proc: FakeProc, holders: SocketHolders) -> None:
    first = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    assert holders.owners(SOCKET) == (first,)
    second = proc.put(70, 20, {4: OTHER})
    assert SOCKET in holders.update({OTHER: 0}, ()), "the socket's owner is another"
    assert holders.owners(SOCKET) == ()
    assert holders.owners(OTHER) == (second,)


def test_a_pid_that_passes_on_with_the_same_descriptor_is_the_new_process(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_holders, "_ROTATION_LINKS", 0)
    first = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    second = proc.put(70, 20, {3: SOCKET})
    assert second != first
    assert SOCKET in holders.update({}, ())
    assert first not in holders.owners(SOCKET), "noticed at once, by the folder alone"
    settle(holders)
    assert holders.owners(SOCKET) == (second,)


def test_another_start_time_in_the_same_folder_is_another_process(
    proc: FakeProc, holders: SocketHolders
) -> None:
    first = proc.put(70, 10, {3: SOCKET, 4: OTHER})
    holders.update({SOCKET: 0, OTHER: 0}, ())
    second = proc.begin(70, 20)
    proc.close(70, 4)
    settle(holders)
    assert holders.owners(SOCKET) == (second,)
    assert first not in holders.owners(OTHER)


def test_a_process_that_ended_holds_nothing(proc: FakeProc, holders: SocketHolders) -> None:
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    shutil.rmtree(proc.folder / "70")
    assert SOCKET in holders.update({}, ())
    assert holders.owners(SOCKET) == ()


def test_a_descriptor_that_was_closed_or_reused_is_noticed_in_turn(
    proc: FakeProc, holders: SocketHolders
) -> None:
    one = proc.put(70, 10, {3: SOCKET, 4: OTHER})
    holders.update({SOCKET: 0, OTHER: 0}, ())
    proc.close(70, 3)
    proc.close(70, 4)
    proc.open(70, 4, SOCKET)
    settle(holders)
    assert holders.owners(SOCKET) == (one,)
    assert holders.owners(OTHER) == ()


def test_shared_sockets_are_looked_at_again_and_again(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the turn of all processes, which would find it as well some time."""
    monkeypatch.setattr(socket_holders, "_ROTATION_LINKS", 0)
    parent, child = proc.put(70, 10, {3: SOCKET}), proc.put(71, 11, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    settle(holders)
    assert holders.owners(SOCKET) == (parent, child)
    proc.close(70, 3)
    holders.update({}, ())
    assert holders.owners(SOCKET) == (child,)


def test_a_shared_socket_that_is_gone_is_not_looked_at_any_more(
    proc: FakeProc, holders: SocketHolders
) -> None:
    proc.put(70, 10, {3: SOCKET})
    proc.put(71, 11, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    proc.close(70, 3)
    proc.close(71, 3)
    holders.update({}, (SOCKET,))
    settle(holders)
    assert holders.owners(SOCKET) == ()
    assert holders.pending == frozenset()


def test_hidden_processes_are_told(proc: FakeProc, holders: SocketHolders) -> None:
    holders.update({}, ())
    assert not holders.has_hidden_processes
    shutil.rmtree(proc.folder / "1")
    holders.update({}, ())
    assert holders.has_hidden_processes, "process 1 always runs"
