"""Processes of Windows: which run, and whether it is still the same one."""

from __future__ import annotations

import contextlib
import getpass
import os
import subprocess
import sys

import psutil
import pytest

from portview.domain.owners.process import FieldProblem, ProcessKey
from portview.readers.elevation import is_elevated
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.windows.processes import ProcessTable, open_process

pytestmark = pytest.mark.windows_only("asks Windows for its processes")

WAITING = [sys.executable, "-c", "import sys; sys.stdin.read()", "an argument", "ä€"]


def test_the_list_and_the_handle_tell_the_same_start() -> None:
    listed = ProcessTable().read()
    assert listed[os.getpid()].parent_pid == os.getppid()
    same = [pid for pid, process in listed.items() if process_key(pid) == process.key]
    # A process may end between the two questions, but not most of them.
    assert len(same) >= len(listed) - 2
    assert os.getpid() in same
    for pid in same:
        if pid > 4:
            with contextlib.suppress(psutil.Error):
                created_ms = psutil.Process(pid).create_time() * 1000
                assert abs(created_ms - listed[pid].key.started_ms) <= 1


def test_a_child_is_the_same_one_until_it_ends() -> None:
    with subprocess.Popen(WAITING, stdin=subprocess.PIPE) as child:
        key = process_key(child.pid)
        assert isinstance(key, ProcessKey)
        assert process_key(child.pid) == key
        assert ProcessTable().read()[child.pid].key == key
        assert child.stdin is not None
        child.stdin.close()
        child.wait(timeout=30)
        # The handle that Popen still holds keeps the PID taken, but nothing runs there.
        assert process_key(child.pid) is FieldProblem.PROCESS_GONE
        assert child.pid not in ProcessTable().read()


def test_no_process_has_an_odd_pid() -> None:
    assert process_key(4_000_003) is FieldProblem.PROCESS_GONE
    with pytest.raises(ProcessLookupError), open_process(4_000_003):
        pass


def test_the_kernels_pids_always_are_the_same_processes() -> None:
    assert process_key(0) == ProcessKey(0, 0)
    assert process_key(4) == ProcessKey(4, 0)


def test_every_fact_about_a_child_comes_through() -> None:
    with subprocess.Popen(WAITING, stdin=subprocess.PIPE) as child:
        key = process_key(child.pid)
        assert isinstance(key, ProcessKey)
        info = read_process(key)
        assert child.stdin is not None
        child.stdin.close()
    assert info.problems == {}
    assert (info.executable or "").lower() == sys.executable.lower()
    assert (info.name or "").lower() == os.path.basename(sys.executable).lower()  # noqa: PTH119
    assert info.command_line is not None
    assert info.command_line[3:] == ("an argument", "ä€")
    assert (info.user or "").lower().endswith(getpass.getuser().lower())
    assert info.parent_pid == os.getpid()
    assert read_process(key).problems["name"] is FieldProblem.PROCESS_GONE


def test_whether_this_process_is_elevated_is_told() -> None:
    assert is_elevated() in {True, False}
