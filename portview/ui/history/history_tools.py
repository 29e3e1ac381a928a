"""The ways to the timeline in the main window, and the view of what is new."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from portview.i18n import _, join_sentences, ngettext
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.history.timeline_window import TimelineWindow
    from portview.watch.history.newcomers import Newcomers


class HistoryTools(QObject):
    """Makes the timeline when it is first wanted.

    ``notified`` carries messages for the status bar, ``port_wanted`` a port to show,
    ``view_wanted`` a filter of sockets that listen.
    """

    notified = Signal(str)
    port_wanted = Signal(int)
    view_wanted = Signal(str)

    def __init__(self, window: QMainWindow, runner: TaskRunner, settings: Settings) -> None:
        super().__init__(window)
        self._window = window
        self._runner = runner
        self._settings = settings
        self._is_made = False

    @cached_property
    def timeline_window(self) -> TimelineWindow:
        """Return the window."""
        from portview.ui.history.timeline_window import TimelineWindow  # noqa: PLC0415 - wanted

        window = TimelineWindow(self._runner, self._settings, self._window)
        window.notified.connect(self.notified)
        window.port_wanted.connect(self.port_wanted)
        window.report_wanted.connect(self._on_report)
        self._is_made = True
        return window

    def add_actions(self, acts: WindowActions) -> None:
        """Add the timeline for the Tools menu, and the view of what is new for saved views."""
        acts.add(
            "timeline",
            ActionSpec(
                _("Ti&meline"),
                ("Ctrl+Shift+I",),
                _("Which programs listened on which ports, and when"),
            ),
            self.show_timeline,
        )
        acts.add(
            "new_since_yesterday",
            ActionSpec(
                _("New since &yesterday"),
                tip=_("What listens now, and was not seen before the last 24 hours"),
            ),
            self.find_new,
        )

    @Slot()
    def show_timeline(self) -> None:
        """Show the window."""
        self.timeline_window.bring_up()

    @Slot()
    def find_new(self) -> None:
        """Ask the history what is new, and show it as a filter."""
        from portview.engine.task_runner import Pool  # noqa: PLC0415 - when wanted

        def work(_work: object) -> Newcomers:
            from portview.watch.history.newcomers import new_since  # noqa: PLC0415 - when wanted

            return new_since()

        self._runner.run(work, pool=Pool.PROBES, on_done=self._on_found, on_failed=self._on_failed)

    def close(self) -> None:
        """Stop what runs, and remember the window."""
        if self._is_made:
            self.timeline_window.stop()
            self.timeline_window.remember()
            self.timeline_window.hide()

    def _on_found(self, found: Newcomers) -> None:
        if not found.reaches_back:
            self.notified.emit(_("History does not reach back far enough yet to say what is new."))
            return
        if not found.listeners:
            self.notified.emit(_("Nothing that listens now is new since yesterday."))
            return
        self.view_wanted.emit(found.query())
        count = len(found.listeners)
        text = ngettext(
            "{count} listening socket is new since yesterday.",
            "{count} listening sockets are new since yesterday.",
            count,
        )
        self.notified.emit(text.format(count=count))

    def _on_failed(self, error: Exception) -> None:
        from portview.ui.widgets.tool_window import describe_failure  # noqa: PLC0415 - when wanted

        self.notified.emit(join_sentences(*describe_failure(error)))

    @Slot(object)
    def _on_report(self, bounds: tuple[int, int]) -> None:
        from portview.ui.history.report_dialog import ReportDialog  # noqa: PLC0415 - when wanted
        from portview.watch.history.write_report import ReportRequest  # noqa: PLC0415 - likewise

        dialog = ReportDialog(self._runner, self.timeline_window)
        dialog.notified.connect(self.notified)
        dialog.ask(ReportRequest(*bounds))
