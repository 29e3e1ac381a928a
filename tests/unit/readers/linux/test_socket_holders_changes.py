"""How soon the picture of holders follows what processes do, within the bounds of one update."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from portview.readers.linux import socket_holders

if TYPE_CHECKING:
    from portview.readers.linux.socket_holders import SocketHolders
    from tests.fakes.proc_folder import FakeProc

pytestmark = pytest.mark.linux_only("descriptors as links")

SOCKET, OTHER, THIRD, NEW = 5001, 5002, 5003, 5004
NO_PID = 5_000_000
"""Above what a kernel gives out, so that a system call about it is about no process."""


@pytest.fixture
def no_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the turn of all processes, which finds everything some time."""
    monkeypatch.setattr(socket_holders, "_ROTATION_LINKS", 0)


@pytest.fixture
def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no more than the first places that new descriptors go to."""
    monkeypatch.setattr(socket_holders, "_SEARCH_LINKS", 1)


def numbered(first: int, count: int) -> dict[int, int]:
    """Return descriptors from 3 on, each of its own socket."""
    return {3 + number: first + number for number in range(count)}


# What a reading says.


def test_before_the_first_reading_nothing_is_missing(holders: SocketHolders) -> None:
    assert not holders.is_out_of_files
    assert not holders.has_hidden_processes
    holders.update({NEW: os.geteuid() + 1}, ())
    assert holders.pending == {NEW}, "another user's is sought as well where nothing is hidden"


def test_the_machines_own_processes_are_read_where_no_folder_is_named() -> None:
    real = socket_holders.SocketHolders()
    with socket.create_server(("127.0.0.1", 0)) as server:
        inode = os.fstat(server.fileno()).st_ino
        real.update({inode: os.geteuid()}, ())
        assert os.getpid() in {key.pid for key in real.owners(inode)}
    real.close()


def test_a_first_reading_knows_everything_without_a_bound(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_holders, "_SEARCH_LINKS", 0)
    keys = {pid: proc.put(pid, 10, numbered(pid * 100, 20)) for pid in range(70, 90)}
    sockets = {pid * 100 + number: 0 for pid in keys for number in range(20)}
    assert holders.update(sockets, ()) == sockets.keys()
    assert holders.pending == frozenset()
    for inode in sockets:
        assert holders.owners(inode) == (keys[inode // 100],)


def test_an_update_names_the_sockets_whose_owners_may_have_changed_and_no_others(
    proc: FakeProc, holders: SocketHolders
) -> None:
    proc.put(70, 10, {3: SOCKET, 4: OTHER, 5: THIRD})
    assert holders.update({SOCKET: 0, NEW: 0}, ()) == {SOCKET, NEW}, "one that nobody has, too"
    assert holders.update({}, ()) == set()
    # What is no socket of the table changes nothing in it; it may come to it later.
    assert holders.update({OTHER: 0}, ()) == {OTHER}
    assert holders.owners(OTHER)
    proc.end(70)
    assert holders.update({}, (OTHER,)) == {SOCKET}


def test_each_owner_is_named_once_in_the_order_of_pids(
    proc: FakeProc, holders: SocketHolders
) -> None:
    second = proc.put(72, 11, {3: SOCKET, 7: SOCKET})
    first = proc.put(71, 10, {5: SOCKET})
    third = proc.put(700, 5, {5: SOCKET})
    holders.update({SOCKET: 0}, ())
    assert holders.owners(SOCKET) == (first, second, third)
    assert holders.owners(OTHER) == ()


@pytest.mark.usefixtures("no_rotation")
def test_one_of_two_descriptors_of_a_process_is_enough(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(70, 10, {3: SOCKET, 4: SOCKET})
    other = proc.put(71, 11, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    proc.close(70, 3)
    holders.update({}, ())
    assert holders.owners(SOCKET) == (owner, other)
    proc.close(70, 4)
    holders.update({}, ())
    assert holders.owners(SOCKET) == (other,)


# Where new sockets are found.


@pytest.mark.usefixtures("no_rotation", "no_search")
def test_a_new_socket_behind_the_last_descriptor_is_found_at_once(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(70, 10, {3: SOCKET, 9: OTHER})
    holders.update({SOCKET: 0}, ())
    proc.open(70, 10, NEW)
    assert holders.update({NEW: 0}, ()) == {NEW}
    assert holders.owners(NEW) == (owner,)
    assert holders.pending == frozenset()
    proc.open(70, 11, THIRD)
    holders.update({THIRD: 0}, ())
    assert holders.owners(THIRD) == (owner,)


@pytest.mark.usefixtures("no_rotation", "no_search")
def test_a_new_socket_in_the_place_of_one_that_went_is_found_at_once(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(70, 10, {3: SOCKET, 4: OTHER})
    holders.update({SOCKET: 0, OTHER: 0}, ())
    for went, came in ((SOCKET, NEW), (NEW, THIRD)):
        proc.close(70, 3)
        proc.open(70, 3, came)
        assert holders.update({came: 0}, (went,)) == {came}
        assert (holders.owners(went), holders.owners(came)) == ((), (owner,))
        assert holders.pending == frozenset()


@pytest.mark.usefixtures("no_rotation", "no_search")
def test_a_server_whose_socket_is_its_standard_input_is_found_at_once(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(70, 10, {0: SOCKET})
    holders.update({SOCKET: 0}, ())
    proc.close(70, 0)
    proc.open(70, 0, NEW)
    holders.update({NEW: 0}, (SOCKET,))
    assert holders.owners(NEW) == (owner,)


@pytest.mark.usefixtures("no_rotation")
def test_many_new_sockets_behind_the_last_are_all_found(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    for descriptor in range(4, 44):
        proc.open(70, descriptor, 6000 + descriptor)
    holders.update({6000 + descriptor: 0 for descriptor in range(4, 44)}, ())
    assert {holders.owners(6000 + descriptor) for descriptor in range(4, 44)} == {(owner,)}


@pytest.mark.usefixtures("no_rotation")
def test_a_new_socket_of_a_process_without_any_is_found_in_the_same_update(
    proc: FakeProc, holders: SocketHolders
) -> None:
    proc.put(70, 10, {3: SOCKET})
    owner = proc.put(71, 11, {})
    holders.update({SOCKET: 0}, ())
    proc.open(71, 12, NEW)
    holders.update({NEW: 0}, ())
    assert holders.owners(NEW) == (owner,)
    assert holders.pending == frozenset()


@pytest.mark.usefixtures("no_rotation")
def test_a_search_goes_on_at_the_next_updates_where_one_is_not_enough(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_holders, "_SEARCH_LINKS", 40)
    for pid in range(70, 80):
        last = proc.put(pid, 10, {})
        for descriptor in range(3, 23):
            (proc.folder / str(pid) / "fd" / str(descriptor)).symlink_to("/dev/null")
    holders.update({}, ())
    proc.open(79, 30, NEW)
    updates = 0
    holders.update({NEW: 0}, ())
    while not holders.owners(NEW):
        assert holders.pending == {NEW}
        updates += 1
        assert updates < 20
        holders.update({}, ())
    assert updates >= 1, "the bound of one update is kept"
    assert holders.owners(NEW) == (last,)
    assert holders.pending == frozenset()


@pytest.mark.usefixtures("no_rotation")
def test_a_socket_whose_last_known_holder_ended_is_sought_at_once(
    proc: FakeProc, holders: SocketHolders
) -> None:
    proc.put(70, 10, {3: SOCKET})
    heir = proc.put(71, 11, {})
    holders.update({SOCKET: 0}, ())
    proc.open(71, 8, SOCKET)
    holders.update({}, ())
    proc.end(70)
    assert holders.update({}, ()) == {SOCKET}
    assert holders.owners(SOCKET) == (heir,)


def test_what_nobody_has_is_not_sought_for_ever(proc: FakeProc, holders: SocketHolders) -> None:
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0, NEW: 0}, ())
    assert holders.pending == {NEW}, "a first reading leaves the places off the tables for later"
    holders.update({}, ())
    assert holders.pending == frozenset()
    assert holders.owners(NEW) == ()
    holders.update({THIRD: 0}, ())
    assert holders.pending == frozenset()


@pytest.mark.usefixtures("no_rotation")
def test_a_socket_that_only_a_thread_with_a_table_of_its_own_has_is_found(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(NO_PID, 10, {3: OTHER})
    table = proc.folder / str(NO_PID) / "task" / str(NO_PID + 1) / "fd"
    table.mkdir(parents=True)
    (table / "3").symlink_to(f"socket:[{SOCKET}]")
    (table / "4").symlink_to(f"socket:[{THIRD}]")
    assert holders.update({SOCKET: 0, OTHER: 0}, ()) == {SOCKET, OTHER}
    assert holders.owners(SOCKET) == ()
    assert holders.pending == {SOCKET}
    assert holders.update({}, ()) == {SOCKET}
    assert holders.owners(SOCKET) == (owner,)
    assert holders.pending == frozenset()
    assert holders.owners(THIRD) == (), "no socket of the table"


def test_a_socket_off_the_tables_that_was_closed_is_noticed_in_turn(
    proc: FakeProc, holders: SocketHolders
) -> None:
    owner = proc.put(NO_PID, 10, {})
    table = proc.folder / str(NO_PID) / "task" / str(NO_PID + 1) / "fd"
    table.mkdir(parents=True)
    (table / "3").symlink_to(f"socket:[{SOCKET}]")
    holders.update({SOCKET: 0}, ())
    holders.update({}, ())
    holders.update({}, ())
    assert holders.owners(SOCKET) == (owner,), "a walk over the usual table does not lose it"
    (table / "3").unlink()
    for _ in range(4):
        holders.update({}, ())
    assert holders.owners(SOCKET) == ()
    # The same place again is another socket's.
    (table / "3").symlink_to(f"socket:[{NEW}]")
    holders.update({NEW: 0}, (SOCKET,))
    assert holders.owners(NEW) == (owner,)


# What changes without a new socket.


@pytest.mark.usefixtures("no_rotation")
@pytest.mark.parametrize("at_age", [0, 1, 3, 7, 15])
def test_a_new_process_is_looked_at_again_while_it_is_young(
    proc: FakeProc, holders: SocketHolders, at_age: int
) -> None:
    first = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    young = proc.put(71, 11, {})
    for _ in range(at_age + 1):
        holders.update({}, ())
    # Sent over a Unix socket, say.
    proc.open(71, 3, SOCKET)
    holders.update({}, ())
    assert holders.owners(SOCKET) == (first, young)


@pytest.mark.usefixtures("no_rotation")
def test_what_a_new_process_inherited_and_closed_is_forgotten(
    proc: FakeProc, holders: SocketHolders
) -> None:
    parent = proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    child = proc.put(71, 11, {3: SOCKET})
    assert holders.update({}, ()) == {SOCKET}
    assert holders.owners(SOCKET) == (parent, child)
    proc.close(71, 3)
    assert holders.update({}, ()) == {SOCKET}
    assert holders.owners(SOCKET) == (parent,)


@pytest.mark.usefixtures("no_rotation")
def test_what_a_new_process_put_in_the_place_of_a_socket_is_noticed(
    proc: FakeProc, holders: SocketHolders
) -> None:
    first = proc.put(70, 10, {3: OTHER})
    holders.update({SOCKET: 0, OTHER: 0}, ())
    young = proc.put(71, 11, {3: SOCKET})
    holders.update({}, ())
    assert holders.owners(SOCKET) == (young,)
    # As dup2(2) does.
    proc.close(71, 3)
    proc.open(71, 3, OTHER)
    assert holders.update({}, ()) == {SOCKET, OTHER}
    assert (holders.owners(SOCKET), holders.owners(OTHER)) == ((), (first, young))


def test_every_process_has_its_turn_and_one_that_ended_holds_nobody_up(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_holders, "_ROTATION_LINKS", 20)
    keys = [proc.put(pid, 10, numbered(pid * 100, 10)) for pid in range(70, 80)]
    holders.update({SOCKET: 0}, ())
    for pid in range(70, 79, 2):
        proc.end(pid)
    for pid in range(71, 80, 2):
        proc.open(pid, 30, SOCKET)
    updates = 0
    while len(holders.owners(SOCKET)) < 5:
        holders.update({}, ())
        updates += 1
        assert updates < 30
    assert updates > 1, "the bound of one update is kept"
    assert holders.owners(SOCKET) == tuple(keys[1::2])


@pytest.mark.usefixtures("no_rotation")
def test_shared_sockets_are_looked_at_in_turn(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_holders, "_SHARED_SOCKETS", 2)
    sockets = numbered(6000, 6)
    proc.put(70, 10, sockets)
    child = proc.put(71, 11, sockets)
    holders.update(dict.fromkeys(sockets.values(), 0), ())
    for _ in range(3):
        holders.update({}, ())
    for descriptor in sockets:
        proc.close(70, descriptor)
    closed = []
    for _ in range(3):
        changed = holders.update({}, ())
        assert {holders.owners(inode) for inode in changed} == {(child,)}
        closed.append(len(changed))
    assert closed == [2, 2, 2]
    assert holders.update({}, ()) == set()


@pytest.mark.usefixtures("no_rotation")
def test_a_shared_descriptor_that_is_another_socket_now_is_that_one(
    proc: FakeProc, holders: SocketHolders
) -> None:
    parent, child = proc.put(70, 10, {3: SOCKET}), proc.put(71, 11, {3: SOCKET})
    holders.update({SOCKET: 0, OTHER: 0}, ())
    proc.close(71, 3)
    proc.open(71, 3, OTHER)
    assert holders.update({}, ()) == {SOCKET, OTHER}
    assert (holders.owners(SOCKET), holders.owners(OTHER)) == ((parent,), (child,))


def test_within_the_bound_every_process_has_its_turn_at_each_update(
    proc: FakeProc, holders: SocketHolders
) -> None:
    pids = range(70, 76)
    for pid in pids:
        proc.put(pid, 10, {3: pid * 100})
    sockets = {pid * 100: 0 for pid in pids}
    holders.update(sockets, ())
    for pid in pids[::2]:
        proc.end(pid)
    for pid in pids[1::2]:
        proc.close(pid, 3)
    assert holders.update({}, ()) == sockets.keys()
    assert {holders.owners(inode) for inode in sockets} == {()}


def test_a_process_that_is_alone_has_its_turn_as_well(
    proc: FakeProc, holders: SocketHolders
) -> None:
    proc.end(1)
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    proc.close(70, 3)
    assert holders.update({}, ()) == {SOCKET}
    assert holders.owners(SOCKET) == ()


# A PID that passes on.


@pytest.mark.parametrize("links", ["_ROTATION_LINKS", "_SEARCH_LINKS"])
def test_a_walk_that_began_in_the_process_before_takes_nothing_from_the_next(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch, links: str
) -> None:
    monkeypatch.setattr(socket_holders, "_ROTATION_LINKS", 0)
    monkeypatch.setattr(socket_holders, links, 12)
    held = numbered(6000, 30)
    sockets = dict.fromkeys(held.values(), 0)
    if links == "_ROTATION_LINKS":
        proc.put(70, 10, held)
        holders.update(sockets, ())
    else:
        holders.update({}, ())
        proc.put(70, 10, held)
        holders.update(sockets, ())
    holders.update({}, ())
    second = proc.put(70, 20, held)
    monkeypatch.setattr(socket_holders, links, 8192)
    for _ in range(4):
        holders.update({}, ())
    assert {holders.owners(inode) for inode in sockets} == {(second,)}


@pytest.mark.usefixtures("no_rotation", "no_search")
def test_the_places_of_the_process_before_are_not_those_of_the_next(
    proc: FakeProc, holders: SocketHolders
) -> None:
    proc.put(70, 10, {3: SOCKET, 40: OTHER})
    holders.update({SOCKET: 0, OTHER: 0}, ())
    second = proc.put(70, 20, {})
    holders.update({}, ())
    assert (holders.owners(SOCKET), holders.owners(OTHER)) == ((), ())
    proc.open(70, 3, NEW)
    third = proc.put(71, 21, {3: THIRD})
    for _ in range(4):
        holders.update({NEW: 0, THIRD: 0}, (SOCKET, OTHER))
    assert holders.owners(THIRD) in {(third,), ()}
    assert holders.owners(NEW) in {(second,), ()}


# The end.


def open_files(proc: FakeProc) -> list[str]:
    """Return what this process holds open in that folder."""
    links = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with suppress(FileNotFoundError):
            links.append(os.readlink(f"/proc/self/fd/{name}"))  # noqa: PTH115
    return [link for link in links if link.startswith(str(proc.folder))]


def test_closing_leaves_no_file_open(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = proc.folder / str(NO_PID) / "task" / str(NO_PID + 1) / "fd"
    proc.put(NO_PID, 10, {})
    table.mkdir(parents=True)
    for descriptor in range(60):
        (table / str(descriptor)).symlink_to("/dev/null")
    for pid in range(70, 74):
        proc.put(pid, 10, numbered(pid * 100, 60))
    holders.update({SOCKET: 0}, ())
    for name in ("_SEARCH_LINKS", "_ROTATION_LINKS"):
        monkeypatch.setattr(socket_holders, name, 30)
    proc.put(80, 10, numbered(8000, 60))
    for inode in range(NEW, NEW + 20):
        holders.update({inode: 0}, ())
    assert open_files(proc), "walks are under way"
    holders.close()
    assert open_files(proc) == []


@pytest.mark.usefixtures("no_rotation")
def test_closing_leaves_no_new_process_open(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    holders.update({}, ())
    monkeypatch.setattr(socket_holders, "_SEARCH_LINKS", 30)
    proc.put(80, 10, numbered(8000, 60))
    holders.update({}, ())
    assert open_files(proc), "its walk is under way"
    holders.close()
    assert open_files(proc) == []


@pytest.mark.usefixtures("no_rotation")
def test_a_pid_that_passes_on_leaves_no_file_open(proc: FakeProc, holders: SocketHolders) -> None:
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    for started in range(20, 25):
        proc.put(70, started, {})
        holders.update({}, ())
    assert open_files(proc) == []
