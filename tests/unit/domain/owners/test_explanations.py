"""What is said about an owner in full sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from portview.domain.owners.explanations import describe_chain, describe_holders, owner_sentences
from portview.domain.owners.owners import owner_problem_reason
from portview.domain.owners.process import FieldProblem, ProcessInfo, ProcessKey
from portview.domain.owners.process_details import (
    ChainEnd,
    ParentChain,
    ProcessUsage,
    processor_share,
)
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.socket_row import OwnerProblem, State
from tests.factories import row
from tests.strategies import entries

OWNED = row(80)
UNOWNED = OWNED._replace(key=OWNED.key._replace(owner=None), pid=None)
INFO = ProcessInfo(ProcessKey(1, 5), "app")


def test_a_plain_owner_needs_no_words() -> None:
    assert owner_sentences(SocketEntry(OWNED, INFO), "linux") == ()


@pytest.mark.parametrize("problem", OwnerProblem)
def test_a_problem_is_explained_with_the_pid_that_is_named(problem: OwnerProblem) -> None:
    entry = SocketEntry(UNOWNED._replace(owner_problem=problem, pid=8))
    assert owner_sentences(entry, "linux") == (
        owner_problem_reason(entry.row),
        "The system names PID 8.",
    )


def test_a_socket_that_no_process_holds_is_explained() -> None:
    (waiting,) = owner_sentences(SocketEntry(UNOWNED._replace(state=State.TIME_WAIT)), "linux")
    assert "TIME_WAIT" in waiting
    (other,) = owner_sentences(SocketEntry(UNOWNED._replace(state=State.CLOSED)), "linux")
    assert "system keeps it" in other


def test_windows_own_processes_are_explained_on_windows() -> None:
    idle = UNOWNED._replace(pid=0, state=State.TIME_WAIT)
    (sentence,) = owner_sentences(SocketEntry(idle), "win32")
    assert "Windows keeps" in sentence
    system = row(445, pid=4)
    (sentence,) = owner_sentences(
        SocketEntry(system, ProcessInfo(ProcessKey(4, 0), "System")), "win32"
    )
    assert "SMB" in sentence


def test_unread_facts_are_told_together_with_what_would_help() -> None:
    problems = {
        "user": FieldProblem.ACCESS_DENIED,
        "executable": FieldProblem.ACCESS_DENIED,
        "command_line": FieldProblem.ACCESS_DENIED,
        "name": FieldProblem.UNAVAILABLE,
    }
    denied, unavailable = owner_sentences(
        SocketEntry(OWNED, replace(INFO, problems=problems)), "linux"
    )
    assert denied == (
        "The executable, command line and user could not be read: access denied. "
        "Started as administrator, PortView could see it."
    )
    assert unavailable == "The name could not be read: not available."
    gone = replace(INFO, executable_deleted=True)
    assert "deleted or replaced" in owner_sentences(SocketEntry(OWNED, gone), "linux")[0]


@given(entries)
def test_every_owner_gets_whole_sentences(entry: SocketEntry) -> None:
    for platform in ("linux", "win32"):
        for sentence in owner_sentences(entry, platform):
            assert sentence.endswith((".", "child process that inherited it."))
            assert sentence[0].isupper()


def test_a_chain_is_told_from_the_nearest_on() -> None:
    parents = (
        ProcessInfo(ProcessKey(20, 1), "bash"),
        ProcessInfo(ProcessKey(10, 1)),
    )
    assert describe_chain(ParentChain(parents)) == "bash (20) ← PID 10"
    gone = ParentChain(parents[:1], ChainEnd.PARENT_GONE, 7)
    assert describe_chain(gone) == "bash (20) ← PID 7, which has ended"
    assert describe_chain(ParentChain((), ChainEnd.UNREADABLE, 7)) == "a process that can't be read"
    assert describe_chain(ParentChain()) == ""
    assert describe_holders(parents) == "bash (20), PID 10"


def test_the_share_of_a_processor() -> None:
    before = ProcessUsage(1000.0, 1, 5000.0)
    assert processor_share(before, ProcessUsage(2000.0, 1, 7000.0)) == 0.5
    assert processor_share(before, ProcessUsage(2000.0, 1, 5000.0)) is None
    assert processor_share(before, ProcessUsage(None, 1, 7000.0)) is None
    assert processor_share(before, ProcessUsage(900.0, 1, 7000.0)) == 0.0
