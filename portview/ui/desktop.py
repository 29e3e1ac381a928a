"""Handing something over to the person's desktop: a page to the browser, a file to its folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QDir, QProcess, QUrl
from PySide6.QtGui import QDesktopServices


def open_url(url: str) -> bool:
    """Open a page in the browser of the person's choice; False where the desktop refuses."""
    return QDesktopServices.openUrl(QUrl(url, QUrl.ParsingMode.StrictMode))


def show_in_folder(path: str) -> bool:
    """Show a file in its folder; False where the desktop refuses.

    Windows' Explorer marks the file; elsewhere the folder opens.
    """
    if sys.platform == "win32":
        explorer = str(Path(os.environ.get("SystemRoot", r"C:\Windows"), "explorer.exe"))  # noqa: SIM112 - Windows' own spelling
        is_started, _ = QProcess.startDetached(
            explorer, ["/select,", QDir.toNativeSeparators(path)]
        )
        return is_started
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(path).parent)))
