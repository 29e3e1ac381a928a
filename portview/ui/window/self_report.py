"""What the window shows, written down for tests that see the packaged program from outside."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Slot

from portview import __version__
from portview.domain.errors import PortViewError
from portview.domain.table.columns import COLUMNS
from portview.files import write_whole
from portview.i18n import _
from portview.log import log_path
from portview.settings import settings_path

if TYPE_CHECKING:
    from pathlib import Path

    from portview.engine.poller import Poller
    from portview.ui.details.traffic_plot import TrafficPlot
    from portview.ui.window.main_window import MainWindow

logger = logging.getLogger(__name__)


class SelfReport(QObject):
    """Writes a JSON file, and pictures beside it, once the first reading is painted. UI thread.

    The file has ``version``, ``is_frozen``, ``painted_at_ns`` (Unix time), ``title``, ``style``,
    ``scale``, ``settings``, ``log``, ``picture``, ``rows`` and ``plot``. ``rows`` has for each row
    an object from column id to the text in its cell. For ``plot`` a row with a known process is
    chosen and its traffic tab opened until the reading after; it has ``picture`` and ``lines``,
    which are the numbers of points by the names of the lines. It is null where there is no such
    row or no plot came to be shown. The pictures are written first, so that they are there when
    the file is.
    """

    def __init__(self, window: MainWindow, poller: Poller, file: Path) -> None:
        super().__init__(window)
        self._window = window
        self._poller = poller
        self._file = file
        self._content: dict[str, Any] = {}
        poller.snapshot_taken.connect(self._on_first_reading)

    @Slot()
    def _on_first_reading(self) -> None:
        self._poller.snapshot_taken.disconnect(self._on_first_reading)
        # What is to be painted is known when the event loop comes around.
        QTimer.singleShot(0, self._look)

    @Slot()
    def _look(self) -> None:
        self._window.table.viewport().repaint()
        painted_at_ns = time.time_ns()
        self._window.model.catch_up()
        self._content = self._describe(painted_at_ns)
        picture = self._file.with_suffix(".png")
        if self._window.grab().save(str(picture), "PNG"):
            self._content["picture"] = str(picture)
        if self._open_plot() is None:
            self._write()
            return
        # A line needs a second point.
        self._poller.snapshot_taken.connect(self._on_second_reading)
        self._poller.refresh()

    @Slot()
    def _on_second_reading(self) -> None:
        self._poller.snapshot_taken.disconnect(self._on_second_reading)
        QTimer.singleShot(0, self._look_at_plot)

    @Slot()
    def _look_at_plot(self) -> None:
        plot = self._plot()
        picture = self._file.with_name(f"{self._file.stem}-plot.png")
        if plot is not None and plot.isVisible() and self._window.grab().save(str(picture), "PNG"):
            self._content["plot"] = {"picture": str(picture), "lines": plot.point_counts()}
        self._write()

    def _open_plot(self) -> TrafficPlot | None:
        # Of a socket without a known process there may be nothing to plot.
        keys = (entry.row.key for entry in self._window.model.shown_entries)
        owned = next((key for key in keys if key.owner is not None), None)
        if owned is None:
            return None
        self._window.views.select_key(owned)
        self._window.details.set_open(True)
        pane = self._window.details.pane
        titles = [pane.tabs.tabText(number) for number in range(pane.tabs.count())]
        pane.tabs.setCurrentIndex(titles.index(_("Traffic")))
        return self._plot()

    def _plot(self) -> TrafficPlot | None:
        # Loaded by the tab itself: a start that is measured by this report must not pay for it.
        from portview.ui.details.traffic_page import TrafficPage  # noqa: PLC0415

        page = self._window.details.pane.front_page
        return page.plot if isinstance(page, TrafficPage) else None

    def _write(self) -> None:
        content = json.dumps(self._content, indent=2) + "\n"
        try:
            write_whole(self._file, content.encode("ascii"))
        except PortViewError as error:
            logger.warning("the report on the window was not written: %s", error)

    def _describe(self, painted_at_ns: int) -> dict[str, Any]:
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
            "picture": None,
            "rows": rows,
            "plot": None,
        }
