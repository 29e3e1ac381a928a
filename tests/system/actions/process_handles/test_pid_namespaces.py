"""Where /proc and system calls number processes differently, nothing is done to anybody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.domain.facts import Known, Remedy, Unreadable
from portview.readers.linux.proc_mount import number_of_pidfd, own_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.actions.conftest import Commanded

pytestmark = [pytest.mark.linux_only("PID namespaces"), pytest.mark.root_only("unshare(2)")]

ROOT = Path(__file__).resolve().parents[4]
FOREIGN = ("unshare", "--pid", "--fork")
OWN = ("unshare", "--pid", "--fork", "--mount-proc")
HOLD = """
import os, sys, time
from portview.actions.process_handles.choose import open_process_handle
from portview.domain.errors import PortViewError
from portview.domain.owners.process import ProcessKey
from portview.readers.process_identity import process_key
sleeper = os.fork()
if sleeper == 0:
    time.sleep(60)
    os._exit(0)
target = int(sys.argv[1]) or sleeper
key = process_key(target)
try:
    with open_process_handle(key if isinstance(key, ProcessKey) else ProcessKey(target, 0)) as hold:
        print("held", hold.key.pid == target)
except PortViewError as error:
    print(error.code)
finally:
    os.kill(sleeper, 9)
    os.waitpid(sleeper, 0)
"""


def inside(prefix: tuple[str, ...], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*prefix, sys.executable, *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_a_bystander_with_the_same_number_is_not_stopped(
    command: Callable[..., Commanded],
) -> None:
    server = command("listen")
    done = inside(FOREIGN, "-m", "portview", "free", str(server.port), "--yes", "--json")
    assert server.is_running
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    (step,) = document["plan"]["steps"]
    assert step["refusal"]["code"] == "foreign_proc"
    assert document["report"]["done"] == "Nothing was done."


def test_no_process_can_be_held_there(command: Callable[..., Commanded]) -> None:
    bystander = command()
    for pid in (bystander.pid, 0):
        done = inside(FOREIGN, "-c", HOLD, str(pid))
        assert done.stdout.strip() == "foreign_proc", done.stderr
    assert bystander.is_running


def test_with_a_proc_of_its_own_a_namespace_is_like_any_machine() -> None:
    done = inside(OWN, "-c", HOLD, "0")
    assert done.stdout.strip() == "held True", done.stderr


def test_a_pidfd_says_its_own_number() -> None:
    assert own_number() == Known(os.getpid())
    pidfd = os.pidfd_open(os.getppid())
    try:
        assert number_of_pidfd(pidfd) == Known(os.getppid())
    finally:
        os.close(pidfd)


@pytest.mark.parametrize("content", ["pos:\t0\n", "Pid:\n", "Pid:\tx\n", ""])
def test_a_pidfd_without_a_number_proves_nothing(tmp_path: Path, content: str) -> None:
    own = tmp_path / str(os.getpid())
    (own / "fdinfo").mkdir(parents=True)
    (own / "fdinfo" / "7").write_text(content, "ascii")
    (tmp_path / "self").symlink_to(str(os.getpid()))
    assert isinstance(number_of_pidfd(7, str(tmp_path)), Unreadable)
    (own / "fdinfo" / "7").write_text("pos:\t0\nPid:\t-1\nNSpid:\t-1\n", "ascii")
    assert number_of_pidfd(7, str(tmp_path)) == Known(-1)


def test_a_proc_in_which_we_are_another_is_not_ours(tmp_path: Path) -> None:
    for number in (os.getpid() + 1, 0):
        (tmp_path / "self").unlink(missing_ok=True)
        if number:
            (tmp_path / "self").symlink_to(str(number))
        said = own_number(str(tmp_path))
        assert isinstance(said, Unreadable)
        assert said.remedy is Remedy.NAMESPACE
        assert number_of_pidfd(3, str(tmp_path)) == said
