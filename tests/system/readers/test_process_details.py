"""Parents and usage of real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from portview.domain.facts import Known, Unreadable
from portview.domain.owners.process import FieldProblem, ProcessKey
from portview.domain.owners.process_details import (
    ChainEnd,
    NamedService,
    OwnerQuestion,
    processor_share,
)
from portview.readers.process_details import OwnerDetailsReader, read_parents, read_usage
from portview.readers.process_identity import process_key
from tests.fakes.data_sources import FakeServices, refuse_services

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHILD = """
import subprocess, sys
depth = int(sys.argv[1])
print("here", flush=True)
if depth:
    child = subprocess.Popen([sys.executable, "-c", sys.argv[2], str(depth - 1), sys.argv[2]],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    print(child.pid, flush=True)
sys.stdin.read()
if depth:
    child.communicate()
"""


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """Start a process that starts a process; both end with the test."""
    started = subprocess.Popen(
        [sys.executable, "-c", _CHILD, "1", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield started
    started.communicate(timeout=20)


def key_of(pid: int) -> ProcessKey:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    return key


def hear(child: subprocess.Popen[str]) -> str:
    assert child.stdout
    return child.stdout.readline().strip()


def grandchild_of(child: subprocess.Popen[str]) -> ProcessKey:
    assert hear(child) == "here"
    return key_of(int(hear(child)))


def test_the_chain_of_parents_leads_from_a_grandchild_to_this_process(
    child: subprocess.Popen[str],
) -> None:
    chain = read_parents(grandchild_of(child))
    pids = [parent.pid for parent in chain.parents]
    # A launcher (venv on Windows) may stand in between.
    assert child.pid in pids
    assert os.getpid() in pids
    assert pids.index(child.pid) < pids.index(os.getpid())
    own = next(parent for parent in chain.parents if parent.pid == os.getpid())
    assert "py" in (own.name or "").lower()
    assert all(parent.key == process_key(parent.pid) for parent in chain.parents)
    starts = [parent.key.started_ms for parent in chain.parents if parent.key.started_ms]
    assert starts == sorted(starts, reverse=True)


def test_a_parent_that_is_younger_than_its_child_is_none(
    child: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    young = grandchild_of(child)
    parent_pid = read_parents(young).parents[0].pid
    # The PID of a parent that ended can be given to another process; no kernel does so on demand.
    reused = ProcessKey(parent_pid, young.started_ms + 5000)
    answers = {parent_pid: reused}
    monkeypatch.setattr(
        "portview.readers.process_details.process_key",
        lambda pid: answers.get(pid) or process_key(pid),
    )
    chain = read_parents(young)
    assert (chain.parents, chain.end, chain.end_pid) == ((), ChainEnd.PARENT_GONE, parent_pid)


@pytest.mark.parametrize(
    ("problem", "end"),
    [
        (FieldProblem.PROCESS_GONE, ChainEnd.PARENT_GONE),
        (FieldProblem.ACCESS_DENIED, ChainEnd.UNREADABLE),
    ],
)
def test_the_chain_says_why_it_ends(
    monkeypatch: pytest.MonkeyPatch, problem: FieldProblem, end: ChainEnd
) -> None:
    own = key_of(os.getpid())
    parent = read_parents(own).parents[0]
    monkeypatch.setattr(
        "portview.readers.process_details.process_key",
        lambda pid: problem if pid == parent.pid else process_key(pid),
    )
    chain = read_parents(own)
    assert (chain.parents, chain.end, chain.end_pid) == ((), end, parent.pid)


def test_usage_is_of_one_very_process(child: subprocess.Popen[str]) -> None:
    assert hear(child) == "here"
    key = key_of(child.pid)
    usage = read_usage(key)
    assert usage is not None
    assert usage.memory_bytes is not None
    assert usage.memory_bytes > 1_000_000
    assert usage.processor_ms is not None
    assert read_usage(key._replace(started_ms=key.started_ms - 5000)) is None


def test_a_process_that_works_uses_its_processor() -> None:
    # This very process: Wine does not know the times of others.
    own = key_of(os.getpid())
    before = read_usage(own)
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    after = read_usage(own)
    assert before is not None
    assert after is not None
    assert after.processor_ms - before.processor_ms > 200
    share = processor_share(before, after)
    assert share is not None
    assert 0.01 < share < 1.5


def test_a_process_that_ended_keeps_its_chain_and_uses_nothing(
    child: subprocess.Popen[str],
) -> None:
    reader = OwnerDetailsReader(FakeServices)
    question = OwnerQuestion(grandchild_of(child))
    running = reader.read(question)
    assert running.is_running
    assert running.usage is not None
    assert running.services == Known((NamedService("Dnscache", "DNS Client"),))
    child.communicate(timeout=20)
    until = time.monotonic() + 20
    while reader.read(question).is_running:
        assert time.monotonic() < until
        time.sleep(0.01)
    ended = reader.read(question)
    assert ended.usage is None
    assert ended.chain == running.chain
    assert ended.chain.parents
    assert ended.services == running.services


def test_likely_holders_are_described_where_no_owner_is_known() -> None:
    reader = OwnerDetailsReader(refuse_services)
    own = key_of(os.getpid())
    details = reader.read(OwnerQuestion(None, (own,)))
    assert [holder.pid for holder in details.holders] == [os.getpid()]
    assert not details.is_running
    assert isinstance(reader.read(OwnerQuestion(own)).services, Unreadable)


def test_the_first_process_of_all_ends_its_own_chain() -> None:
    top = read_parents(key_of(os.getpid()))
    assert top.end in {ChainEnd.FIRST, ChainEnd.PARENT_GONE, ChainEnd.UNREADABLE}
    if top.end is ChainEnd.FIRST:
        first = top.parents[-1].key
        assert read_parents(first).parents == ()
