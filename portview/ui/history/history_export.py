"""Saves what is shown of the history: spans as CSV, the picture as PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton

from portview.domain.errors import PortViewError
from portview.engine.task_runner import Pool
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QWidget

    from portview.engine.task_runner import TaskRunner
    from portview.watch.history.questions import HistoryAnswer


class HistoryExport(QObject):
    """A button with the forms; files are written off the UI thread. ``notified`` names the end."""

    notified = Signal(str)

    def __init__(
        self,
        runner: TaskRunner,
        answer: Callable[[], HistoryAnswer],
        picture: Callable[[], QImage],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._answer = answer
        self._picture = picture
        self._parent = parent
        self._dialog: QFileDialog | None = None
        self.button = QPushButton(_("Save"), parent)
        self.button.setToolTip(_("Save what is shown as a table or a picture"))
        self.button.setAutoDefault(False)
        self.menu = QMenu(self.button)
        self.menu.addAction(_("Table as &CSV…")).triggered.connect(
            lambda _checked=False: self._ask("history.csv", _("CSV files (*.csv)"), self.save_csv)
        )
        self.menu.addAction(_("Picture as &PNG…")).triggered.connect(
            lambda _checked=False: self._ask("history.png", _("PNG files (*.png)"), self.save_png)
        )
        self.button.setMenu(self.menu)

    def save_csv(self, path: Path) -> None:
        """Write the spans that are shown."""
        answer = self._answer()

        def content() -> bytes:
            from portview.watch.history.csv_form import spans_csv  # noqa: PLC0415 - when wanted

            return spans_csv(answer.spans)

        self._write(path, content)

    def save_png(self, path: Path) -> None:
        """Write the picture that is shown."""
        image = self._picture()

        def content() -> bytes:
            from PySide6.QtCore import QBuffer, QByteArray, QIODevice  # noqa: PLC0415 - when wanted

            data = QByteArray()
            buffer = QBuffer(data)
            buffer.open(QIODevice.OpenModeFlag.WriteOnly)
            image.save(buffer, "PNG")  # type: ignore[call-overload] # as documented
            return bytes(data.data())

        self._write(path, content)

    def _ask(self, name: str, kinds: str, save: Callable[[Path], None]) -> None:
        places = QStandardPaths.StandardLocation
        folder = QStandardPaths.writableLocation(places.DocumentsLocation)
        dialog = QFileDialog(self._parent, _("Save"), str(Path(folder, name)), kinds)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix[1:])
        dialog.fileSelected.connect(lambda path: save(Path(path)))
        dialog.open()

    def _write(self, path: Path, content: Callable[[], bytes]) -> None:
        def work(_work: object) -> Path:
            from portview.files import write_whole  # noqa: PLC0415 - when wanted

            write_whole(path, content())
            return path

        self._runner.run(
            work,
            pool=Pool.PROBES,
            on_done=lambda done: self.notified.emit(_("Saved: {path}").format(path=done)),
            on_failed=self._on_failed,
        )

    def _on_failed(self, error: Exception) -> None:
        reason = error.message if isinstance(error, PortViewError) else str(error)
        self.notified.emit(_("The file could not be saved: {reason}").format(reason=reason))
