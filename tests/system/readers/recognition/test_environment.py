"""Of a real process's environment only the telling variables are read, and never a secret."""

from __future__ import annotations

import subprocess
import sys

import pytest

from portview.domain.recognition.facts import TELLING_VARIABLES
from portview.readers.recognition.environment import identifying_variables

SECRET = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"  # noqa: S105 - no password of anything
WAITING = "import sys; print('ready', flush=True); sys.stdin.readline()"


@pytest.mark.skipif(sys.platform == "darwin", reason="protects the environment of Python")
def test_identifying_variables() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        env={
            "SYSTEMROOT": r"C:\Windows",
            "npm_package_name": "shop",
            "COMPOSE_PROJECT_NAME": SECRET,
            "VIRTUAL_ENV": f"/srv/password={SECRET}",
            "DATABASE_PASSWORD": SECRET,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdout.readline()
        assert identifying_variables(process.pid) == {"npm_package_name": "shop"}
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
    assert identifying_variables(process.pid) == {}


def test_no_variable_that_is_named_like_a_secret_is_read() -> None:
    assert not any(
        word in name.lower() for name in TELLING_VARIABLES for word in ("pass", "token", "key")
    )
