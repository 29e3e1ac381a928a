"""What a first dialog needs is loaded before it is asked for, and nothing of Qt off its thread."""

from __future__ import annotations

import json
import subprocess
import sys

_SCRIPT = """
import json, sys
import portview.app
from PySide6.QtCore import QCoreApplication
from portview.engine.task_runner import TaskRunner
from portview.ui.warm_up import warm_up
application = QCoreApplication([])
before = set(sys.modules)
runner = TaskRunner()
task = warm_up(runner)
while task.is_running:
    application.processEvents()
runner.shut_down()
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_jobs_of_the_dialogs_are_loaded_and_no_widgets() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = json.loads(done.stdout)
    assert {"portview.actions.jobs", "portview.actions.firewall_jobs"} <= set(loaded)
    assert not any(
        name.startswith(("PySide6", "portview.ui", "portview.models")) for name in loaded
    )
