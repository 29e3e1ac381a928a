"""The Test window: every way to test a port as a tab of one window."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from portview.i18n import N_, _
from portview.override import override
from portview.ui.style.tokens import SPACE_S
from portview.ui.widgets.tool_window import ToolWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.settings import Settings
    from portview.ui.probing.row_targets import RowTargets
    from portview.ui.probing.tool_page import ToolPage

_SIZE = (840, 560)


class TestTab(StrEnum):
    """The tabs, from the left; the values stand in the settings."""

    __test__ = False  # for pytest, which takes every class called Test... for one of its own

    CONNECTION = "connection"
    PROBE = "probe"
    SCAN = "scan"
    PICK = "pick"


_TITLES = {
    TestTab.CONNECTION: (N_("Connection"), N_("Who can reach the chosen socket, step by step")),
    TestTab.PROBE: (N_("Probe"), N_("Ask one port by TCP, UDP, HTTP or TLS, or try to bind it")),
    TestTab.SCAN: (N_("Scan"), N_("Find the open ports of a host")),
    TestTab.PICK: (N_("Free port"), N_("Ports that can be taken now")),
}


class TestWorkspace(ToolWindow):
    """Shows one tab at a time and makes its page when it is first wanted.

    ``make`` returns the page of a tab; HTTP and certificates are loaded with theirs alone.
    """

    __test__ = False  # likewise

    def __init__(
        self, settings: Settings, make: Callable[[TestTab], ToolPage], parent: QWidget
    ) -> None:
        super().__init__("test", _("Test"), _SIZE, settings, parent)
        self._make = make
        self._pages: dict[TestTab, ToolPage] = {}
        self._targets: RowTargets | None = None
        self._filled: dict[TestTab, object] = {}
        self._rooms: dict[TestTab, QVBoxLayout] = {}
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(_("Ways to test"))
        for tab, (title, tip) in _TITLES.items():
            place = QWidget()
            room = QVBoxLayout(place)
            room.setContentsMargins(0, SPACE_S, 0, 0)
            number = self.tabs.addTab(place, _(title))
            self.tabs.setTabToolTip(number, _(tip))
            self._rooms[tab] = room
        layout = QVBoxLayout(self)
        layout.addWidget(self.tabs)
        kept = self.saved_text("tab", TestTab.CONNECTION)
        self.tabs.setCurrentIndex(_index(TestTab(kept)) if kept in list(TestTab) else 0)
        self.tabs.currentChanged.connect(self._on_tab_changed)

    @property
    def tab(self) -> TestTab:
        """Return the tab that is shown."""
        return list(TestTab)[self.tabs.currentIndex()]

    def page(self, tab: TestTab) -> ToolPage:
        """Return the page of a tab; it is made when it is first wanted."""
        if tab not in self._pages:
            page = self._make(tab)
            page.shown_wanted.connect(lambda: self.show_tab(tab))
            page.closed_wanted.connect(self.close)
            page.notified.connect(self.notified)
            self._pages[tab] = page
            self._rooms[tab].addWidget(page)
            page.show()  # a layout would show it a turn later, and not be able to focus it now
        return self._pages[tab]

    def choose_row(self, targets: RowTargets | None) -> None:
        """Say which row is chosen in the table; a tab is filled from it when it is next shown."""
        self._targets = targets

    def show_tab(self, tab: TestTab) -> None:
        """Show a tab as it is, in front."""
        self.page(tab)
        self._filled[tab] = self._subject()
        self.tabs.setCurrentIndex(_index(tab))
        self.bring_up()

    def open(self, tab: TestTab | None = None) -> None:
        """Show a tab, or the one shown last, filled from the chosen row."""
        tab = tab or self.tab
        self.page(tab)
        self.tabs.setCurrentIndex(_index(tab))
        self._fill(tab)
        self.bring_up()

    @override
    def bring_up(self) -> None:
        self._begin()
        super().bring_up()

    @override
    def stop(self) -> bool:
        return bool([page for page in self._pages.values() if page.stop()])

    @override
    def remember(self) -> None:
        super().remember()
        self.save("tab", self.tab)
        for page in self._pages.values():
            page.remember()

    @Slot(int)
    def _on_tab_changed(self, _number: int) -> None:
        self.page(self.tab)
        self._fill(self.tab)
        self._begin()

    def _begin(self) -> None:
        """Let Enter and the keyboard begin at what the shown page begins with."""
        shown = self.page(self.tab)
        for page in self._pages.values():
            if page.default_button is not None:
                page.default_button.setDefault(False)
        if shown.default_button is not None:
            shown.default_button.setDefault(True)
        self.starts_at = shown.starts_at
        self.setWindowTitle(
            _("Test: {tab}").format(tab=self.tabs.tabText(self.tabs.currentIndex()))
        )

    def _fill(self, tab: TestTab) -> None:
        """Fill a page once from each chosen row, so that what was typed since stays."""
        subject = self._subject()
        if self._targets is not None and self._filled.get(tab) != subject:
            self._filled[tab] = subject
            self.page(tab).fill(self._targets)

    def _subject(self) -> object:
        return None if self._targets is None else self._targets.entry.row.key


def _index(tab: TestTab) -> int:
    return list(TestTab).index(tab)
