"""Show the folder of a program in the system's own file browser."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from portview.domain.errors import PortViewError
from portview.engine.task_runner import Pool
from portview.i18n import _, join_sentences
from portview.readers.executable_folder import folder_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portview.engine.task_runner import TaskRunner

logger = logging.getLogger(__name__)


def open_folder_of(executable: str, runner: TaskRunner, notify: Callable[[str], object]) -> None:
    """Open the folder of an executable, or ``show_message`` in a sentence why not. UI thread.

    The folder alone and never the file: opening a program would run it.
    """

    def open_it(folder: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            notify(_("No program for opening folders was found."))

    def refuse(error: Exception) -> None:
        if isinstance(error, PortViewError):
            notify(join_sentences(error.message, error.hint))
        else:
            logger.error("looking for a folder failed", exc_info=error)
            notify(_("The folder could not be opened; the log has the details."))

    runner.run(
        lambda _unused: folder_of(executable), pool=Pool.ACTIONS, on_done=open_it, on_failed=refuse
    )
