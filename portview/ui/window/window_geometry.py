"""Where the window stood and how large it was, kept in the settings."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSize

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from portview.settings import Settings

_FIRST_SIZE = (1240, 680)
_FRAME = (16, 40)
"""The sides, and the title bar with the lower edge: as much as Windows and usual desktops take."""


def restore_geometry(window: QMainWindow, settings: Settings) -> None:
    """Put the window where it was; at first, or where that is damaged, as large as fits."""
    # What is available is for the window with its frame, in pixels that the screen's scale counts.
    room = window.screen().availableSize() - QSize(*_FRAME)
    window.resize(QSize(*_FIRST_SIZE).boundedTo(room))
    try:
        geometry = base64.b64decode(settings.preferences.window, validate=True)
    except (binascii.Error, ValueError):
        geometry = b""
    window.restoreGeometry(QByteArray(geometry))


def remember_geometry(window: QMainWindow, settings: Settings) -> None:
    """Keep where the window is."""
    geometry = base64.b64encode(window.saveGeometry().data()).decode("ascii")
    settings.update(window=geometry)
