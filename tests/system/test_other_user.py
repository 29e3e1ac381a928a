"""The prefix with which the tests become another user reaches what only root may enter."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.other_user import first_closed, prefix_for

pytestmark = [
    pytest.mark.linux_only("mount namespaces"),
    pytest.mark.root_only("becomes another user"),
]


def test_nobody_reads_a_checkout_below_a_folder_of_roots(tmp_path: Path) -> None:
    closed = tmp_path / "of root"
    checkout = closed / "deeper" / "checkout"
    checkout.mkdir(parents=True)
    (checkout / "file").write_text("content")
    (closed / "secret").write_text("secret")
    closed.chmod(0o700)
    prefix = prefix_for({checkout})
    assert first_closed(checkout) is not None
    become = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    read = subprocess.run(
        [*prefix, *become, "cat", checkout / "file"], capture_output=True, text=True, check=True
    )
    assert read.stdout == "content"
    other = subprocess.run([*prefix, *become, "cat", closed / "secret"], check=False)
    assert other.returncode != 0
    assert (closed / "secret").read_text() == "secret"  # nothing changed out here


def test_what_everybody_reaches_needs_no_prefix() -> None:
    assert prefix_for({Path("/usr/bin")}) == ()
