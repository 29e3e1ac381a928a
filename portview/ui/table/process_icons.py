"""What stands before a process's name: its own icon where the system has one, else PortView's."""

from __future__ import annotations

import sys
from itertools import product
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from PySide6.QtCore import QFileInfo, QObject, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPainter, QPalette, QPixmap

from portview.domain.owners.system_owners import WINDOWS_SYSTEM_PIDS
from portview.domain.sockets.socket_row import OwnerProblem
from portview.models.liveness import Mark
from portview.ui.style.icons import coloured_icon
from portview.ui.style.theme import muted_text, new_mark_colour

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QFileIconProvider

    from portview.domain.sockets.entry import SocketEntry
    from portview.domain.sockets.socket_row import SocketKey

MOST_PER_TURN = 2
"""Icons loaded before the event loop gets its turn again; one may take milliseconds."""

_SIZES = (16, 20, 24, 32, 48)


class ProcessIcons(QObject):
    """Gives each entry its icon, which also reports new, closed and suspended by shape. UI thread.

    Icons of programs are loaded when they are first asked for, a few per turn of the event loop;
    until then, and where there are none, PortView's own icon stands there. ``changed`` follows
    when other icons have become right.
    """

    changed = Signal()

    def __init__(
        self,
        mark_of: Callable[[SocketKey], Mark | None],
        palette: QPalette,
        load: Callable[[str], QIcon] | None,
        is_suspended: Callable[[SocketEntry], bool] = lambda _entry: False,
        parent: QObject | None = None,
    ) -> None:
        """Store ``load`` for a program's icon by its path; None where the system has none."""
        super().__init__(parent)
        self._mark_of = mark_of
        self._palette = palette
        self._load = load
        self._is_suspended = is_suspended
        self._loaded: dict[str, QIcon] = {}
        self._waiting: dict[str, None] = {}
        self._own_by_name: dict[str, QIcon] = {}
        self._badged_by_key: dict[int, QIcon] = {}
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._on_turn)

    def icon_of(self, entry: SocketEntry) -> QIcon:
        """Return the icon of an entry as of now."""
        mark = self._mark_of(entry.row.key)
        if mark is Mark.CLOSED:
            return self._own("ended")
        if self._is_suspended(entry):
            return self._own("pause")
        plain = self._plain(entry)
        return self._badged(plain) if mark is Mark.NEW else plain

    def set_palette(self, palette: QPalette) -> None:
        """Draw PortView's own icons in other colours."""
        self._palette = palette
        self._own_by_name.clear()
        self._badged_by_key.clear()
        self.changed.emit()

    def stop(self) -> None:
        """Load no more icons."""
        self._waiting.clear()
        self._turn.stop()

    def _plain(self, entry: SocketEntry) -> QIcon:
        row, info = entry.row, entry.info
        if row.owner_problem is OwnerProblem.LOOKING:
            return self._own("process")  # nothing is wrong yet
        if row.owner_problem is not None:
            return self._own("unknown")
        if row.key.owner is None or (sys.platform == "win32" and row.pid in WINDOWS_SYSTEM_PIDS):
            return self._own("system")
        if info is None or not info.name:
            return self._own("unknown")
        icon = self._icon_of_program(info.executable) if info.executable else None
        return icon or self._own("process")

    def _icon_of_program(self, executable: str) -> QIcon | None:
        if self._load is None:
            return None
        if executable in self._loaded:
            icon = self._loaded[executable]
            return None if icon.isNull() else icon
        if executable not in self._waiting:
            self._waiting[executable] = None
            self._turn.start()
        return None

    @Slot()
    def _on_turn(self) -> None:
        for executable in list(self._waiting)[:MOST_PER_TURN]:
            del self._waiting[executable]
            self._loaded[executable] = self._load(executable) if self._load else QIcon()
        self.changed.emit()
        if self._waiting:
            self._turn.start()

    def _badged(self, plain: QIcon) -> QIcon:
        key = plain.cacheKey()
        if key not in self._badged_by_key:
            colour = new_mark_colour(self._palette)
            self._badged_by_key[key] = with_new_mark(plain, colour.rgba())
        return self._badged_by_key[key]

    def _own(self, name: str) -> QIcon:
        if name not in self._own_by_name:
            colour = muted_text(self._palette).rgba()
            selected = self._palette.color(QPalette.ColorRole.HighlightedText).rgba()
            self._own_by_name[name] = coloured_icon(name, colour, colour, selected)
        return self._own_by_name[name]


def program_icon_loader() -> Callable[[str], QIcon] | None:
    """Return what loads the icon of a program on this system, None where programs have none."""
    if sys.platform != "win32":
        return None
    provider: QFileIconProvider | None = None

    def load(executable: str) -> QIcon:
        nonlocal provider
        # The shell may wait half a minute for a server that does not answer.
        if is_on_network(executable):
            return QIcon()
        if provider is None:
            from PySide6.QtWidgets import QFileIconProvider  # noqa: PLC0415 - loaded when wanted

            provider = QFileIconProvider()
        return provider.icon(QFileInfo(executable))

    return load


def is_on_network(executable: str) -> bool:
    """Return whether a Windows path leads to another machine or to no drive at all."""
    drive = PureWindowsPath(executable).drive
    return not drive or drive.startswith("\\")


def with_new_mark(plain: QIcon, colour: int) -> QIcon:
    """Return an icon with a small plus in its corner; ``colour`` is 0xAARRGGBB."""
    badge = coloured_icon("new", colour, colour)
    result = QIcon()
    for mode, wanted in product((QIcon.Mode.Normal, QIcon.Mode.Selected), _SIZES):
        # An icon gives a smaller picture where it has none of the wanted size.
        picture = plain.pixmap(QSize(wanted, wanted), 1.0, mode).toImage()
        picture.convertTo(QImage.Format.Format_ARGB32_Premultiplied)
        size = picture.width()
        painter = QPainter(picture)
        # A gap around the plus keeps it apart from whatever the icon shows there.
        corner = QRect(round(size * 0.46), round(size * 0.44), size, size)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
        painter.fillRect(corner, Qt.GlobalColor.transparent)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        badge.paint(painter, QRect(0, 0, size, size))
        painter.end()
        result.addPixmap(QPixmap.fromImage(picture), mode)
    return result
