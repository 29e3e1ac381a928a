"""What a start is made of: nothing that nobody sees yet, and no window but the one."""

from __future__ import annotations

import builtins
import importlib.util
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.sockets.snapshot import Snapshot
from portview.engine.poller import Poller
from portview.ui.window.first_paint import FirstPaint
from portview.ui.window.preload import NEXT_WANTED, Preloader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

    from portview.engine.task_runner import TaskRunner

START = """
import json, sys
from PySide6.QtCore import QEvent, QObject, QTimer
from portview import app
from portview.readers.choose import open_reader
from portview.settings import Settings, settings_path

class Watch(QObject):
    windows = []
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Show and watched.isWidgetType() and watched.isWindow():
            self.windows.append(type(watched).__name__)
        return False

application = app.make_application()
watch = Watch()
application.installEventFilter(watch)
opened = app.open_window(open_reader(), Settings(settings_path()))
told = {"windows before it is shown": list(watch.windows)}
opened.window.show()

def painted():
    opened.window.table.viewport().repaint()
    told["modules"] = sorted(sys.modules)
    told["windows"] = watch.windows
    opened.window.first_rows.shown.connect(settled)

def settled():
    told["later"] = "PySide6.QtNetwork" in sys.modules
    opened.window.close()
    application.quit()

def on_first():
    opened.poller.snapshot_taken.disconnect(on_first)
    QTimer.singleShot(0, painted)

opened.poller.snapshot_taken.connect(on_first)
application.exec()
opened.close()
print(json.dumps(told))
"""

NEEDED_AT_ONCE = {
    "portview.actions": {"own_command"},
    "portview.cli": set(),
    "portview.domain.query": set(),
    "portview.firewall": {"on_demand"},
    "portview.probes": set(),
    "portview.readers.linux": {"process_image", "program_name"},
    "portview.readers.windows": set(),
    "portview.ui.firewall": {"firewall_tools", "rule_targets", "verdict_icons"},
    "portview.ui.probing": {"port_actions", "probing_tools"},
}
"""Of each of these packages, what a window can't do without."""

OF_THE_READER = {
    "linux": {"open_process", "sock_diag", "sock_diag_messages", "socket_dump", "socket_holders"}
    | {"sockets", "process_descriptors", "search_pass"},
    "win32": {
        "advapi32",
        "dll",
        "filetime",
        "growing_buffer",
        "iphlpapi",
        "owned_rows",
        "process_list",
    }
    | {"processes", "service_table", "socket_tables", "sockets"}
    # An elevated PortView looks who may change the folder of its settings.
    | {"administrators_folder", "file_information", "folder_security", "known_folders"}
    | {"private_files", "tokens"},
}

