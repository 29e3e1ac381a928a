"""The way to the settings in the main window, and what they need to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from portview.engine.task_runner import Pool
from portview.i18n import _, ngettext
from portview.ui.commands.window_actions import ActionSpec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMainWindow

    from portview.engine.task_runner import TaskRunner
    from portview.settings import Settings
    from portview.ui.commands.window_actions import WindowActions
    from portview.ui.environment import WindowEnvironment
    from portview.ui.settings_page.settings_window import SettingsWindow


class SettingsTools(QObject):
    """Adds the act and makes the window when it is first wanted. UI thread."""

    notified = Signal(str)

    def __init__(
        self,
        window: QMainWindow,
        acts: WindowActions,
        runner: TaskRunner,
        settings: Settings,
        facts: WindowEnvironment,
    ) -> None:
        super().__init__(window)
        self._main = window
        self._acts = acts
        self._runner = runner
        self._settings = settings
        self._facts = facts
        self._chosen: tuple[Sequence[QAction], ...] = ()
        self._window: SettingsWindow | None = None
        acts.add(
            "settings",
            ActionSpec(_("Se&ttings"), ("Ctrl+,",), _("Everything that can be set, with a search")),
            self.show,
        )

    def offer(
        self,
        themes: Sequence[QAction],
        intervals: Sequence[QAction],
        highlights: Sequence[QAction],
    ) -> None:
        """Take the choices of menus that are settings as well."""
        self._chosen = (themes, intervals, highlights)

    @property
    def settings_window(self) -> SettingsWindow:
        """Return the window, made when it is first wanted."""
        if self._window is None:
            self._window = self._make()
        return self._window

    def show(self) -> None:
        """Show the settings."""
        self.settings_window.bring_up()

    def close(self) -> None:
        """Close the window with the main one."""
        if self._window is not None:
            self._window.close()

    def _make(self) -> SettingsWindow:
        # Loaded when wanted.
        from portview.ui.settings_page.settings_lines import (  # noqa: PLC0415
            ChosenActions,
            Places,
            SettingsLines,
        )
        from portview.ui.settings_page.settings_window import SettingsWindow  # noqa: PLC0415
        from portview.update_notice import why_no_updates  # noqa: PLC0415
        from portview.watch.rules.file import rules_path  # noqa: PLC0415
        from portview.watch.store.database import store_path  # noqa: PLC0415

        places = Places(
            store_path(),
            self._facts.log_path.parent,
            rules_path(),
            self._open_folder,
            self._ask_to_forget,
        )
        lines = SettingsLines(
            self._acts,
            self._settings,
            ChosenActions(*self._chosen),
            places,
            self,
            no_updates=why_no_updates(),
        ).all()
        window = SettingsWindow(lines, self._settings, self._main)
        window.notified.connect(self.notified)
        return window

    def _open_folder(self, folder: Path) -> None:
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent  # nothing was written there yet
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self.notified.emit(_("No program for opening folders was found."))

    def _ask_to_forget(self) -> None:
        from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415 - loaded when wanted

        box = QMessageBox(self.settings_window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(_("Delete the whole history?"))
        box.setInformativeText(_("This can't be undone. What listens now is recorded on."))
        forget_it = box.addButton(_("Forget"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        forget_it.clicked.connect(self._forget)
        box.open()

    def _forget(self) -> None:
        self._runner.run(
            lambda _work: _delete_all(),
            pool=Pool.ACTIONS,
            on_done=self._on_forgotten,
            on_failed=self._on_failed,
        )

    def _on_forgotten(self, spans: int) -> None:
        text = ngettext(
            "The history is deleted: {count:,} entry.",
            "The history is deleted: {count:,} entries.",
            spans,
        )
        self.notified.emit(text.format(count=spans))

    def _on_failed(self, error: Exception) -> None:
        self.notified.emit(_("The history could not be deleted: {reason}").format(reason=error))


def _delete_all() -> int:
    from contextlib import closing  # noqa: PLC0415 - on the pool's thread

    from portview.watch.history.retention import forget  # noqa: PLC0415 - likewise
    from portview.watch.history.schema import HISTORY  # noqa: PLC0415 - likewise
    from portview.watch.store.database import open_store, store_path  # noqa: PLC0415 - likewise

    with closing(open_store(store_path(), [HISTORY])) as connection:
        return forget(connection)
