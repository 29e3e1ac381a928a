"""Unhandled errors: logged, shown once, and no reason for the window to die."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QtMsgType, QUrl, Signal, Slot, qInstallMessageHandler

from portview.i18n import _

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from PySide6.QtCore import QMessageLogContext
    from PySide6.QtWidgets import QMessageBox

logger = logging.getLogger(__name__)

_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class ErrorReporter(QObject):
    """Takes every error that nobody handled, on any thread, logs it and shows one dialog.

    While the dialog is open further errors are only logged, so that a failing tick can't bury the
    window in dialogs.
    """

    _error_seen = Signal(str)

    def __init__(self, log_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log_path = log_path
        self._dialog: QMessageBox | None = None
        self._error_seen.connect(self._on_error_seen, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Become the process's hook for unhandled errors and for Qt's messages."""
        sys.excepthook = self._take
        threading.excepthook = self._take_from_thread
        qInstallMessageHandler(_log_qt_message)

    def uninstall(self) -> None:
        """Give the hooks back, before Qt's objects go."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def _take(
        self,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        logger.error("unhandled error", exc_info=(kind, error, traceback))
        self._error_seen.emit(f"{kind.__name__}: {error}")

    def _take_from_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._take(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    @Slot(str)
    def _on_error_seen(self, summary: str) -> None:
        if self._dialog is not None:
            return
        from PySide6.QtWidgets import QMessageBox  # noqa: PLC0415 - loaded when wanted

        dialog = QMessageBox(QMessageBox.Icon.Warning, "PortView", "")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setTextFormat(Qt.TextFormat.PlainText)
        dialog.setText(_("Something went wrong inside PortView. It keeps running."))
        dialog.setInformativeText(
            f"{summary[:300]}\n\n" + _("The details are in: {path}").format(path=self._log_path)
        )
        open_log = dialog.addButton(_("Open log"), QMessageBox.ButtonRole.ActionRole)
        open_log.clicked.connect(self._on_open_log)
        dialog.addButton(QMessageBox.StandardButton.Close)
        dialog.setModal(False)
        dialog.finished.connect(self._on_dialog_finished)
        self._dialog = dialog
        dialog.show()

    @Slot()
    def _on_open_log(self) -> None:
        from PySide6.QtGui import QDesktopServices  # noqa: PLC0415 - loaded when wanted

        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log_path)))

    @Slot()
    def _on_dialog_finished(self) -> None:
        self._dialog = None


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    del context
    logging.getLogger("qt").log(_QT_LEVELS.get(kind, logging.INFO), "%s", message)
