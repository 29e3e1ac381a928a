"""The pane below the table: what is known about the chosen row, in tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedLayout,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from portview.domain.owners.owners import describe_owner
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import _
from portview.override import override
from portview.ui.style.icons import set_button_icon

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QShowEvent

    from portview.domain.sockets.entry import SocketEntry
    from portview.ui.details.details_page import DetailsPage, Subject

_LONGEST_NAME = 60


class DetailsPane(QFrame):
    """Tabs about one subject. Pages are asked for anything only while the pane is open.

    They are made when there is a first subject: most of what a window costs to open is widgets.
    """

    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subject: Subject | None = None
        self._makers: list[Callable[[], DetailsPage]] = []
        self._pages: list[DetailsPage] = []
        self.setAccessibleName(_("Details"))
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(_("Details tabs"))
        self._heading = QLabel()
        self._heading.setTextFormat(Qt.TextFormat.PlainText)
        self._heading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip(_("Close the details (F4)"))
        self._close.setAccessibleName(_("Close the details"))
        self._close.clicked.connect(self.close_requested)
        top = QHBoxLayout()
        top.setContentsMargins(6, 2, 4, 0)
        top.addWidget(self.tabs)
        top.addWidget(self._heading, 1)
        top.addWidget(self._close)
        self._notice = QLabel(_("Select a socket to see who holds it."))
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        self._notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addLayout(self._stack, 1)
        # Only now: a stack shows its first widget at once, which without a parent is a window.
        self._stack.addWidget(self._notice)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self._colour()

    @property
    def heading(self) -> str:
        """Return what the pane says it is about."""
        return self._heading.text()

    @property
    def front_page(self) -> DetailsPage | None:
        """Return the page in front, None while there is nothing to show."""
        number = self._stack.currentIndex() - 1
        return self._pages[number] if number >= 0 else None

    @property
    def pages(self) -> list[DetailsPage]:
        """Return the pages in the order of their tabs; asking makes those that are not there."""
        for make in self._makers[len(self._pages) :]:
            page = make()
            self._pages.append(page)
            self._stack.addWidget(page)
        return self._pages

    def add_page(self, title: str, make: Callable[[], DetailsPage]) -> None:
        """Add a tab behind the others; ``make`` is called once, when it is first needed."""
        self._makers.append(make)
        self.tabs.addTab(title)

    @Slot(object)
    def show_subject(self, subject: Subject | None) -> None:
        """Tell the pages what they are about now. A closed pane only remembers it."""
        self._subject = subject
        if not self.isVisible() or subject is None:
            return
        self._heading.setText(_heading_of(subject.entry))
        self._heading.setToolTip("")
        for page in self.pages:
            page.note(subject)
        self._show_front()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_subject(self._subject)

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.PaletteChange:
            self._colour()

    @Slot()
    def _on_tab_changed(self) -> None:
        if self._subject is not None and self.isVisible():
            self._show_front()

    def _show_front(self) -> None:
        number = self.tabs.currentIndex()
        if self._subject is None or number < 0:
            return
        page = self.pages[number]
        self._stack.setCurrentWidget(page)
        page.show_subject(self._subject)

    def _colour(self) -> None:
        if hasattr(self, "_close"):
            set_button_icon(self._close, "close", self.palette())


def _heading_of(entry: SocketEntry) -> str:
    row = entry.row
    ends = endpoint_text(row.key.local)
    if row.key.remote is not None:
        ends += f" \u2194 {endpoint_text(row.key.remote)}"
    name = inert(describe_owner(row, entry.info), _LONGEST_NAME)
    state = f" {row.state.value}" if row.state else ""
    return f"{name}   \u00b7   {row.protocol.value.upper()} {ends}{state}"
