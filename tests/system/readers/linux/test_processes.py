"""Programs by the name that people know, whatever their threads are called."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import process_key
from portview.readers.processes import ProcessReader, read_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    StartChild = Callable[..., Any]

pytestmark = pytest.mark.linux_only(reason="reads /proc")

RENAMED = """
from pathlib import Path
Path("/proc/self/comm").write_text("http-nio-8080-exec")
print("renamed", flush=True)
input()
"""


def key_of(pid: int) -> ProcessKey:
    key = process_key(pid)
    assert isinstance(key, ProcessKey)
    return key


def test_a_program_whose_main_thread_has_a_name_of_its_own(child: StartChild) -> None:
    renamed = child(RENAMED)
    renamed.hear()
    info = read_process(key_of(renamed.pid))
    assert info.executable
    assert info.name == info.executable.rpartition("/")[2]


def test_a_deleted_executable_is_marked(child: StartChild, tmp_path: Path) -> None:
    sleep = tmp_path / "my-sleep"
    shutil.copy(shutil.which("sleep") or "sleep", sleep)
    code = "import os, sys; print(flush=True); os.execv(sys.argv[1], [sys.argv[1], '60'])"
    sleeper = child(code, str(sleep))
    sleeper.hear()
    key = key_of(sleeper.pid)
    info = read_process(key)
    while info.name != "my-sleep":
        info = read_process(key)
    assert not info.executable_deleted
    sleep.unlink()
    info = read_process(key)
    assert info.executable_deleted
    assert info.executable == str(sleep)
    sleeper.kill()


def test_a_process_that_starts_another_program_gets_its_name(child: StartChild) -> None:
    code = "import os, sys; print(flush=True); input(); os.execvp('sleep', ['sleep', '60'])"
    changing = child(code)
    changing.hear()
    key, reader = key_of(changing.pid), ProcessReader()
    before = reader.describe([key])[key]
    assert before.command_line
    assert before.command_line[0] == sys.executable
    assert reader.describe([key])[key] is before
    changing.say()
    while reader.describe([key])[key].name != "sleep":
        pass
    assert reader.describe([key])[key].key == key
    changing.kill()


def test_what_did_not_change_is_the_same_mapping(child: StartChild) -> None:
    calm = child("print(flush=True); input()")
    calm.hear()
    reader = ProcessReader()
    keys = [key_of(calm.pid)]
    first = reader.describe(keys)
    for _ in range(20):
        assert reader.describe(keys) is first


@pytest.mark.skipif(not shutil.which("perl"), reason="needs Perl")
def test_a_title_that_a_young_process_gives_itself_is_read() -> None:
    # A forked session has the listener's title for a moment.
    rename = '$| = 1; print "x\\n"; <STDIN>; $0 = "sshd: ann"; print "x\\n"; <STDIN>;'
    process = subprocess.Popen(
        [shutil.which("perl") or "", "-e", rename, "listener"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdout.readline()
        key = process_key(process.pid)
        assert isinstance(key, ProcessKey)
        reader = ProcessReader()
        before = reader.describe([key])
        assert before[key].command_line
        assert before[key].command_line[-1] == "listener"
        assert reader.describe([key]) is before
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        after = reader.describe([key])[key].command_line
        assert " ".join(after or ()).rstrip() == "sshd: ann"
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
