"""Which program a process runs, on the system that runs the test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portview.domain.facts import Known, Unreadable
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.program import RunningProgram, Sameness, compare_programs
from portview.readers.process_identity import process_key
from portview.readers.running_program import read_program


def key_of(pid: int) -> ProcessKey:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    return key


def test_the_same_program_is_the_same_and_another_is_not() -> None:
    own = key_of(os.getpid())
    before = read_program(own)
    assert isinstance(before.file, Known)
    assert compare_programs(before, read_program(own)) is Sameness.SAME
    other = "/bin/cat"
    if sys.platform == "win32":
        other = str(Path(os.environ["SYSTEMROOT"]) / "System32" / "cmd.exe")
    child = subprocess.Popen([other], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        now = read_program(key_of(child.pid))
        assert isinstance(now.file, Known)
        assert compare_programs(before, now) is Sameness.OTHER
    finally:
        child.kill()
        child.communicate()


def test_a_process_that_ended_has_no_program() -> None:
    program = read_program(ProcessKey(os.getpid(), 1))
    assert isinstance(program.file, Unreadable)
    assert compare_programs(program, program) is Sameness.UNREADABLE


@pytest.mark.windows_only("a handle on the process")
def test_a_handle_tells_the_same_as_the_pid() -> None:
    from portview.readers.windows.processes import open_process  # noqa: PLC0415
    from portview.readers.windows.running_program import read_windows_program  # noqa: PLC0415

    with open_process(os.getpid()) as handle:
        by_handle = read_windows_program(handle)
    assert by_handle == read_program(key_of(os.getpid()))


A, B = Known("a" * 16), Known("b" * 16)
GONE = Unreadable("no")


@pytest.mark.parametrize(
    ("seen", "now", "expected"),
    [
        (RunningProgram(A, A, A), RunningProgram(A, A, B), Sameness.SAME),
        (RunningProgram(A, A, A), RunningProgram(A, B, A), Sameness.SAME),
        (RunningProgram(A, A, A), RunningProgram(A, B, B), Sameness.OTHER),
        (RunningProgram(A, A, A), RunningProgram(B, A, A), Sameness.OTHER),
        (RunningProgram(A, A, A), RunningProgram(GONE, A, A), Sameness.UNREADABLE),
        (RunningProgram(A, GONE, A), RunningProgram(A, GONE, A), Sameness.SAME),
        (RunningProgram(A, GONE, A), RunningProgram(A, GONE, B), Sameness.OTHER),
        (RunningProgram(A, GONE, GONE), RunningProgram(A, GONE, A), Sameness.UNREADABLE),
        (RunningProgram(GONE, GONE, A), RunningProgram(A, A, A), Sameness.SAME),
        (RunningProgram(GONE, GONE, A), RunningProgram(A, A, B), Sameness.OTHER),
        (RunningProgram(GONE, GONE, GONE), RunningProgram(A, A, A), Sameness.UNREADABLE),
        (RunningProgram(), RunningProgram(), Sameness.UNREADABLE),
    ],
)
def test_what_counts_as_the_same(
    seen: RunningProgram, now: RunningProgram, expected: Sameness
) -> None:
    assert compare_programs(seen, now) is expected
