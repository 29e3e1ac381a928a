"""The store of a service can be read by an account that may change nothing in its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from portview.watch.store.incident_store import IncidentStore
from tests.conftest import ROOT
from tests.other_user import as_nobody

pytestmark = [
    pytest.mark.linux_only(reason="changes the user of a process"),
    pytest.mark.root_only(reason="changes the user of a process"),
]

_READ = """\
import sys
from pathlib import Path
from portview.watch.store.incident_store import IncidentStore
store = IncidentStore.open(Path(sys.argv[1]), read_only=True)
print(store.connection.execute("SELECT count(*) FROM watch_events").fetchone()[0])
try:
    store.connection.execute("DELETE FROM watch_events")
except Exception as error:
    print(type(error).__name__)
"""


def test_an_account_that_may_only_read_sees_what_is_written() -> None:
    folder = Path(f"/tmp/portview-unattended-{os.getpid()}")  # noqa: S108 - others may enter it
    folder.mkdir(mode=0o755)
    try:
        path = folder / "portview.sqlite3"
        with closing(IncidentStore.open(path)) as store:
            with store.transaction():
                store.add_event(1, "firing", "shop", 80, None, "")
            for file in folder.iterdir():
                file.chmod(0o644)
            done = subprocess.run(
                [*as_nobody(), sys.executable, "-c", _READ, str(path)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.stdout.split() == ["1", "OperationalError"], done.stderr
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
