"""What one update reads, in links: the first places of new sockets, and never more than its bound.

Ten thousand descriptors are no reason for a table that comes late.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

from portview.readers.linux import socket_holders
from tests.fakes.proc_folder import Refusals, count_reads

if TYPE_CHECKING:
    from portview.readers.linux.socket_holders import SocketHolders
    from tests.fakes.proc_folder import FakeProc

pytestmark = [
    pytest.mark.linux_only("descriptors as links"),
    pytest.mark.usefixtures("no_rotation"),
]

SOCKET, OTHER, NEW, NOWHERE = 5001, 5002, 6000, 9999
NO_PID = 5_000_000
"""Above what a kernel gives out, so that a system call about it is about no process."""


@pytest.fixture
def no_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_holders, "_ROTATION_LINKS", 0)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    return count_reads(monkeypatch, socket_holders)


def limit(monkeypatch: pytest.MonkeyPatch, links: int) -> None:
    monkeypatch.setattr(socket_holders, "_SEARCH_LINKS", links)


def opened(proc: FakeProc, pid: int, first: int, count: int, inode: int = NEW) -> dict[int, int]:
    """Open some sockets in a row; return what an update says of them."""
    for number in range(count):
        proc.open(pid, first + number, inode + number)
    return {inode + number: 0 for number in range(count)}


def found(holders: SocketHolders, come: dict[int, int]) -> list[int]:
    return [inode for inode in come if holders.owners(inode)]


def test_behind_the_last_descriptor_only_one_is_read_in_vain(
    proc: FakeProc, holders: SocketHolders, reads: list[tuple[int, int]]
) -> None:
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    come = opened(proc, 70, 4, 2)
    holders.update({**come, NOWHERE: 0}, ())
    assert reads[:3] == [(70, 4), (70, 5), (70, 6)]
    reads.clear()
    holders.update(opened(proc, 70, 6, 1, SOCKET + 900), ())
    assert reads == [(70, 6), (70, 7)]


def test_what_is_known_is_not_read_again_in_a_search(
    proc: FakeProc, holders: SocketHolders, reads: list[tuple[int, int]]
) -> None:
    proc.put(70, 10, {3: SOCKET, 4: OTHER})
    (proc.folder / "70" / "fd" / "2").symlink_to("/dev/null")
    holders.update({SOCKET: 0, OTHER: 0}, ())
    holders.update({NOWHERE: 0}, ())
    assert sorted(reads) == [(70, 2), (70, 5)]


def test_the_bound_counts_what_is_found_in_free_places_and_behind_the_last(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.put(70, 10, {3: SOCKET, 4: OTHER, 5: 5003})
    holders.update({SOCKET: 0, OTHER: 0, 5003: 0}, ())
    limit(monkeypatch, 4)
    proc.close(70, 3)
    proc.close(70, 4)
    come = opened(proc, 70, 3, 2)
    come |= opened(proc, 70, 6, 9, NEW + 2)
    holders.update(come, (SOCKET, OTHER))
    assert found(holders, come) == list(come)[:4]


def test_free_places_are_given_up_after_some_that_stay_free(
    proc: FakeProc,
    holders: SocketHolders,
    monkeypatch: pytest.MonkeyPatch,
    reads: list[tuple[int, int]],
) -> None:
    monkeypatch.setattr(socket_holders, "_CLOSED_IN_A_ROW", 4)
    held = {3 + number: 7000 + number for number in range(30)}
    proc.put(70, 10, held)
    holders.update(dict.fromkeys(held.values(), 0), ())
    limit(monkeypatch, 1)
    for descriptor in held:
        proc.close(70, descriptor)
    # Four are free, then one is taken; twice so, and then five are free.
    come = opened(proc, 70, 7, 1) | opened(proc, 70, 12, 1, NEW + 1) | {NEW + 2: 0}
    proc.open(70, 18, NEW + 2)
    holders.update(come, held.values())
    assert found(holders, come) == [NEW, NEW + 1]
    assert [descriptor for _pid, descriptor in reads] == list(range(3, 18))
    reads.clear()
    holders.update({NOWHERE: 0}, ())
    looked_at = {descriptor for _pid, descriptor in reads}
    assert looked_at.isdisjoint({7, 12}), "they are not free any more"


def recent(proc: FakeProc, holders: SocketHolders, before: int = 71, last: int = 70) -> None:
    """Have two processes open sockets."""
    proc.put(before, 11, {3: 8001})
    proc.put(last, 10, {3: 8002})
    holders.update({8001: 0, 8002: 0}, ())
    for pid, inode in ((before, 8003), (last, 8004)):
        holders.update(opened(proc, pid, 4, 1, inode), ())
        assert holders.owners(inode)


@pytest.mark.parametrize(("before", "last"), [(71, 70), (70, 71)])
def test_who_opened_sockets_last_is_looked_at_first_and_alone_within_the_bound(
    proc: FakeProc,
    holders: SocketHolders,
    monkeypatch: pytest.MonkeyPatch,
    reads: list[tuple[int, int]],
    before: int,
    last: int,
) -> None:
    recent(proc, holders, before, last)
    limit(monkeypatch, 3)
    reads.clear()
    come = opened(proc, last, 5, 5) | opened(proc, before, 5, 1, NEW + 5)
    holders.update(come, ())
    assert found(holders, come) == [NEW, NEW + 1, NEW + 2]
    assert reads == [(last, 5), (last, 6), (last, 7)]


def test_processes_that_ended_take_no_place_of_those_that_run(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.put(70, 10, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    ended = range(100, 130)
    for pid in ended:
        proc.put(pid, 11, {3: pid * 100})
    holders.update({pid * 100: 0 for pid in ended}, ())
    for pid in ended:
        proc.end(pid)
    holders.update({}, [pid * 100 for pid in ended])
    limit(monkeypatch, 1)
    come = opened(proc, 70, 4, 1)
    holders.update(come, ())
    assert found(holders, come) == [NEW]


def test_a_process_that_is_no_longer_new_is_not_walked_again(
    proc: FakeProc, holders: SocketHolders, reads: list[tuple[int, int]]
) -> None:
    holders.update({}, ())
    proc.put(70, 10, {3: SOCKET})
    walked = []
    for age in range(40):
        reads.clear()
        holders.update({}, ())
        if reads:
            walked.append(age)
    assert walked == [0, 1, 2, 4, 8, 16]


def test_only_what_several_processes_hold_is_read_again(
    proc: FakeProc, holders: SocketHolders, reads: list[tuple[int, int]]
) -> None:
    proc.put(70, 10, {3: SOCKET, 4: SOCKET, 5: OTHER})
    proc.put(71, 11, {3: OTHER})
    holders.update({SOCKET: 0, OTHER: 0}, ())
    holders.update({}, ())
    assert sorted(reads) == [(70, 5), (71, 3)]
    proc.close(71, 3)
    holders.update({}, ())
    reads.clear()
    for _ in range(3):
        holders.update({}, ())
    assert reads == []


def test_shared_sockets_whose_holders_all_ended_are_nobodys(
    proc: FakeProc, holders: SocketHolders
) -> None:
    proc.put(70, 10, {3: SOCKET})
    proc.put(71, 11, {3: SOCKET})
    holders.update({SOCKET: 0}, ())
    proc.end(70)
    proc.end(71)
    assert holders.update({}, ()) == {SOCKET}
    assert holders.owners(SOCKET) == ()


def test_who_held_sockets_off_the_tables_is_sought_there_first_and_the_search_ends(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pid in (NO_PID, NO_PID + 10, NO_PID + 20):
        owner = proc.put(pid, 10, {})
        table = proc.folder / str(pid) / "task" / str(pid + 1) / "fd"
        table.mkdir(parents=True)
        for descriptor in range(10, 40):
            (table / str(descriptor)).symlink_to("/dev/null")
    for descriptor in range(10, 40):
        (table / str(descriptor)).unlink()
    (table / "3").symlink_to(f"socket:[{SOCKET}]")
    holders.update({SOCKET: 0}, ())
    holders.update({}, ())
    assert holders.owners(SOCKET) == (owner,)
    (table / "4").symlink_to(f"socket:[{OTHER}]")
    # Four processes are opened for the usual search, and the first of three for this one.
    limit(monkeypatch, 4 * 8 + 1 + 8 + 5)
    holders.update({OTHER: 0}, ())
    assert holders.owners(OTHER) == (owner,)
    assert holders.pending == frozenset()


def test_what_is_left_of_the_bound_is_for_those_before(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    recent(proc, holders)
    limit(monkeypatch, 3)
    come = opened(proc, 70, 5, 2) | opened(proc, 71, 5, 1, NEW + 2)
    holders.update(come, ())
    assert found(holders, come) == list(come)


def test_one_that_may_not_be_read_does_not_end_the_search_among_the_last(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    recent(proc, holders)
    limit(monkeypatch, 1)
    Refusals(monkeypatch, socket_holders, errno.EACCES).opening.add(70)
    come = dict.fromkeys(opened(proc, 71, 5, 1), os.geteuid())
    holders.update(come, ())
    assert found(holders, come) == list(come)


def test_a_search_reads_as_many_links_as_its_bound_leaves(
    proc: FakeProc,
    holders: SocketHolders,
    monkeypatch: pytest.MonkeyPatch,
    reads: list[tuple[int, int]],
) -> None:
    proc.end(1)
    proc.put(70, 10, {})
    for descriptor in range(16):
        (proc.folder / "70" / "fd" / str(descriptor)).symlink_to("/dev/null")
    own = os.geteuid()
    holders.update({}, ())
    # To open the process costs 8 and to list its descriptors 16 / 4.
    limit(monkeypatch, 20)
    holders.update({NOWHERE: own}, ())
    assert len(reads) == 8
    holders.update({}, ())
    assert len(set(reads)) == 16, "it goes on where it was"


def test_a_search_off_the_tables_keeps_the_bound_as_well(
    proc: FakeProc,
    holders: SocketHolders,
    monkeypatch: pytest.MonkeyPatch,
    reads: list[tuple[int, int]],
) -> None:
    proc.end(1)
    proc.put(NO_PID, 10, {})
    table = proc.folder / str(NO_PID) / "task" / str(NO_PID + 1) / "fd"
    table.mkdir(parents=True)
    for descriptor in range(30):
        (table / str(descriptor)).symlink_to("/dev/null")
    holders.update({NOWHERE: os.geteuid()}, ())
    limit(monkeypatch, 20)
    holders.update({}, ())
    assert len(reads) == 12
    assert holders.pending == {NOWHERE}
    for _ in range(3):
        holders.update({}, ())
    assert len(set(reads)) == 30
    assert holders.pending == frozenset()


def test_a_thread_table_that_may_not_be_listed_is_a_denial(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    denials = Refusals(monkeypatch, socket_holders, errno.EACCES)
    proc.put(70, 10, {})
    holders.update({NOWHERE: 0}, ())
    assert not holders.has_hidden_processes
    denials.listing.add(70)
    holders.update({}, ())
    assert holders.denied_pids == (70,)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_socket_registered_with_io_uring_is_found_and_lost_again(
    proc: FakeProc, holders: SocketHolders, is_first: bool
) -> None:
    if not is_first:
        holders.update({}, ())
    owner = proc.put(NO_PID, 10, {})
    folder = proc.folder / str(NO_PID)
    (folder / "fd" / "5").symlink_to("anon_inode:[io_uring]")
    (folder / "fdinfo").mkdir()
    ring = folder / "fdinfo" / "5"
    ring.write_text(f"SqMask:\t0\nUserFiles:\t1\n    0: socket:[{SOCKET}]\nUserBufs:\t0\n")
    holders.update({SOCKET: 0}, ())
    holders.update({}, ())
    assert holders.owners(SOCKET) == (owner,)
    assert holders.pending == frozenset()
    # The process before had the ring; the next one of this PID has none.
    proc.put(NO_PID, 20, {})
    assert holders.update({}, ()) == {SOCKET}
    assert holders.owners(SOCKET) == ()


class NoFilesLeft:
    """An import that fails as it does while too many files are open."""

    def find_spec(self, name: str, *_arguments: object) -> None:
        if name.endswith(".unlisted_sockets"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_search_whose_code_can_not_be_loaded_yet_waits(
    proc: FakeProc, holders: SocketHolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = proc.put(NO_PID, 10, {})
    table = proc.folder / str(NO_PID) / "task" / str(NO_PID + 1) / "fd"
    table.mkdir(parents=True)
    (table / "3").symlink_to(f"socket:[{SOCKET}]")
    holders.update({SOCKET: 0}, ())
    with monkeypatch.context() as patched:
        patched.delitem(sys.modules, "portview.readers.linux.unlisted_sockets", raising=False)
        patched.setattr(sys, "meta_path", [NoFilesLeft(), *sys.meta_path])
        holders.update({}, ())
        assert holders.pending == {SOCKET}
    holders.update({}, ())
    assert holders.owners(SOCKET) == (owner,)
