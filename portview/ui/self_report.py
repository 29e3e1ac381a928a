"""What the window shows, written down for tests that see the packaged program from outside."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Slot

from portview import __version__
from portview.domain.columns import COLUMNS
from portview.domain.outcome import PortViewError
from portview.files import write_whole
from portview.log import log_path
from portview.settings import settings_path

if TYPE_CHECKING:
    from pathlib import Path

    from portview.ui.main_window import MainWindow

logger = logging.getLogger(__name__)


class SelfReport(QObject):
    """Writes a JSON file, and a picture beside it, once the first rows are painted. UI thread.

    The file has ``version``, ``is_frozen``, ``painted_at_ns`` (Unix time), ``title``, ``style``,
    ``scale``, ``settings``, ``log``, ``picture`` and ``rows``: for each row an object from column
    id to the text in its cell. The picture is written first, so that it is there when the file is.
    """

    def __init__(self, window: MainWindow, file: Path) -> None:
        super().__init__(window)
        self._window = window
        self._file = file
        window.model.edits_finished.connect(self._on_rows)

    @Slot()
    def _on_rows(self) -> None:
        if not self._window.model.rowCount():
            return
        self._window.model.edits_finished.disconnect(self._on_rows)
        # What is to be painted is known when the event loop comes around.
        QTimer.singleShot(0, self._write)

    @Slot()
    def _write(self) -> None:
        self._window.table.viewport().repaint()
        painted_at_ns = time.time_ns()
        self._window.model.catch_up()
        picture = self._file.with_suffix(".png")
        content = json.dumps(self._content(painted_at_ns, picture), indent=2) + "\n"
        try:
            self._window.grab().save(str(picture), "PNG")
            write_whole(self._file, content.encode("ascii"))
        except PortViewError as error:
            logger.warning("the report on the window was not written: %s", error)

    def _content(self, painted_at_ns: int, picture: Path) -> dict[str, Any]:
        window, model = self._window, self._window.model
        rows = [
            {
                column.id: model.index(row, number, QModelIndex()).data(Qt.ItemDataRole.DisplayRole)
                for number, column in enumerate(COLUMNS)
            }
            for row in range(model.rowCount())
        ]
        return {
            "version": __version__,
            "is_frozen": bool(getattr(sys, "frozen", False)),
            "painted_at_ns": painted_at_ns,
            "title": window.windowTitle(),
            "style": window.style().name(),
            "scale": window.devicePixelRatioF(),
            "settings": str(settings_path()),
            "log": str(log_path()),
            "picture": str(picture),
            "rows": rows,
        }
