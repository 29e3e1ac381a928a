"""Who a process of Windows runs as, asked of real tokens."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from portview.domain.facts import Known, Unreadable
from portview.readers.elevation import is_elevated
from portview.readers.process_rights import read_process_rights

pytestmark = pytest.mark.windows_only("access tokens")


def test_a_child_has_the_rights_of_its_parent() -> None:
    own = read_process_rights(os.getpid())
    assert isinstance(own, Known)
    assert own.value.user_id.startswith("S-1-5-")
    assert int(own.value.level, 16) >= 0x1000
    assert own.value.is_privileged or not is_elevated()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert read_process_rights(child.pid) == own
        child.communicate(b"\n")


def test_a_process_that_is_not_there_has_unreadable_rights() -> None:
    assert isinstance(read_process_rights(2**31 - 8), Unreadable)