FOR_LATER = (
    *("numpy", "pyqtgraph", "h11", "cryptography", "ssl", "multiprocessing", "html"),
    *("typing_extensions", "logging.handlers", "hashlib", "PySide6.QtNetwork"),
    *(
        "portview.domain.table.export",
        "portview.domain.firewall",
        "portview.domain.user_input.port_query",
    ),
    *("portview.domain.owners.process_details", "portview.readers.process_details"),
    *(
        "portview.ui.window.about",
        "portview.ui.confirm.action_dialog",
        "portview.ui.window.cheat_sheet",
    ),
    *(
        "portview.ui.export.export_dialog",
        "portview.ui.details.owner_page",
        "portview.ui.details.properties_dialog",
    ),
    *(
        "portview.ui.window.self_report",
        "portview.ui.details.traffic_page",
        "portview.ui.details.traffic_plot",
    ),
    *("portview.models.process_tree_model", "portview.ui.table.process_tree"),
)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Start PortView on this machine, in a process of its own, and have it told about itself."""
    # Not with the settings of whoever runs the tests, which may be about another view.
    environment = {**os.environ, "PORTVIEW_CONFIG_DIR": str(tmp_path_factory.mktemp("settings"))}
    ended = subprocess.run(
        [sys.executable, "-c", START],
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return dict(json.loads(ended.stdout))


def unneeded(package: str, needed: set[str], loaded: set[str]) -> set[str]:
    inside = {name for name in loaded if name.startswith(f"{package}.")}
    return inside - {f"{package}.{name}" for name in needed}


def test_nothing_is_loaded_that_the_first_rows_do_not_need(started: dict[str, Any]) -> None:
    loaded = set(started["modules"])
    assert "portview.ui.window.main_window" in loaded
    assert not loaded.intersection(FOR_LATER)
    system = "windows" if sys.platform == "win32" else sys.platform
    for package, needed in NEEDED_AT_ONCE.items():
        of_reader = OF_THE_READER.get(sys.platform, set()) if package.endswith(system) else set()
        assert not unneeded(package, needed | of_reader, loaded)


def test_no_other_window_is_shown(started: dict[str, Any]) -> None:
    assert started["windows before it is shown"] == []
    assert started["windows"] == ["MainWindow"]


def test_nobody_reads_the_source_of_what_is_imported() -> None:
    assert builtins.__import__.__name__ != "__feature_import__"
    assert sys.modules["shibokensupport.feature"].feature_imported, "there is something to avoid"


def test_what_is_loaded_next_is_there() -> None:
    assert [name for name in NEXT_WANTED if importlib.util.find_spec(name) is None] == []


def test_no_step_loads_much_at_once() -> None:
    code = (
        "import importlib, sys, portview.app, portview.readers.processes\n"
        "import portview.ui.window.main_window\n"
        "from portview.ui.window.preload import NEXT_WANTED\n"
        "for name in NEXT_WANTED:\n"
        "    before = set(sys.modules)\n"
        "    importlib.import_module(name)\n"
        "    new = {each for each in sys.modules if each.startswith('portview.')} - before\n"
        "    assert len(new) <= 8, (name, new)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr


DIALOGS = """
import importlib, json, sys
import portview.app, portview.ui.window.main_window
from portview.ui.window.preload import NEXT_WANTED
for name in NEXT_WANTED:
    importlib.import_module(name)
before = set(sys.modules)
import portview.actions.confirmation.firewall_actions, portview.actions.confirmation.actions
import portview.ui.confirm.action_dialog, portview.ui.confirm.confirm_dialog
import portview.ui.firewall.managed_rules_window, portview.ui.firewall.rule_dialog
print(json.dumps([name for name in sys.modules if name not in before]))
"""


def test_nothing_is_left_to_load_for_the_first_dialog() -> None:
    ended = subprocess.run([sys.executable, "-c", DIALOGS], capture_output=True, check=True)
    assert json.loads(ended.stdout) == []


def test_one_module_is_loaded_at_a_time(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["portview.override", "wsgiref.headers", "json", "wsgiref.util"]
    for name in wanted[1::2]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    warm_up = Preloader(wanted)
    warm_up.start()
    qtbot.waitUntil(lambda: wanted[1] in sys.modules)
    assert wanted[3] not in sys.modules
    qtbot.waitUntil(lambda: not warm_up._timer.isActive())
    assert wanted[3] in sys.modules


@pytest.fixture
def poller(runner: TaskRunner) -> Poller:
    return Poller(Snapshot, runner)


@pytest.fixture
def first_rows(qtbot: QtBot, poller: Poller) -> Iterator[FirstPaint]:
    made = FirstPaint(poller)
    yield made
    made.stop()


@pytest.mark.parametrize("outcome", ["snapshot_taken", "read_failed"])
def test_the_first_reading_is_told_once_whatever_came_of_it(
    qtbot: QtBot, poller: Poller, first_rows: FirstPaint, outcome: str
) -> None:
    with qtbot.waitSignal(first_rows.shown):
        getattr(poller, outcome).emit(Snapshot())
        assert not first_rows.are_shown
    assert first_rows.are_shown
    with qtbot.assertNotEmitted(first_rows.shown, wait=200):
        poller.snapshot_taken.emit(Snapshot())


def test_a_machine_that_cannot_be_read_for_long_keeps_nobody_waiting(
    qtbot: QtBot, first_rows: FirstPaint
) -> None:
    assert first_rows._timer.isActive()
    with qtbot.waitSignal(first_rows.shown, timeout=20_000):
        first_rows._timer.setInterval(1)


def test_a_window_that_is_closed_tells_nothing(
    qtbot: QtBot, poller: Poller, first_rows: FirstPaint
) -> None:
    first_rows.stop()
    with qtbot.assertNotEmitted(first_rows.shown, wait=200):
        poller.snapshot_taken.emit(Snapshot())
