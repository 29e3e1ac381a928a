"""Programs are recognised once, in the background, and told in the next snapshot."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from portview.domain.owners.identity import ProgramIdentity
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.readers.recognition import background
from portview.readers.recognition.background import ProgramIdentities

if TYPE_CHECKING:
    from collections.abc import Iterator

INFOS = {
    key: ProcessInfo(key, f"p{key.pid}", command_line=("p", str(key.pid)))
    for key in (ProcessKey(pid, 1) for pid in (1, 2, 3))
}


class Reader:
    """Recognises by the PID, as often as it is asked."""

    def __init__(self) -> None:
        self.read_pids: list[int] = []
        self.done = threading.Semaphore(0)
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.published = False

    def begin(self) -> None:
        self.may_go_on.wait(10)

    def read(self, info: ProcessInfo) -> ProgramIdentity:
        self.read_pids.append(info.pid)
        if info.pid == 3:
            raise RuntimeError("a strange program")
        return ProgramIdentity(f"what {info.command_line}")

    def wait_for(self, identities: ProgramIdentities, count: int) -> None:
        for _ in range(1000):
            if len(identities._known) >= count:
                return
            threading.Event().wait(0.005)
        pytest.fail("it was not recognised")


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def identities(reader: Reader) -> Iterator[ProgramIdentities]:
    made = ProgramIdentities(lambda: reader)
    yield made
    reader.may_go_on.set()
    made.close()


def test_nothing_is_read_before_the_start(identities: ProgramIdentities, reader: Reader) -> None:
    identities.want(INFOS.values())
    assert threading.active_count() == 1 or reader.read_pids == []
    assert identities.join_to(INFOS)[ProcessKey(1, 1)].identity is None
    identities.start()
    reader.wait_for(identities, 3)
    assert identities.join_to(INFOS)[ProcessKey(1, 1)].identity is not None


def test_each_process_is_read_once_and_joined_as_the_same_objects(
    identities: ProgramIdentities, reader: Reader
) -> None:
    identities.start()
    assert identities.join_to(INFOS) == INFOS
    identities.want(INFOS.values())
    reader.wait_for(identities, 3)
    joined = identities.join_to(INFOS)
    assert joined[ProcessKey(1, 1)].identity == ProgramIdentity("what ('p', '1')")
    assert joined[ProcessKey(3, 1)].identity == ProgramIdentity()
    assert identities.join_to(INFOS) is joined
    identities.want(INFOS.values())
    assert sorted(reader.read_pids) == [1, 2, 3]
    fewer = {ProcessKey(1, 1): INFOS[ProcessKey(1, 1)]}
    assert identities.join_to(fewer)[ProcessKey(1, 1)] is joined[ProcessKey(1, 1)]


def test_another_program_under_the_same_process_is_read_anew(
    identities: ProgramIdentities, reader: Reader
) -> None:
    identities.start()
    key = ProcessKey(1, 1)
    identities.want([INFOS[key]])
    reader.wait_for(identities, 1)
    other = ProcessInfo(key, "other", command_line=("other",))
    assert identities.join_to({key: other})[key].identity is None
    identities.want([other])
    for _ in range(1000):
        if identities.join_to({key: other})[key].identity is not None:
            break
        threading.Event().wait(0.005)
    assert identities.join_to({key: other})[key].identity == ProgramIdentity("what ('other',)")


def test_what_went_out_of_sight_is_not_read(identities: ProgramIdentities, reader: Reader) -> None:
    reader.may_go_on.clear()
    identities.start()
    identities.want(INFOS.values())
    identities.want([INFOS[ProcessKey(2, 1)]])
    reader.may_go_on.set()
    reader.wait_for(identities, 1)
    assert reader.read_pids == [2]


def test_a_folder_that_hangs_does_not_keep_the_end(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "CLOSING_WAIT_S", 0.0)
    reader.may_go_on.clear()
    identities = ProgramIdentities(lambda: reader)
    identities.start()
    identities.want(INFOS.values())
    identities.close()
    assert reader.read_pids == []
    reader.may_go_on.set()
