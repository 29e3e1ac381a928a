"""The composition root: the only place where the floors are wired together."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import socket
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from portview import __version__
from portview.autostart import BACKGROUND_OPTION, open_autostart
from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.port_names import read_port_names
from portview.domain.sockets.scope import Scope
from portview.domain.table.cells import CellContext
from portview.domain.table.collation import use_order_of_system
from portview.engine.execution_feed import ExecutionFeed
from portview.engine.firewall_feed import FirewallFeed
from portview.engine.garbage import UiThreadCollector
from portview.engine.poller import Poller
from portview.engine.task_runner import TaskRunner
from portview.engine.traffic_feed import TrafficFeed
from portview.firewall.on_demand import FirewallOnDemand
from portview.folders import user_settings_folder
from portview.i18n import _
from portview.log import log_path, use_log_settings
from portview.preferences import NAMES
from portview.process_hardening import leave_working_directory
from portview.readers.choose import open_reader, open_traffic_reader
from portview.readers.elevation import is_elevated
from portview.readers.execution import suspended
from portview.readers.host_names import HostNames
from portview.readers.recognition.background import ProgramIdentities
from portview.readers.traffic import TrafficOnDemand
from portview.resources import resource_path
from portview.settings import Settings, settings_path
from portview.ui.environment import WindowEnvironment
from portview.ui.language import WindowLanguage
from portview.ui.style.icons import application_icon
from portview.ui.style.motion import reduce_motion
from portview.ui.style.theme import Theme, apply_theme, choose_style
from portview.ui.table.data_sources import DataSources, FirewallSources
from portview.ui.window.carried_view import (
    FILTER_OPTION,
    SCOPE_OPTION,
    SELECT_OPTION,
    CarriedView,
)
from portview.ui.window.error_dialog import ErrorReporter
from portview.ui.window.expired_rules import ExpiredRules, revoke_expired_rules
from portview.ui.window.preload import Preloader
from portview.ui.window.single_instance import SingleInstance

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.firewall import FirewallStatus
    from portview.domain.owners.process_details import OwnerDetails, OwnerQuestion
    from portview.domain.sockets.socket_row import Protocol, SocketRow
    from portview.firewall.drop_log.packet import DroppedPacket
    from portview.firewall.interface import Firewall
    from portview.readers.process_details import OwnerDetailsReader
    from portview.readers.snapshots import SnapshotReader
    from portview.readers.traffic import TrafficReader
    from portview.ui.window.main_window import MainWindow
    from portview.watch.history.recorder import HistoryRecorder

logger = logging.getLogger(__name__)

_X_PATIENCE_S = 2
_SETTLED_MS = 5000
_EXECUTION_PAUSE_S = 2.0 if sys.platform == "win32" else 0.0
"""Windows lists the threads of the whole machine to say which processes are suspended."""
_APP_USER_MODEL_ID = "PortView.PortView"
"""The installer's shortcuts have it as well."""

_RARE_COLLECTIONS = (20_000, 50, 100)


def run_window(arguments: Sequence[str]) -> int:
    """Open the window, run until it closes and return the exit code."""
    options = _parser().parse_args(arguments)
    if is_elevated() and options.self_report is None:
        leave_working_directory()
    try:
        check_display()
        reader = open_reader(options.reader)
    except PortViewError as error:
        _print_error(error)
        return int(error.outcome)
    application = make_application()
    instance = SingleInstance(user_settings_folder())
    if not instance.acquire() and not _goes_on(instance):
        return int(Outcome.DONE)
    reporter = ErrorReporter(log_path())
    reporter.install()
    try:
        return _run(application, instance, reader, options)
    finally:
        reporter.uninstall()
        instance.release()
        reader.close()


