"""What the picture of holders says where the kernel refuses: never that nobody holds a socket."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from portview.domain.errors import PortViewError
from portview.readers.linux import socket_holders
from portview.readers.linux.socket_holders import SocketHolders
from tests.fakes.proc_folder import Refusals

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.proc_folder import FakeProc

pytestmark = pytest.mark.linux_only("descriptors as links")

SOCKET, OTHER, NOWHERE, NEW = 5001, 5002, 5003, 5004
ENOUGH_UPDATES = 8


def settle(holders: SocketHolders) -> None:
    for _ in range(ENOUGH_UPDATES):
        holders.update({}, ())


def denied_by(holders: SocketHolders) -> tuple[int, ...]:
    return holders.denied_pids


@pytest.fixture
def denials(monkeypatch: pytest.MonkeyPatch) -> Refusals:
    return Refusals(monkeypatch, socket_holders, errno.EACCES)


@pytest.fixture
def no_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_holders, "_ROTATION_LINKS", 0)


@pytest.mark.parametrize("step", ["opening", "listing", "reading"])
def test_a_process_that_may_not_be_read_is_denied_until_it_may(
    proc: FakeProc, holders: SocketHolders, denials: Refusals, step: str
) -> None:
    hidden, seen = proc.put(70, 10, {3: SOCKET}), proc.put(71, 11, {3: OTHER})
    getattr(denials, step).add(70)
    holders.update({SOCKET: 0, OTHER: 0}, ())
    assert denied_by(holders) == (70,)
    assert holders.has_hidden_processes
    assert not holders.is_out_of_files
    assert (holders.owners(SOCKET), holders.owners(OTHER)) == ((), (seen,))
    settle(holders)
    assert denied_by(holders) == (70,), "looking again changes nothing"
    getattr(denials, step).clear()
    settle(holders)
    assert denied_by(holders) == ()
    assert not holders.has_hidden_processes
    assert holders.owners(SOCKET) == (hidden,)


@pytest.mark.parametrize("step", ["opening", "listing", "reading"])
def test_a_process_that_comes_denied_or_becomes_so_is_noticed_in_turn(
    proc: FakeProc, holders: SocketHolders, denials: Refusals, step: str
) -> None:
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    assert denied_by(holders) == ()
    getattr(denials, step).update({70, 71})
    proc.put(71, 11, {3: OTHER})
    settle(holders)
    assert denied_by(holders) == (70, 71)
    assert holders.has_hidden_processes


def test_what_may_not_be_read_any_more_is_not_known_any_more(
    proc: FakeProc, holders: SocketHolders, denials: Refusals
) -> None:
    before = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    assert holders.owners(SOCKET) == (before,)
    denials.opening.add(70)
    changed = set[int]()
    for _ in range(ENOUGH_UPDATES):
        changed |= holders.update({}, ())
    assert changed == {SOCKET}
    assert holders.owners(SOCKET) == ()


@pytest.mark.usefixtures("no_rotation")
@pytest.mark.parametrize("step", ["opening", "listing", "reading"])
def test_a_search_for_a_new_socket_meets_denials_and_goes_on(
    proc: FakeProc, holders: SocketHolders, denials: Refusals, step: str
) -> None:
    proc.put(70, 10, {3: SOCKET})
    finder = proc.put(71, 11, {})
    holders.update({SOCKET: 0}, ())
    getattr(denials, step).add(70)
    proc.open(71, 9, NEW)
    own = os.geteuid()
    holders.update({NEW: own}, ())
    assert holders.owners(NEW) == (finder,)
    assert denied_by(holders) == (70,)
    assert holders.pending == frozenset()


@pytest.mark.usefixtures("no_rotation")
@pytest.mark.parametrize("denied", [70, 71, 72])
@pytest.mark.parametrize("step", ["opening", "reading"])
def test_a_denied_holder_of_a_shared_socket_keeps_no_other_from_being_looked_at(
    proc: FakeProc, holders: SocketHolders, denials: Refusals, denied: int, step: str
) -> None:
    keys = {pid: proc.put(pid, 10, {3: SOCKET}) for pid in (70, 71, 72)}
    holders.update({SOCKET: 0}, ())
    getattr(denials, step).add(denied)
    for pid in keys.keys() - {denied}:
        proc.close(pid, 3)
    assert holders.update({}, ()) == {SOCKET}
    # What could be opened but not read is as it was when last seen.
    assert holders.owners(SOCKET) == (() if step == "opening" else (keys[denied],))


def test_with_hidden_processes_only_ones_own_new_sockets_are_sought(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of other users are most likely in a process that can't be read."""
    monkeypatch.setattr(socket_holders, "_SEARCH_LINKS", 0)
    own = os.geteuid()
    holders.update({}, ())
    holders.update({SOCKET: own + 1}, ())
    assert holders.pending == {SOCKET}, "nothing is hidden"
    proc.end(1)
    holders.update({}, (SOCKET,))
    assert holders.pending == frozenset()
    holders.update({OTHER: own, NOWHERE: own + 1}, ())
    assert holders.pending == {OTHER}


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("step", ["opening", "listing", "reading"])
def test_too_many_open_files_say_nothing_about_a_process(
    proc: FakeProc,
    holders: SocketHolders,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    number: int,
) -> None:
    shortage = Refusals(monkeypatch, socket_holders, number)
    owner = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    assert not holders.is_out_of_files
    getattr(shortage, step).add(70)
    holders.update({}, ())
    holders.update({NOWHERE: 0}, ())
    assert holders.is_out_of_files
    assert denied_by(holders) == ()
    assert not holders.has_hidden_processes
    assert holders.owners(SOCKET) == (owner,)
    getattr(shortage, step).clear()
    settle(holders)
    assert not holders.is_out_of_files


@pytest.mark.parametrize("step", ["opening", "listing", "reading"])
def test_a_first_reading_without_files_is_completed_later(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    shortage = Refusals(monkeypatch, socket_holders, errno.EMFILE)
    getattr(shortage, step).add(70)
    owner = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    assert holders.is_out_of_files
    assert (denied_by(holders), holders.owners(SOCKET)) == ((), ())
    getattr(shortage, step).clear()
    settle(holders)
    assert holders.owners(SOCKET) == (owner,)
    assert not holders.is_out_of_files


def test_another_failure_is_no_shortage_and_no_denial(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Refusals(monkeypatch, socket_holders, errno.EIO)
    broken.opening.add(70)
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    assert not holders.is_out_of_files
    assert denied_by(holders) == ()


def test_without_proc_there_is_no_picture(tmp_path: Path) -> None:
    holders = SocketHolders(str(tmp_path / "none"))
    with pytest.raises(PortViewError, match="No such file") as caught:
        holders.update({SOCKET: 0}, ())
    assert caught.value.code == "proc_unreadable"
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_proc_that_can_not_be_listed_once_changes_nothing(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    away = proc.folder.with_name("away")
    proc.folder.rename(away)
    holders.update({}, ())
    away.rename(proc.folder)
    settle(holders)
    assert holders.owners(SOCKET) == (owner,)
    assert not holders.has_hidden_processes
