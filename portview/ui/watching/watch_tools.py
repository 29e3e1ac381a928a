"""The ways to watches in the main window, and what the desktop is reported."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.i18n import _, join_sentences, ngettext
from portview.ui.commands.row_actions import RowAction, Section, Target
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QMainWindow

    from portview.engine.service_feed import ServiceFeed
    from portview.engine.task_runner import TaskRunner
    from portview.engine.watch_feed import WatchFeed
    from portview.settings import Settings
    from portview.ui.commands.row_actions import RowActions
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.table.row_selection import RowSelection
    from portview.ui.watching.alerts_window import AlertsWindow
    from portview.ui.watching.watch_dialog import WatchDialog, WatchSuggestion
    from portview.ui.watching.watches_window import WatchesWindow
    from portview.watch.messages.texts import Message
    from portview.watch.running.status import WatchStatus


class WatchTools(QObject):
    """Makes the window of watches when it is first wanted, and follows what is watched.

    ``why_wanted`` asks for a diagnosis of a port and protocol, ``notified`` carries messages for
    the status bar, ``state_changed`` the worst state and a sentence, ``named`` a title, a text and
    the type of a message for the desktop.
    """

    why_wanted = Signal(int, str)
    notified = Signal(str)
    state_changed = Signal(str, str)
    reported = Signal(str, str, str)

    def __init__(self, window: QMainWindow, runner: TaskRunner, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._settings = settings
        self._is_made = False
        self._has_alerts = False
        self._feed: WatchFeed | None = None
        self._service: ServiceFeed | None = None
        self._own: list[WatchStatus] = []
        self._of_service: list[WatchStatus] = []
        self._dialog: WatchDialog | None = None

    @cached_property
    def watches_window(self) -> WatchesWindow:
        """Return the window."""
        from portview.ui.watching.watches_window import WatchesWindow  # noqa: PLC0415 - wanted

        window = WatchesWindow(self._runner, self._settings, self._window)
        window.notified.connect(self.notified)
        window.why_wanted.connect(self.why_wanted)
        window.new_wanted.connect(self._on_new)
        window.edit_wanted.connect(self._on_edit)
        window.alerts_wanted.connect(self.show_alerts)
        self._is_made = True
        return window

    @cached_property
    def alerts_window(self) -> AlertsWindow:
        """Return the window of what fired."""
        from portview.ui.watching.alerts_window import AlertsWindow  # noqa: PLC0415 - wanted

        window = AlertsWindow(self._runner, self._settings, self._window)
        window.notified.connect(self.notified)
        window.why_wanted.connect(self.why_wanted)
        self._has_alerts = True
        return window

    def add_actions(self, acts: WindowActions, rows: RowActions) -> None:
        """Add the act on a row, and the window for the Tools menu."""
        acts.add(
            "watches",
            ActionSpec(
                _("W&atches"),
                ("Ctrl+Shift+W",),
                _("What is watched, what fires, and what happened"),
            ),
            self.show_window,
        )
        acts.add(
            "alerts",
            ActionSpec(
                _("A&lerts…"), ("Ctrl+Shift+E",), _("What fired, and what was done about it")
            ),
            self.show_alerts,
        )
        rows.add(
            RowAction(
                "watch_port",
                _("W&atch…"),
                Section.PORT,
                self._on_row,
                tip=_("Get a message when this port stops responding, or another program takes it"),
                target=Target.ONE_SOCKET,
                detail=lambda selection: str(selection.first.row.local.port),
            )
        )

    @Slot()
    def start(self) -> None:
        """Evaluate what the file says, if there is one. After the first rows."""
        from portview.watch.rules.file import rules_path  # noqa: PLC0415 - not before the rows

        self._follow_service()
        if self._feed is not None or not rules_path().exists():
            return
        if self._service is not None and self._service.has_rules(rules_path()):
            # Evaluated a second time, each message would come twice.
            return
        from portview.engine.watch_feed import WatchFeed  # noqa: PLC0415 - where there are watches

        feed = WatchFeed(self)
        feed.statuses_changed.connect(self._on_statuses)
        feed.messages_came.connect(self._on_messages)
        feed.problem_found.connect(self.notified)
        self._feed = feed
        feed.start()

    def _follow_service(self) -> None:
        folder = _folder_of_service()
        if self._service is not None or folder is None:
            return
        from portview.engine.service_feed import ServiceFeed  # noqa: PLC0415 - where there is one

        self._service = ServiceFeed(folder, self)
        self._service.statuses_changed.connect(self._on_statuses_of_service)
        self._service.messages_came.connect(self._on_messages)
        self._service.start()

    @Slot()
    def show_window(self) -> None:
        """Show the window; a file that came to be meanwhile is evaluated from now on."""
        self.start()
        self.watches_window.bring_up()

    @Slot()
    def show_alerts(self) -> None:
        """Show what fired."""
        self.start()
        self.alerts_window.bring_up()

    def watch_port(self, port: int, protocol: str = "tcp", program: str = "") -> None:
        """Ask for a watch of a port."""
        from portview.ui.watching.watch_dialog import WatchSuggestion  # noqa: PLC0415 - wanted

        self._ask(WatchSuggestion(port, protocol, program))

    def close(self) -> None:
        """Stop what runs, and remember the window."""
        if self._dialog is not None:
            self._dialog.reject()
        if self._is_made:
            self.watches_window.stop()
            self.watches_window.remember()
            self.watches_window.hide()
        if self._has_alerts:
            self.alerts_window.stop()
            self.alerts_window.remember()
            self.alerts_window.hide()
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.stop()
        service, self._service = self._service, None
        if service is not None:
            service.stop()

    def _on_row(self, selection: RowSelection) -> None:
        entry = selection.first
        program = (entry.info.name if entry.info else "") or ""
        self.watch_port(entry.row.local.port, entry.row.protocol.value, program)

    @Slot()
    def _on_new(self) -> None:
        from portview.ui.watching.watch_dialog import WatchSuggestion  # noqa: PLC0415 - wanted

        self._ask(WatchSuggestion())

    @Slot(str)
    def _on_edit(self, name: str) -> None:
        from portview.ui.watching.watch_dialog import WatchSuggestion  # noqa: PLC0415 - wanted

        self._ask(WatchSuggestion(), existing=name)

    def _ask(self, suggestion: WatchSuggestion, existing: str = "") -> None:
        from portview.domain.errors import PortViewError  # noqa: PLC0415 - likewise
        from portview.ui.watching.watch_dialog import WatchDialog  # noqa: PLC0415 - likewise

        if self._dialog is not None:
            self._dialog.reject()
        parent = self.watches_window if self._is_made and self.watches_window.isVisible() else None
        try:
            dialog = WatchDialog(
                suggestion, self._runner, parent or self._window, existing=existing
            )
        except PortViewError as error:
            self.notified.emit(join_sentences(error.message, error.hint))
            return
        dialog.written.connect(self._on_written)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        dialog.open()

    @Slot()
    def _on_dialog_finished(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.deleteLater()

    @Slot(str)
    def _on_written(self, name: str) -> None:
        self.notified.emit(_("{name} is watched from now on.").format(name=name))
        self.start()
        if self._is_made:
            self.watches_window.refresh()

    @Slot(object)
    def _on_statuses(self, statuses: list[WatchStatus]) -> None:
        self._own = statuses
        self._show_worst()

    @Slot(object)
    def _on_statuses_of_service(self, statuses: list[WatchStatus]) -> None:
        self._of_service = statuses
        self._show_worst()

    def _show_worst(self) -> None:
        statuses = [*self._own, *self._of_service]
        firing = sum(one.fires for one in statuses)
        unknown = sum(one.state == "unknown" for one in statuses)
        if firing:
            text = ngettext("{count} watch is firing", "{count} watches are firing", firing)
            self.state_changed.emit("firing", text.format(count=firing))
        elif unknown:
            text = ngettext("{count} watch is unknown", "{count} watches are unknown", unknown)
            self.state_changed.emit("unknown", text.format(count=unknown))
        else:
            text = ngettext("{count} watch is OK", "{count} watches are OK", len(statuses))
            self.state_changed.emit("ok" if statuses else "", text.format(count=len(statuses)))

    @Slot(object)
    def _on_messages(self, messages: list[Message]) -> None:
        for message in messages:
            self.reported.emit(message.title, message.body, message.type.value)


def _folder_of_service() -> Path | None:
    """Return the folder of the Windows service, where there is one that this account may read."""
    if sys.platform != "win32":
        return None
    from portview.watch.background.service_folder import (  # noqa: PLC0415 - Windows only
        service_folder,
    )

    try:
        folder = service_folder()
        return folder if os.access(folder / "watches.toml", os.R_OK) else None
    except OSError:
        return None