def _goes_on(instance: SingleInstance) -> bool:
    """Return whether this start opens a window although another PortView runs.

    An elevated start takes over from one that is not: "Run as administrator" would do nothing else.
    """
    if not is_elevated():
        answered = instance.raise_first()
    else:
        took_over = instance.take_over()
        if took_over:
            return True
        answered = took_over is None
    if not answered:
        logger.warning("another PortView holds the lock but does not answer; opening a window")
    return not answered


def make_application() -> QApplication:
    """Create the QApplication with PortView's name, icon and style."""
    QCoreApplication.setApplicationName("PortView")
    QCoreApplication.setApplicationVersion(__version__)
    _name_for_taskbar()
    application = QApplication([sys.argv[0]])
    application.setApplicationDisplayName("PortView")
    application.setDesktopFileName("portview")
    application.setWindowIcon(application_icon())
    choose_style(application)
    use_order_of_system()
    return application


def _name_for_taskbar() -> None:
    """Group PortView's windows under its own icon, also where Python runs it (Windows)."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only

        from portview.readers.windows.dll import bind, load_library  # noqa: PLC0415 - likewise

        shell32 = load_library("shell32.dll")
        name = "SetCurrentProcessExplicitAppUserModelID"
        bind(shell32, name, ctypes.c_long, ctypes.c_wchar_p)(_APP_USER_MODEL_ID)


def check_display() -> None:
    """Raise PortViewError where Qt would abort for want of a screen (Linux)."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    display = os.environ.get("DISPLAY", "")
    hint = _("Set DISPLAY or WAYLAND_DISPLAY, or use a command: {command}").format(
        command=command_line("list")
    )
    if not display:
        raise PortViewError("no_display", _("There is no display for a window."), hint)
    if not _x_server_answers(display):
        raise PortViewError(
            "no_display", _("The display {display} does not respond.").format(display=display), hint
        )


