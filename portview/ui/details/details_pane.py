"""The pane below the table: what is known about the chosen row, in tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from portview.domain.owners.identity import what_of
from portview.domain.owners.owners import describe_owner
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import endpoint_text
from portview.i18n import _
from portview.override import override
from portview.ui.style.icons import set_button_icon
from portview.ui.style.theme import muted_text
from portview.ui.style.tokens import SPACE_M, SPACE_S, SPACE_XS, TYPE_SUBTITLE
from portview.ui.widgets.elided_label import ElidedLabel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from portview.ui.details.action_bar import ActionBar
    from portview.ui.details.details_page import DetailsPage, Subject

_LONGEST_NAME = 60
_TITLE_SHARE = 0.4


class DetailsPane(QFrame):
    """Tabs about one subject. Pages are asked for anything only while the pane is open.

    They are made when there is a first subject: most of what a window costs to open is widgets.
    """

    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subject: Subject | None = None
        self._bar: ActionBar | None = None
        self._makers: list[Callable[[], DetailsPage]] = []
        self._pages: list[DetailsPage] = []
        self.setAccessibleName(_("Details"))
        self.tabs = QTabBar()
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(_("Details tabs"))
        self._title = ElidedLabel()
        font = QFont(self._title.font())
        font.setPointSizeF(font.pointSizeF() * TYPE_SUBTITLE)
        font.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(font)
        self._subtitle = ElidedLabel()
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setToolTip(_("Close the details (F4)"))
        self._close.setAccessibleName(_("Close the details"))
        self._close.clicked.connect(self.close_requested)
        self._header = QHBoxLayout()
        self._header.setContentsMargins(SPACE_M - 2, SPACE_XS + 2, SPACE_S, SPACE_XS)
        self._header.setSpacing(SPACE_S)
        self._header.addWidget(self._title)
        self._header.addWidget(self._subtitle, 1)
        self._header.addWidget(self._close)
        top = QHBoxLayout()
        top.setContentsMargins(6, 0, 4, 0)
        top.addWidget(self.tabs)
        top.addStretch(1)
        self._notice = QLabel(_("Select a socket to see who holds it."))
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        self._notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._header)
        layout.addLayout(top)
        layout.addLayout(self._stack, 1)
        # Only now: a stack shows its first widget at once, which without a parent is a window.
        self._stack.addWidget(self._notice)
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self._colour()

    @property
    def heading(self) -> str:
        """Return what the pane says it is about."""
        return f"{self._title.text()}   \u00b7   {self._subtitle.text()}"

    def set_action_bar(self, bar: ActionBar) -> None:
        """Show what can be done about the subject beside its name."""
        self._bar = bar
        self._header.insertWidget(self._header.count() - 1, bar)

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
        """Report the pages what they are about now. A closed pane only remembers it."""
        self._subject = subject
        if not self.isVisible() or subject is None:
            return
        title, subtitle = _heading_of(subject)
        self._title.setText(title)
        self._keep_title()
        self._subtitle.setText(subtitle)
        if self._bar is not None:
            self._bar.show_subject(subject)
        for page in self.pages:
            page.note(subject)
        self._show_front()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_title()

    def _keep_title(self) -> None:
        """Give the name its share of the header: what the actions leave would cut it too soon."""
        wanted = self._title.sizeHint().width()
        self._title.setMinimumWidth(min(wanted, round(self.width() * _TITLE_SHARE)))

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
            palette = QPalette(self.palette())
            palette.setColor(QPalette.ColorRole.WindowText, muted_text(palette))
            self._subtitle.setPalette(palette)


def _heading_of(subject: Subject) -> tuple[str, str]:
    """Return the name of what serves a socket, and which socket it is."""
    row, info = subject.entry.row, subject.entry.info
    ends = endpoint_text(row.key.local)
    if row.key.remote is not None:
        ends += f" \u2194 {endpoint_text(row.key.remote)}"
    process = inert(describe_owner(row, info), _LONGEST_NAME)
    what = what_of(row, info)
    state = f" {row.state.value}" if row.state else ""
    place = f"{row.protocol.value.upper()} {ends}{state}"
    parts = [process] if what else []
    parts.append(place)
    if not subject.is_open:
        parts.append(_("closed"))
    elif not subject.is_shown:
        parts.append(_("not in this view"))
    return what or process, "   \u00b7   ".join(parts)