def _x_server_answers(display: str) -> bool:
    host, colon, rest = display.rpartition(":")
    number = rest.partition(".")[0]
    if not colon or not number.isdigit():
        return False
    if host not in {"", "unix"}:
        return True  # over the network: Qt's to try
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X(7) says that servers listen
    # An X server listens there, in the abstract name space, or both.
    for address in (path, f"\0{path}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_X_PATIENCE_S)
            if probe.connect_ex(address) == 0:
                return True
    return False


class RunningWindow(NamedTuple):
    """A window with what keeps it alive; ``close`` ends all of it in the right order."""

    window: MainWindow
    poller: Poller
    runner: TaskRunner
    settings: Settings
    traffic: TrafficReader
    hosts: HostNames
    identities: ProgramIdentities
    firewall: FirewallOnDemand
    warm_up: Preloader

    def close(self) -> None:
        """Stop the tick, wait for what still runs, and remember the settings."""
        self.warm_up.stop()
        self.poller.stop()
        self.runner.shut_down()
        self.traffic.close()
        self.hosts.close()
        self.identities.close()
        self.firewall.close()
        self.settings.save()


def open_window(reader: SnapshotReader, settings: Settings) -> RunningWindow:
    """Wire a window to a reader; the first reading is under way when this returns."""
    runner = TaskRunner()
    poller = Poller(reader.read, runner)
    # Started before the window is even loaded: the first snapshot is there when the window is.
    poller.start()
    from portview.ui.window.main_window import MainWindow  # noqa: PLC0415 - see above

    port_names = read_port_names(resource_path("port_names.tsv").read_text(encoding="utf-8"))

    traffic = TrafficOnDemand(open_traffic_reader)
    executions = ExecutionFeed(suspended, runner, pause_s=_EXECUTION_PAUSE_S)
    feed, hosts = TrafficFeed(traffic, runner), HostNames()
    identities = ProgramIdentities()
    reader.identities = identities
    firewall = FirewallOnDemand(_open_firewall)
    verdicts = FirewallFeed(firewall, runner)
    sources = FirewallSources(verdicts, firewall, _open_firewall, _read_drops)

    def describe() -> CellContext:
        return CellContext(
            time.time_ns() // 1_000_000,
            port_names,
            hosts=hosts.known(),
            rates=feed.rates,
            totals=feed.totals,
            traffic_hint=feed.hint,
            firewall=verdicts.answers,
            firewall_hint=verdicts.hint,
            standing=executions.standing,
        )

    data_sources = DataSources(
        describe, feed, executions, sources, hosts, identities, _owner_reader()
    )
    facts = WindowEnvironment(reader.source, log_path(), settings_path(), is_elevated())
    window = MainWindow(
        poller,
        runner,
        settings,
        data_sources,
        facts,
        read_rows=read_rows_once,
        autostart=open_autostart(),
    )
    warm_up = Preloader(parent=window)
    window.first_rows.shown.connect(warm_up.start)
    window.first_rows.shown.connect(identities.start)
    return RunningWindow(
        window, poller, runner, settings, traffic, hosts, identities, firewall, warm_up
    )


def _owner_reader() -> Callable[[OwnerQuestion], OwnerDetails]:
    reader: OwnerDetailsReader | None = None

    def read(question: OwnerQuestion) -> OwnerDetails:
        # Loaded with the first question: a window starts the sooner for it.
        from portview.readers.process_details import OwnerDetailsReader  # noqa: PLC0415

        nonlocal reader
        if reader is None:
            reader = OwnerDetailsReader()
        return reader.read(question)

    return read


def _open_firewall() -> Firewall:
    from portview.firewall.choose import open_firewall  # noqa: PLC0415 - likewise

    return open_firewall()


def _read_drops(status: FirewallStatus, port: int, protocol: Protocol) -> tuple[DroppedPacket, ...]:
    from portview.firewall.drop_log.choose import recent_drops  # noqa: PLC0415 - likewise

    return recent_drops(status, port, protocol)


def read_rows_once() -> tuple[SocketRow, ...]:
    """Read the sockets with a reader of its own, which disturbs no other one. Any thread."""
    reader = open_reader()
    try:
        return reader.read_settled().rows
    finally:
        reader.close()


def _run(
    application: QApplication,
    instance: SingleInstance,
    reader: SnapshotReader,
    options: argparse.Namespace,
) -> int:
    settings = Settings(settings_path())
    language = WindowLanguage(application)
    language.use(settings.preferences.language)
    apply_theme(_theme(options.theme or settings.preferences.theme))
    UiThreadCollector(application)
    opened = open_window(reader, settings)
    window = opened.window
    window.first_rows.shown.connect(instance.listen)
    instance.raise_requested.connect(window.bring_to_front)
    instance.quit_requested.connect(window.background.quit)
    window.background.ended.connect(application.exit)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Python runs a handler when it next runs any code: at the latest with the next tick.
        signal.signal(number, lambda *_unused: window.background.quit())
    if options.self_report:
        from portview.ui.window.self_report import SelfReport  # noqa: PLC0415 - for tests alone

        SelfReport(window, opened.poller, options.self_report)
    if options.background:
        window.background.open()
    else:
        window.show()
    from portview.ui.window.notices import Notices  # noqa: PLC0415 - said after the first rows

    notices = Notices(window.notice_bar, window.acts, settings, opened.runner)
    window.first_rows.shown.connect(notices.start)
    in_force = follow_settings(settings, language.use)
    language.changed.connect(window.show_language)
    if options.scope:
        view = CarriedView(Scope(options.scope), options.filter, options.select)
        window.navigation.go_on_with(view)
        window.first_rows.shown.connect(lambda: window.navigation.choose(view.socket))
    recorder = RecordingWindow(opened)
    window.first_rows.shown.connect(recorder.start)
    QTimer.singleShot(_SETTLED_MS, window.watching.start)
    # Later than the first rows: they stay, and so do the modules.
    QTimer.singleShot(_SETTLED_MS, settle_memory)
    expired = ExpiredRules(
        opened.runner,
        has_rights=is_elevated(),
        revoke=partial(revoke_expired_rules, opened.firewall),
        parent=window,
    )
    expired.notified.connect(window.show_message)
    expired.revoked.connect(window.firewall.note_change)
    expired.rights_wanted.connect(window.firewall.show_expired)
    QTimer.singleShot(_SETTLED_MS, expired.start)
    if settings.set_aside:
        window.show_message(
            _("The settings were damaged; they are set aside as {set_aside_name}.").format(
                set_aside_name=settings.set_aside.name
            )
        )
    try:
        return application.exec()
    finally:
        in_force()
        notices.stop()
        expired.stop()
        recorder.stop()
        opened.close()


def follow_settings(
    settings: Settings, use_language: Callable[[str], object]
) -> Callable[[], None]:
    """Put into force, now and with each change, what no widget sees to; return what ends that."""

    def use(names: frozenset[str]) -> None:
        preferences = settings.preferences
        if names & {"log_format", "log_level"}:
            use_log_settings(preferences.log_format, preferences.log_level)
        if "reduce_motion" in names:
            reduce_motion(is_reduced=preferences.reduce_motion)
        if "language" in names:
            use_language(preferences.language)

    use(NAMES)
    return settings.listen(use)


class RecordingWindow(QObject):
    """Feeds the history from the window's snapshots, from its first rows on."""

    problem_found = Signal(str)

    def __init__(self, opened: RunningWindow) -> None:
        """Wait for ``start``: a store on a slow disk must not delay the first rows."""
        super().__init__(opened.window)
        self._poller = opened.poller
        self._recorder: HistoryRecorder | None = None
        self.problem_found.connect(opened.window.show_message)

    def start(self) -> None:
        """Begin to record, unless the person has switched that off."""
        # Loaded after the first rows.
        from portview.watch.history.recorder import HistoryRecorder  # noqa: PLC0415

        self._recorder = HistoryRecorder(open_reader, "window", on_problem=self.problem_found.emit)
        self._poller.snapshot_taken.connect(self._recorder.submit)

    def stop(self) -> None:
        """End recording."""
        if self._recorder is not None:
            self._poller.snapshot_taken.disconnect(self._recorder.submit)
            self._recorder.close()


def settle_memory() -> None:
    """Spare the collector what lives as long as the window, and the UI its long pauses.

    A full collection looks at every object: with 30,000 rows that takes longer than a frame. Rows
    hold no cycles, so that nothing waits for the collector that runs more rarely then.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_RARE_COLLECTIONS)


def _theme(name: str) -> Theme:
    return Theme(name) if name in list(Theme) else Theme.SYSTEM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="portview")
    parser.add_argument("--reader", help=_("how to read the sockets"))
    parser.add_argument("--theme", choices=[theme.value for theme in Theme])
    parser.add_argument(
        BACKGROUND_OPTION,
        action="store_true",
        help=_("start in the notification area, or minimized"),
    )
    # What a window goes on with that starts again as administrator.
    parser.add_argument(SCOPE_OPTION, choices=[scope.value for scope in Scope], default="")
    parser.add_argument(FILTER_OPTION, default="", help=argparse.SUPPRESS)
    parser.add_argument(SELECT_OPTION, default="", help=argparse.SUPPRESS)
    parser.add_argument("--self-report", type=Path, help=argparse.SUPPRESS)
    return parser


def _print_error(error: PortViewError) -> None:
    logger.error("%s %s", error.message, error.hint)
    if sys.stderr is not None:
        hint = _("hint: {text}").format(text=error.hint)
        # untranslated: the name of the program
        print(f"portview: {error.message}\n{hint}", file=sys.stderr)  # noqa: T201
    elif sys.platform == "win32":
        from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415 - loaded when wanted

        application = QApplication([])
        QMessageBox.critical(None, "PortView", f"{error.message}\n\n{error.hint}")
        del application
